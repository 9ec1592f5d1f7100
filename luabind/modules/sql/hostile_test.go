package sql_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// message is one of PostgreSQL's protocol.
func message(kind byte, body string) []byte {
	n := len(body) + 4
	return append([]byte{kind, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// packet is one of MySQL's.
func packet(number byte, body string) []byte {
	n := len(body)
	return append([]byte{byte(n), byte(n >> 8), byte(n >> 16), number}, body...)
}

// The servers violate the protocol of their database, or send nothing. A call times out
// or fails, and its message has the reason and no secret.
func TestServersThatMisbehave(t *testing.T) {
	const accepted, ready = "R\x00\x00\x00\x08\x00\x00\x00\x00", "Z\x00\x00\x00\x05I"
	say := func(parts ...[]byte) func(net.Conn) {
		return func(conn net.Conn) {
			_, _ = conn.Write(bytes.Join(parts, nil))
			_, _ = io.Copy(io.Discard, conn)
		}
	}
	// answer answers the startup and then a statement.
	answer := func(parts ...[]byte) func(net.Conn) {
		return func(conn net.Conn) {
			buffer := make([]byte, 4096)
			_, _ = conn.Read(buffer)
			_, _ = io.WriteString(conn, accepted+ready)
			if n, err := conn.Read(buffer); err == nil && n > 0 {
				_, _ = conn.Write(bytes.Join(parts, nil))
			}
			_, _ = io.Copy(io.Discard, conn)
		}
	}
	endless := func(first string, piece []byte) func(net.Conn) {
		return func(conn net.Conn) {
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, first)
			for {
				if _, err := conn.Write(bytes.Repeat(piece, 100)); err != nil {
					return
				}
			}
		}
	}
	reset := func(conn net.Conn) {
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
	hangUp := func(conn net.Conn) { conn.Close() }
	greeting := packet(0, "\x0a5.5.5\x00\x01\x00\x00\x0012345678\x00\xff\xf7\x21\x02\x00\xff\x81\x15"+strings.Repeat("\x00", 10)+"123456789012\x00mysql_native_password\x00")
	for _, c := range []struct {
		name, scheme string
		serve        func(net.Conn)
	}{
		{"silence", "postgres", say()},
		{"silence", "mysql", say()},
		{"hanging up", "postgres", hangUp},
		{"hanging up", "mysql", hangUp},
		{"a reset", "postgres", reset},
		{"a reset", "mysql", reset},
		{"garbage", "postgres", say([]byte("220 \x1b[2J\x07 mail.example ESMTP\r\n"))},
		{"garbage", "mysql", say([]byte("220 \x1b[2J\x07 mail.example ESMTP\r\n"))},
		{"half a message", "postgres", say(message('R', "\x00\x00\x00\x00")[:7])},
		{"half a message", "mysql", say(greeting[:20])},
		{"a message of a gigabyte", "postgres", say([]byte{'R', 0x3f, 0xff, 0xff, 0xff})},
		{"a message of a negative length", "postgres", say([]byte{'R', 0xff, 0xff, 0xff, 0xff})},
		{"a row of a gigabyte", "postgres", answer([]byte("1\x00\x00\x00\x042\x00\x00\x00\x04"), message('T', "\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x19\xff\xff\xff\xff\xff\xff\x00\x00"), []byte{'D', 0x3f, 0xff, 0xff, 0xff})},
		{"a row with more columns than were said", "postgres", answer([]byte("1\x00\x00\x00\x042\x00\x00\x00\x04"), message('T', "\x00\x01a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x19\xff\xff\xff\xff\xff\xff\x00\x00"), message('D', "\x00\x03\x00\x00\x00\x01x"))},
		{"a statement that is not answered", "postgres", answer()},
		{"an unknown message", "postgres", answer(message('!', "x"))},
		{"an authentication that does not exist", "postgres", say(message('R', "\x00\x00\x00\x63"))},
		{"notices without end", "postgres", endless("", message('N', "SNOTICE\x00C00000\x00Mhello\x00\x00"))},
		{"settings without end", "postgres", endless(accepted, message('S', "a\x00b\x00"))},
		{"an error of nothing", "postgres", say(message('E', "\x00"))},
		{"a greeting of another version", "mysql", say(packet(0, "\x09old\x00"))},
		{"an empty greeting", "mysql", say(packet(0, ""))},
		{"a greeting that is cut off", "mysql", say(packet(0, "\x0a5\x00\x01"))},
		{"a packet of the wrong number", "mysql", say(packet(7, "\x0a5.5.5\x00"))},
		{"an error", "mysql", say(packet(0, "\xff\x15\x04#28000no \x1b[2J"))},
		{"an error that is cut off", "mysql", say(packet(0, "\xff"))},
		{"no answer to the login", "mysql", say(greeting)},
		{"an empty answer to the login", "mysql", say(greeting, packet(2, ""))},
		{"a request for a file", "mysql", say(greeting, packet(2, "\xfb/etc/passwd"))},
		{"another way of logging in", "mysql", say(greeting, packet(2, "\xfemysql_clear_password\x00"))},
		{"a way of logging in that does not exist", "mysql", say(greeting, packet(2, "\xfenonsense\x00"))},
		{"logging in without end", "mysql", endless(string(greeting), packet(2, "\xfemysql_native_password\x0012345678901234567890\x00"))},
	} {
		for _, tls := range []string{"disable", "require"} {
			t.Run(c.scheme+", "+c.name+", tls="+tls, func(t *testing.T) {
				heard := make(chan string, 100)
				address := luatest.Listen(t, func(conn net.Conn) {
					defer conn.Close()
					all := &listening{Conn: conn}
					serve := c.serve
					if tcp, ok := conn.(*net.TCPConn); ok && (c.name == "a reset") {
						_ = tcp.SetLinger(0)
						return
					}
					serve(all)
					heard <- all.heard.String()
				})
				luatest.Run(t, fmt.Sprintf(`
local spectrum, sql = require "spectrum", require "spectrum.sql"
local db = assert(sql.open("%s://me:s3cret@%s/db?tls=%s", { timeout = 0.1 }))
local began = os.time()
for _, call in ipairs { "query", "exec" } do
  local r, why = db[call](db, "SELECT 1 AS one")
  assert(r == nil, r)
  assert(#why < 500 and not why:find("%%c") and not why:find("s3cret", 1, true), why)
end
local r, why = db:transaction(print, { timeout = 0.1 })
assert(r == nil and not why:find("%%c"), why)
db:close()
assert(os.time() - began < 20)`, c.scheme, address, tls))
				for {
					select {
					case got := <-heard:
						if strings.Contains(got, "s3cret") {
							t.Errorf("the server has the password: %q", got)
						}
						continue
					default:
					}
					break
				}
			})
		}
	}
}

// listening is a connection that stores the bytes that it has read.
type listening struct {
	net.Conn
	heard bytes.Buffer
}

func (l *listening) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.heard.Len() < 1<<16 {
		l.heard.Write(p[:n])
	}
	return n, err
}
