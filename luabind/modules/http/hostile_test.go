package http_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// packed is a text compressed.
func packed(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The parts of these responses contradict each other. A response that is complete is
// accepted; any other is an error. A stream and a body have the same result.
func TestContradictoryResponsesAreCompleteOrAnError(t *testing.T) {
	zip := packed(t, "hello")
	bomb := packed(t, packed(t, strings.Repeat("\x00", 10<<20)))
	deep := packed(t, strings.Repeat("\x00", 10<<20))
	for _, c := range []struct {
		name, answer string
		body, err    string // one of them
	}{
		{"a length that is too long", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "", "ended too early"},
		{"a length that is too short", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabcdef", "abc", ""},
		{"no length", "HTTP/1.1 200 OK\r\n\r\nabc", "abc", ""},
		{"a negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nabc", "", "Content-Length"},
		{"a length beyond all numbers", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nabc", "", "Content-Length"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "", "Content-Length"},
		{"a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "hello", ""},
		{"an unknown encoding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: nonsense\r\n\r\nabc", "", "ransfer"},
		{"chunks that are cut off", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", "", "ended too early"},
		{"chunks without their end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "", "ended too early"},
		{"a chunk of a negative length", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n", "", "chunk"},
		{"a chunk longer than all memory", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello", "", "chunk"},
		{"trailers without end", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("X: y\r\n", 100000), "", " "},
		{"a status that is no number", "HTTP/1.1 abc OK\r\n\r\n", "", "malformed HTTP"},
		{"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", "", "malformed HTTP"},
		{"HTTP/0.9", "<html>hello</html>", "", "malformed HTTP"},
		{"HTTP/3", "HTTP/3.0 200 OK\r\nContent-Length: 0\r\n\r\n", "", ""},
		{"a header without a name", "HTTP/1.1 200 OK\r\n: x\r\nContent-Length: 0\r\n\r\n", "", "malformed"},
		{"a header with a NUL", "HTTP/1.1 200 OK\r\nX: a\x00b\r\nContent-Length: 0\r\n\r\n", "", "malformed"},
		{"a header that goes on", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok", "ok", ""},
		{"many headers", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", 60000) + "\r\n", "", "exceeded"},
		{"gzip that is cut off", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zip)-5, zip[:len(zip)-5]), "", "ended too early"},
		{"gzip that is none", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\nabcdefghijklmnopqrst", "", "gzip"},
		{"gzip whose sum is wrong", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(zip), zip[:len(zip)-8]+"12345678"), "", "gzip"},
		{"a bomb", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(deep), deep), "", "the body has more than 100000 bytes (max_size)"},
		{"a bomb in a bomb", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(bomb), bomb), packed(t, strings.Repeat("\x00", 10<<20)), ""},
		{"an upgrade without a request for it", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nabc", "", "another protocol"},
		{"a body of an answer that has none", "HTTP/1.1 204 No Content\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc", "", ""},
		{"a redirect without a location", "HTTP/1.1 302 Found\r\nContent-Length: 2\r\n\r\nok", "ok", ""},
		{"a redirect with an empty location", "HTTP/1.1 302 Found\r\nLocation:\r\nContent-Length: 2\r\n\r\nok", "ok", ""},
		{"a reset in the middle", "", "", " "},
	} {
		t.Run(c.name, func(t *testing.T) {
			url := raw(t, func(conn net.Conn) {
				tcp := conn.(*net.TCPConn)
				defer tcp.Close()
				if c.answer == "" {
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
					_ = tcp.SetLinger(0)
					return
				}
				_, _ = io.WriteString(conn, c.answer)
				_ = tcp.CloseWrite() // closing with unread data would reset the connection
				_, _ = io.Copy(io.Discard, conn)
			})
			run(t, url, fmt.Sprintf(`
local want, wrong = %s, %q
local function look(body, err)
  if wrong ~= "" then
    assert(body == nil, body)
    has(err, err:find("closed by the peer in the middle") and wrong == "ended too early" and "in the middle" or wrong)
    assert(#err < 400 and not err:find("%%c"), err)
  else
    assert(body == want, tostring(body) .. tostring(err))
  end
end
local r, err = http.get(url .. "/s3cret", { timeout = 5, max_size = 100000 })
look(r and r.body, err)
if wrong:find("max_size") then return end -- a stream has no such bound
local s
s, err = http.get(url, { timeout = 5, stream = true })
if s then
  s:set_timeout(5)
  r, err = s:read_all()
  s:close()
end
look(s and r, err)`, luaString(c.body), c.err))
		})
	}
}

// luaString writes any bytes as a string of Lua's.
func luaString(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "\\%03d", s[i])
	}
	return `"` + b.String() + `"`
}

// A server that requests the client's certificate redirects to another server. The
// certificate is not sent there.
func TestCertificatesStayWithTheirServer(t *testing.T) {
	shown := make(chan int, 2)
	start := func(handler http.HandlerFunc) *httptest.Server {
		s := httptest.NewUnstartedServer(handler)
		s.Config.ErrorLog = discard
		s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	other := start(func(_ http.ResponseWriter, r *http.Request) { shown <- len(r.TLS.PeerCertificates) })
	first := start(func(w http.ResponseWriter, r *http.Request) {
		shown <- len(r.TLS.PeerCertificates)
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	cert := filepath.Join(t.TempDir(), "cert.pem")
	own := first.TLS.Certificates[0]
	if err := os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, first.URL, fmt.Sprintf(`
assert(http.get(url, { ca = %q, cert = %q, key = %q, server_name = "example.com" }))`, certificateFile(t, first), cert, keyFile(t, own)))
	if a, b := <-shown, <-shown; a != 1 || b != 0 {
		t.Errorf("the first server sees %d certificates, the other %d", a, b)
	}
}
