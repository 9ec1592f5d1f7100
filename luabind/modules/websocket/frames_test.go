package websocket_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Frames as servers write them; first is the first byte.
func frame(first byte, payload string) []byte {
	head := []byte{first, byte(len(payload))}
	switch {
	case len(payload) > 0xffff:
		head = binary.BigEndian.AppendUint64([]byte{first, 127}, uint64(len(payload)))
	case len(payload) > 125:
		head = binary.BigEndian.AppendUint16([]byte{first, 126}, uint16(len(payload)))
	}
	return append(head, payload...)
}

const (
	more = 0x00 // a continuation that is not the last; each last frame has 0x80 more
	text = 0x01
	bin  = 0x02
	fin  = 0x80
	bye  = fin | 8
	ping = fin | 9
	pong = fin | 10
)

func closing(code int, reason string) []byte {
	return frame(bye, string(binary.BigEndian.AppendUint16(nil, uint16(code)))+reason)
}

// clientFrames are what a client has sent, up to its end: pongs' payloads, and
// the code of its close frame (0: none, 1005: without a code).
func clientFrames(conn net.Conn) (pongs []string, code int) {
	r := bufio.NewReader(conn)
	for {
		var head [6]byte // and the key of its mask
		if _, err := io.ReadFull(r, head[:]); err != nil || head[1]&0x7f > 125 {
			return pongs, code
		}
		payload := make([]byte, head[1]&0x7f)
		if _, err := io.ReadFull(r, payload); err != nil {
			return pongs, code
		}
		for i := range payload {
			payload[i] ^= head[2+i%4]
		}
		switch head[0] {
		case pong:
			pongs = append(pongs, string(payload))
		case bye:
			if code = 1005; len(payload) >= 2 {
				code = int(binary.BigEndian.Uint16(payload))
			}
			return pongs, code
		}
	}
}

// The cases follow the classes of the Autobahn suite. Each has the frames that a server
// sends, and the result for the script.
func TestScriptsReceiveFramesAsTheRFCDefines(t *testing.T) {
	const good = "κόσμε 😀"
	long := strings.Repeat("x", 125)
	type sent = [][]byte
	cases := []struct {
		name     string
		frames   sent
		messages string // joined by |
		pongs    string // joined by |
		code     int    // the close code that the server receives
	}{
		// Framing.
		{"an empty text", sent{frame(fin|text, "")}, "", "", 1000},
		{"texts of all lengths", sent{frame(fin|text, "a"), frame(fin|text, long), frame(fin|text, long+"y"), frame(fin|bin, strings.Repeat("z", 0x10000))},
			"a|" + long + "|" + long + "y|" + strings.Repeat("z", 0x10000), "", 1000},
		{"a length with its highest bit", sent{{fin | bin, 127, 0x80, 0, 0, 0, 0, 0, 0, 1}}, "", "", 1002},
		{"a masked text", sent{frame(fin|text, "a"), {fin | text, 0x81, 1, 2, 3, 4, 5}}, "a", "", 1002},
		{"a masked text of no bytes", sent{{fin | text, 0x80, 1, 2, 3, 4}}, "", "", 1002},
		{"a masked ping", sent{{ping, 0x80, 1, 2, 3, 4}}, "", "", 1002},
		// Pings.
		{"a ping", sent{frame(ping, "p")}, "", "p", 1000},
		{"a ping of 125 bytes", sent{frame(ping, long)}, "", long, 1000},
		{"pings", sent{frame(ping, ""), frame(ping, "a"), frame(ping, "\x00\xff")}, "", "|a|\x00\xff", 1000},
		{"a ping of 126 bytes", sent{frame(ping, long+"x")}, "", "", 1002},
		{"a pong without a ping", sent{frame(pong, "x"), frame(fin|text, "a")}, "a", "", 1000},
		// Reserved bits and opcodes.
		{"the first reserved bit", sent{frame(fin|0x40|text, "a")}, "", "", 1002},
		{"the second reserved bit", sent{frame(fin|text, "a"), frame(fin|0x20|bin, "a")}, "a", "", 1002},
		{"the third reserved bit of a ping", sent{frame(0x10|ping, "a")}, "", "", 1002},
		{"the first reserved bit of a close frame", sent{frame(0x40|bye, "")}, "", "", 1002},
		{"opcode 3", sent{frame(fin|3, "")}, "", "", 1002},
		{"opcode 7", sent{frame(fin|text, "a"), frame(fin|7, "b")}, "a", "", 1002},
		{"opcode 11", sent{frame(fin|11, "")}, "", "", 1002},
		{"opcode 15 within a message", sent{frame(text, "a"), frame(fin|15, "")}, "", "", 1002},
		// Fragments.
		{"two fragments", sent{frame(text, "a"), frame(fin, "b")}, "ab", "", 1000},
		{"empty fragments", sent{frame(text, ""), frame(more, ""), frame(more, "x"), frame(fin, "")}, "x", "", 1000},
		{"many fragments", append(append(sent{frame(bin, "")}, times(frame(more, "ab"), 500)...), frame(fin, "c")), strings.Repeat("ab", 500) + "c", "", 1000},
		{"a ping between fragments", sent{frame(text, "a"), frame(ping, "p"), frame(more, "b"), frame(pong, ""), frame(fin, "c")}, "abc", "p", 1000},
		{"a ping in fragments", sent{frame(ping&^fin, "a"), frame(fin, "b")}, "", "", 1002},
		{"a pong in fragments", sent{frame(pong&^fin, "a")}, "", "", 1002},
		{"a close frame in fragments", sent{frame(bye&^fin, "")}, "", "", 1002},
		{"a continuation of nothing", sent{frame(fin, "a")}, "", "", 1002},
		{"a continuation of a whole message", sent{frame(fin|text, "a"), frame(fin, "b")}, "a", "", 1002},
		{"a continuation of nothing that goes on", sent{frame(more, "a")}, "", "", 1002},
		{"a message within a message", sent{frame(text, "a"), frame(fin|text, "b")}, "", "", 1002},
		{"a message of bytes within a text", sent{frame(text, "a"), frame(bin, "b")}, "", "", 1002},
		// UTF-8.
		{"characters of all lengths", sent{frame(fin|text, good)}, good, "", 1000},
		{"a text that is not UTF-8", sent{frame(fin|text, "a\xff")}, "", "", 1007},
		{"a fragment that is not UTF-8", sent{frame(text, good), frame(more, "\xed\xa0\x80"), frame(fin, "")}, "", "", 1007},
		{"a fragment that is not UTF-8, and nothing more", sent{frame(text, "\xf4\x90\x80\x80")}, "", "", 1007},
		{"characters in several fragments", sent{frame(text, good[:1]), frame(more, good[1:12]), frame(ping, "\xff"), frame(fin, good[12:])}, good, "\xff", 1000},
		{"a character that does not end", sent{frame(fin|text, good[:1])}, "", "", 1007},
		{"a character that does not end in fragments", sent{frame(text, good), frame(fin, good[:1])}, "", "", 1007},
		{"a character that the next fragment does not end", sent{frame(text, good[:1]), frame(fin, "a")}, "", "", 1007},
		{"an empty last fragment behind half a character", sent{frame(text, good[:1]), frame(fin, "")}, "", "", 1007},
		{"a character in more bytes than it needs", sent{frame(fin|text, "\xc0\x80")}, "", "", 1007},
		{"a surrogate", sent{frame(fin|text, "\xed\xbf\xbf")}, "", "", 1007},
		{"what Unicode does not assign", sent{frame(fin|text, "\xef\xbf\xbe\xf4\x8f\xbf\xbf")}, "\xef\xbf\xbe\xf4\x8f\xbf\xbf", "", 1000},
		{"bytes that are not UTF-8", sent{frame(fin|bin, "\xff\xc0"), frame(bin, "\xff"), frame(fin, "\xe2")}, "\xff\xc0|\xff\xe2", "", 1000},
		{"a text behind bytes", sent{frame(fin|bin, "\xff"), frame(fin|text, "\xff")}, "\xff", "", 1007},
		// The end.
		{"a close frame without a code", sent{frame(bye, ""), frame(fin|text, "late")}, "", "", 1005},
		{"a close frame", sent{frame(fin|text, "a"), closing(1000, "bye"), frame(ping, "late")}, "a", "", 1000},
		{"a close frame of 125 bytes", sent{closing(1000, long[2:])}, "", "", 1000},
		{"a close frame of 126 bytes", sent{closing(1000, long[1:])}, "", "", 1002},
		{"a close frame of one byte", sent{frame(bye, "\x03")}, "", "", 1002},
		{"a reason that is not UTF-8", sent{closing(1000, "a\xff")}, "", "", 1007},
		{"a reason that ends within a character", sent{closing(1000, good[:1])}, "", "", 1007},
		{"a close frame within a message", sent{frame(text, "a"), closing(1001, "")}, "", "", 1001},
		{"nonsense behind a close frame", sent{closing(3000, ""), {0xff, 0xff, 0xff}}, "", "", 3000},
	}
	for _, code := range []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999} {
		cases = append(cases, cases[0])
		c := &cases[len(cases)-1]
		c.name, c.frames, c.code = fmt.Sprintf("the code %d", code), sent{closing(code, "")}, code
	}
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
		cases = append(cases, cases[0])
		c := &cases[len(cases)-1]
		c.name, c.frames, c.code = fmt.Sprintf("the code %d", code), sent{closing(code, "")}, 1002
	}
	for _, c := range cases {
		for _, piece := range []int{1 << 20, 1} {
			if piece == 1 && len(bytes.Join(c.frames, nil)) > 1000 {
				continue
			}
			t.Run(fmt.Sprintf("%s, %d bytes at once", c.name, piece), func(t *testing.T) {
				type heard struct {
					pongs string
					code  int
				}
				told := make(chan heard, 1)
				url := raw(t, func(conn net.Conn, r *http.Request) {
					accept(conn, r)
					if tcp, ok := conn.(*net.TCPConn); ok {
						_ = tcp.SetNoDelay(true)
					}
					all := bytes.Join(append(c.frames, frame(fin|text, "end")), nil)
					for len(all) > 0 {
						n, err := conn.Write(all[:min(piece, len(all))])
						if err != nil {
							break
						}
						all = all[n:]
					}
					pongs, code := clientFrames(conn)
					told <- heard{strings.Join(pongs, "|"), code}
				})
				run(t, url, fmt.Sprintf(`
local ws = assert(websocket.connect(url, { ping_interval = 0 }))
local got = {}
while true do
  local data, why, code = ws:receive(5)
  if data == "end" then
    ws:close(1000)
    break
  elseif not data then
    assert(code == %d, tostring(why) .. " " .. tostring(code))
    assert(why:find("closed by the peer", 1, true) or why:find("the server breaks the protocol: ", 1, true), why)
    break
  end
  got[#got + 1] = data
end
got = table.concat(got, "|")
assert(got == %s, got)`, c.code, quote(c.messages)))
				got := <-told
				if got.code != c.code || got.pongs != c.pongs {
					t.Errorf("the server receives close code %d and pongs %q, want %d and %q", got.code, got.pongs, c.code, c.pongs)
				}
			})
		}
	}
}

func times(f []byte, n int) (all [][]byte) {
	for range n {
		all = append(all, f)
	}
	return all
}

// quote writes any bytes as a string of Lua's.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		fmt.Fprintf(&b, "\\%03d", s[i])
	}
	return b.String() + `"`
}
