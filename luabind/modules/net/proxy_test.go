package net_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// names are what the proxies of these tests know instead of a name server.
type names map[string]string

func (n names) dial(target string) (net.Conn, error) {
	if address := n[target]; address != "" {
		target = address
	}
	return net.Dial("tcp", target)
}

// socksProxy speaks SOCKS5 (RFC 1928), with a user and password (RFC 1929) if
// want, "user:password", is not empty.
func socksProxy(n names, want string) func(net.Conn) {
	return func(conn net.Conn) {
		defer conn.Close()
		r := bufio.NewReader(conn)
		field := func() []byte { // a length and as many bytes
			length, _ := r.ReadByte()
			b := make([]byte, length)
			io.ReadFull(r, b)
			return b
		}
		r.ReadByte() // the version
		field()      // the methods
		if want == "" {
			conn.Write([]byte{5, 0})
		} else {
			conn.Write([]byte{5, 2})
			r.ReadByte()
			if got := string(field()) + ":" + string(field()); got != want {
				conn.Write([]byte{1, 1})
				return
			}
			conn.Write([]byte{1, 0})
		}
		head := make([]byte, 4)
		io.ReadFull(r, head)
		if head[3] != 3 { // the script's names go to the proxy as they are
			conn.Write([]byte{5, 8, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		host := field()
		port := make([]byte, 2)
		io.ReadFull(r, port)
		out, err := n.dial(fmt.Sprintf("%s:%d", host, binary.BigEndian.Uint16(port)))
		if err != nil {
			conn.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0}) // refused
			return
		}
		conn.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 80})
		pipe(conn, out)
	}
}

// connectProxy is an HTTP proxy that knows CONNECT; want is the value of
// Proxy-Authorization.
func connectProxy(n names, want string) func(net.Conn) {
	return func(conn net.Conn) {
		defer conn.Close()
		request, err := http.ReadRequest(bufio.NewReader(conn))
		switch {
		case err != nil || request.Method != http.MethodConnect:
			io.WriteString(conn, "HTTP/1.1 405 Method Not Allowed\r\n\r\n")
		case request.Header.Get("Proxy-Authorization") != want:
			io.WriteString(conn, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 1000000\r\n\r\nwho")
			io.Copy(io.Discard, conn)
		default:
			out, err := n.dial(request.Host)
			if err != nil {
				io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\n\r\n")
				return
			}
			io.WriteString(conn, "HTTP/1.0 200 Connection established\r\nVia: test\r\n\r\n")
			pipe(conn, out)
		}
	}
}

const pingPong = `
assert(conn, err)
assert(conn:write("ping\n") and conn:read_line() == "ping")
conn:close()`

// half closes one side behind a proxy; the peer sends back what came.
const half = `
assert(conn, err)
assert(conn:write("all of it") and conn:close_write())
assert(conn:read_all() == "all of it")`

func TestProxies(t *testing.T) {
	peer := luatest.Listen(t, echo)
	known := names{"peer.example:7000": peer}
	socks := luatest.Listen(t, socksProxy(known, ""))
	socksAuth := luatest.Listen(t, socksProxy(known, "alice:s3cret"))
	connect := luatest.Listen(t, connectProxy(known, ""))
	connectAuth := luatest.Listen(t, connectProxy(known, "Basic YWxpY2U6czNjcmV0"))
	both := func(conn net.Conn) { // the peer's first bytes come with the answer
		http.ReadRequest(bufio.NewReader(conn))
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\nhello\n")
		echo(conn)
	}
	endless := func(conn net.Conn) {
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
		for {
			if _, err := io.WriteString(conn, "X-More: "+strings.Repeat("x", 1000)+"\r\n"); err != nil {
				return
			}
		}
	}
	cases := []struct{ name, url, check string }{
		{"SOCKS5", "socks5://" + socks, pingPong},
		{"SOCKS5, half-closed", "socks5://" + socks, half},
		{"CONNECT, half-closed", "http://" + connect, half},
		{"SOCKS5 by its other name", "socks5h://" + socks, pingPong},
		{"SOCKS5 with a password", "socks5://alice:s3cret@" + socksAuth, pingPong},
		{"SOCKS5 with a wrong password", "socks5://alice:wrong@" + socksAuth, fails("proxy " + socksAuth + ": ")},
		{"SOCKS5 without the password", "socks5://" + socksAuth, fails("proxy " + socksAuth + ": ")},
		{"CONNECT", "http://" + connect, pingPong},
		{"CONNECT with a password", "http://alice:s3cret@" + connectAuth, pingPong},
		{"CONNECT without the password", "http://" + connectAuth, fails("proxy " + connectAuth + ": it answers 407 Proxy Authentication Required")},
		{"first bytes with the answer", "http://" + luatest.Listen(t, both), `assert(conn:read_line() == "hello")` + pingPong},
		{"an answer without end", "http://" + luatest.Listen(t, endless), fails("proxy ")},
		{"refusing", "socks5://127.0.0.1:1", fails("proxy 127.0.0.1:1: connection refused")},
		{"refusing, HTTP", "http://127.0.0.1:1", fails("proxy 127.0.0.1:1: connection refused")},
		{"hanging up", "http://" + luatest.Listen(t, func(c net.Conn) { c.Close() }), fails("proxy ")},
		{"garbage", "http://" + luatest.Listen(t, say("\x00\x1b[2J what\r\n\r\n")), fails("proxy ")},
		{"garbage, SOCKS5", "socks5://" + luatest.Listen(t, say("HTTP/1.0 400 Bad Request\r\n\r\n")), fails("proxy ")},
		{"no URL", "socks5://alice:s3cret@ho st:1", fails("proxy: not a valid URL")},
		{"no port", "socks5://alice:s3cret@host", fails("proxy: host and port expected")},
		{"unknown", "ftp://alice:s3cret@host:1", fails("proxy: URL that starts with socks5:// or http:// expected")},
		{"unknown target", "socks5://" + socks, fails("proxy " + socks + ": ")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			target := "peer.example:7000"
			if c.name == "unknown target" {
				target = "127.0.0.1:1"
			}
			luatest.Run(t, connectScript(target, fmt.Sprintf("proxy = %q", c.url), c.check+`
assert(not tostring(err):find("s3cret", 1, true) and not tostring(err):find("\27", 1, true), err)`))
		})
	}
}

func TestAProxyThatStalls(t *testing.T) {
	address := luatest.Listen(t, stall)
	for _, scheme := range []string{"http", "socks5"} {
		t.Run(scheme, func(t *testing.T) {
			luatest.Run(t, fmt.Sprintf(`
local net = require "spectrum.net"
local conn, err = net.connect("peer.example:7000", { proxy = %q, timeout = 0.02 })
assert(conn == nil and err == "cannot connect to peer.example:7000: timeout (the proxy %s)", err)`, scheme+"://"+address, address))
		})
	}
}

// TestTLSThroughAProxy verifies the peer, not the proxy.
func TestTLSThroughAProxy(t *testing.T) {
	peer := luatest.Listen(t, echo)
	proxy := luatest.Listen(t, connectProxy(names{"chat.example:6697": peer}, ""))
	luatest.Run(t, connectScript("chat.example:6697", fmt.Sprintf("tls = true, proxy = %q", "http://"+proxy),
		fails("cannot connect to chat.example:6697: TLS: ")))
}

func TestProxyFromTheConfigFile(t *testing.T) {
	peer := luatest.Listen(t, echo)
	proxy := luatest.Listen(t, socksProxy(names{"peer.example:7000": peer}, "alice:s3cret"))
	host, port, _ := net.SplitHostPort(proxy)
	section := []string{"[proxy]", "type=socks5", "server=" + host, "port=" + port, "user=alice", "password=s3cret"}
	cases := []struct {
		name, target, options, check string
		config                       []string
	}{
		{"used", "peer.example:7000", "", pingPong, section},
		{"requested", "peer.example:7000", "proxy = true", pingPong, section},
		{"not used", "peer..invalid:7000", "proxy = false", fails("there is no host peer..invalid"), section}, // an invalid name needs no query
		{"not for this machine", peer, "", pingPong, section},
		{"for this machine if an option names it", "127.0.0.1:1", fmt.Sprintf("proxy = %q", "socks5://alice:s3cret@"+proxy), fails("proxy "), section},
		{"without a port", "peer.example:7000", "", fails("test.cfg:7: [proxy] needs a port from 1 to 65535 with the server, not \"\""), section[:3]},
		{"of an unknown type", "peer.example:7000", "", fails(`test.cfg:6: [proxy] type is "socks4": http or socks5 expected`), []string{"[proxy]", "type=socks4", "server=h", "port=1"}},
		{"none", peer, "proxy = true", pingPong, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, connectScript(c.target, c.options, c.check), c.config...)
		})
	}
}
