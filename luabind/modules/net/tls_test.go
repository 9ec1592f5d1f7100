package net_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// connectScript connects with the options of a case, and lets it look.
func connectScript(address, options, check string) string {
	return fmt.Sprintf(`
local spectrum, net = require "spectrum", require "spectrum.net"
local conn, err = net.connect(%q, { timeout = 5, %s })
%s`, address, options, check)
}

func fails(text string) string {
	return fmt.Sprintf("assert(conn == nil and err:find(%q, 1, true), tostring(err))", text)
}

func TestCertificates(t *testing.T) {
	ca, other := newAuthority(t), newAuthority(t)
	good, _ := ca.issue("chat.example", nil)
	expired, _ := ca.issue("chat.example", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	future, _ := ca.issue("chat.example", func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	})
	wrongName, _ := ca.issue("mail.example", func(c *x509.Certificate) { c.IPAddresses = nil })
	const works = `
assert(conn, err)
assert(conn:write("ping\n") and conn:read_line() == "ping")`
	withCA := fmt.Sprintf("tls = true, ca = %q", ca.file)
	cases := []struct {
		name, options, check string
		cert                 tls.Certificate
	}{
		{"good", withCA, works + `
assert(conn.tls.version == "TLS 1.3" and conn.tls.verified and conn.tls.cipher ~= "" and conn.tls.alpn == "")
local chain = conn.tls.chain
assert(#chain == 2 and chain[1].subject == "CN=chat.example" and chain[2].subject == "CN=Test Authority")
assert(chain[1].issuer == chain[2].subject and chain[1].names[1] == "chat.example" and chain[1].names[2] == "127.0.0.1")
assert(#chain[1].fingerprint == 64 and #chain[1].der > 100)
assert(chain[1].not_before < os.time() and chain[1].not_after > os.time())`, good},
		{"good, by its name", withCA + `, server_name = "chat.example"`, works + `
assert(conn.tls.server_name == "chat.example")`, good},
		{"the authority as a text", `tls = true, ca = io.open("` + ca.file + `"):read("*a")`, works, good},
		{"unknown authority", "tls = true", fails("TLS: the certificate comes from an unknown authority; name its CA with the option ca"), good},
		{"another authority", fmt.Sprintf("tls = true, ca = %q", other.file), fails("unknown authority"), good},
		{"expired", withCA, fails("the certificate has expired or is not yet valid"), expired},
		{"not yet valid", withCA, fails("the certificate has expired or is not yet valid"), future},
		{"wrong name", withCA + `, server_name = "chat.example"`, fails("the certificate is for another name (tls: failed to verify certificate: x509: certificate is valid for mail.example, not chat.example)"), wrongName},
		{"wrong address", withCA, fails("the certificate is for another name"), wrongName},
		{"anything, if asked for", "tls = true, insecure = true", works + `
assert(not conn.tls.verified and #conn.tls.chain == 1)`, expired},
		{"a file that is not there", `tls = true, ca = "nowhere.pem"`, fails("TLS: ca: open "), good},
		{"a file with something else", `tls = true, ca = "script.lua"`, fails("ca: it contains no certificate"), good},
		{"a key without a certificate", `tls = true, key = "script.lua"`, fails("key is given without cert"), good},
		{"a certificate that is none", `tls = true, cert = "script.lua"`, fails("cert and key: "), good},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			address := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{c.cert}}, echo)
			luatest.Run(t, connectScript(address, c.options, c.check))
		})
	}
}

func TestClientCertificateAndALPN(t *testing.T) {
	ca := newAuthority(t)
	cert, _ := ca.issue("chat.example", nil)
	_, own := ca.issue("alice", nil)
	address := listenTLS(t, &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientCAs: ca.pool(), ClientAuth: tls.RequireAndVerifyClientCert,
		NextProtos: []string{"irc", "http/1.1"},
	}, func(conn net.Conn) {
		state := conn.(*tls.Conn).ConnectionState()
		fmt.Fprintf(conn, "%s over %s\n", state.PeerCertificates[0].Subject.CommonName, state.NegotiatedProtocol)
		conn.Close()
	})
	withCA := fmt.Sprintf("tls = true, ca = %q", ca.file)
	t.Run("given", func(t *testing.T) {
		luatest.Run(t, connectScript(address, withCA+fmt.Sprintf(`, cert = %q, alpn = "irc"`, own), `
assert(conn, err)
assert(conn.tls.alpn == "irc")
assert(conn:read_line() == "alice over irc")`))
	})
	t.Run("certificate and key apart, as a text", func(t *testing.T) {
		luatest.Run(t, connectScript(address, withCA+fmt.Sprintf(`, cert = io.open(%q):read("*a"), key = %q, alpn = { "irc" }`, own, own), `
assert(conn, err)
assert(conn:read_line() == "alice over irc")`))
	})
	t.Run("missing", func(t *testing.T) { // TLS 1.3 says so with the first read
		luatest.Run(t, connectScript(address, withCA, `
assert(conn, err)
local line
line, err = conn:read_line()
assert(line == nil and err == "tls: certificate required", err)`))
	})
	t.Run("no protocol in common", func(t *testing.T) {
		luatest.Run(t, connectScript(address, withCA+`, alpn = "xmpp-client"`, fails("no application protocol")))
	})
}

// startTLSServer reads lines, answers what answer says to each, and goes on in
// TLS behind the answer "go".
func startTLSServer(config *tls.Config, answer map[string]string) func(net.Conn) {
	return func(conn net.Conn) {
		lines := bufio.NewReader(conn)
		for {
			line, err := readLine(lines)
			if err != nil {
				conn.Close()
				return
			}
			io.WriteString(conn, answer[line])
			if line == "starttls" {
				break
			}
		}
		if config == nil {
			return
		}
		secure := tls.Server(conn, config)
		echo(secure)
	}
}

func TestStartTLS(t *testing.T) {
	ca := newAuthority(t)
	cert, _ := ca.issue("chat.example", nil)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	const begin = `
assert(conn, err)
assert(conn.tls == nil)
assert(conn:write("starttls\n"))
assert(conn:read_line() == "go")
`
	withCA := fmt.Sprintf(`ca = %q, server_name = "chat.example"`, ca.file)
	cases := []struct {
		name, options, check string
		config               *tls.Config
		answer               string
	}{
		{"with the options of connect", withCA, begin + `
assert(conn:starttls())
assert(conn.tls.verified and conn.tls.server_name == "chat.example")
assert(conn:write("ping\n") and conn:read_line() == "ping")
local ok, err = pcall(conn.starttls, conn)
assert(not ok and err:find("the connection already uses TLS", 1, true), err)`, config, "go\n"},
		{"with its own options", "", begin + `
assert(conn:starttls { ` + withCA + `, timeout = 5 })
assert(conn:write("ping\n") and conn:read_line() == "ping")`, config, "go\n"},
		{"after a read that has timed out", withCA, `
conn:set_timeout(0.01)
assert(select(2, conn:read_line()) == "timeout")
conn:set_timeout(0)` + begin + `
assert(conn:starttls())
assert(conn:write("ping\n") and conn:read_line() == "ping")`, config, "go\n"},
		{"without verifying the host", "", begin + `
local ok, err = conn:starttls()
assert(ok == nil and err:find("TLS: the certificate comes from an unknown authority", 1, true), err)
assert(select(2, conn:write("password")) == "the connection is closed")
assert(select(2, conn:read_line()) == "the connection is closed")`, config, "go\n"},
		{"with bytes that were put before it", withCA, begin + `
local ok, err = conn:starttls()
assert(ok == nil and err == "the peer has sent 14 bytes before TLS began: someone may be tampering with the connection", err)
assert(select(2, conn:write("password")) == "the connection is closed")`, config, "go\n250 injected\r\n"},
		{"with a peer that answers plain text", withCA, begin + `
assert(conn:write("go on\n"))
local ok, err = conn:starttls()
assert(ok == nil and err:find("TLS: the peer does not speak TLS here", 1, true), err)
assert(select(2, conn:read_line()) == "the connection is closed")`, nil, "go\n"},
		{"with a peer that stalls", withCA, begin + `
local ok, err = conn:starttls { ` + withCA + `, timeout = 0.02 }
assert(ok == nil and err == "TLS: timeout", err)
assert(select(2, conn:read_line()) == "the connection is closed")`, nil, "go\n"},
		{"while another task reads", withCA, begin + `
local reader = spectrum.spawn(function() return conn:read_line() end)
spectrum.sleep(0)
local ok, err = pcall(conn.starttls, conn)
assert(not ok and err:find("another task reads from or writes to this connection", 1, true), err)
conn:close()
reader:join()
assert(select(2, conn:starttls()) == "the connection is closed")`, config, "go\n"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			serve := startTLSServer(c.config, map[string]string{"starttls": c.answer})
			if c.name == "with a peer that answers plain text" {
				serve = func(conn net.Conn) {
					lines := bufio.NewReader(conn)
					readLine(lines)
					io.WriteString(conn, "go\n")
					readLine(lines) // the rest is the client's hello
					io.WriteString(conn, "250 what do you mean?\r\n")
					io.Copy(io.Discard, conn)
				}
			}
			luatest.Run(t, connectScript(luatest.Listen(t, serve), c.options, c.check))
		})
	}
}

func TestStartTLSOnAnAcceptedConnection(t *testing.T) {
	luatest.Run(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local listener = assert(net.listen("127.0.0.1:0"))
local client = spectrum.spawn(function() return net.connect(listener.address) end)
local conn = assert(listener:accept(5))
local ok, err = conn:starttls()
assert(ok == nil and err == "TLS: the name to verify is missing: set server_name", err)
client:join()
`)
}

// TestStartTLSIsCancelled lets a task be cancelled in the handshake: the
// connection is of no use to anybody then.
func TestStartTLSIsCancelled(t *testing.T) {
	address := luatest.Listen(t, stall)
	luatest.Run(t, connectScript(address, `insecure = true`, `
local task = spectrum.spawn(function() return conn:starttls() end)
spectrum.sleep(0.01)
assert(not pcall(conn.write, conn, "x"))
task:cancel()
assert(select(2, task:join()):find("the task was cancelled", 1, true))
assert(select(2, conn:write("x")) == "the connection is closed")`))
}

func TestEndOfTLS(t *testing.T) {
	ca := newAuthority(t)
	cert, _ := ca.issue("chat.example", nil)
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	told := make(chan string, 1)
	cases := []struct {
		name, check string
		serve       func(net.Conn)
	}{
		{"with a goodbye", `
assert(conn:read_line() == "one" and conn:read_line() == "tw")
assert(select(2, conn:read_line()) == "closed by the peer")`, func(conn net.Conn) {
			io.WriteString(conn, "one\ntw")
			conn.Close()
		}},
		{"within a record, so that something is missing", `
assert(conn:read_line() == "one")
local line, err = conn:read_line()
assert(line == nil and err == "closed by the peer in the middle: its last bytes may be missing", err)
assert(conn:read_some() == "tw")`, func(conn net.Conn) {
			io.WriteString(conn, "one\ntw")
			raw := conn.(*tls.Conn).NetConn().(*net.TCPConn)
			raw.Write([]byte{23, 3, 3, 0, 100, 1, 2, 3})
			raw.CloseWrite()
			io.Copy(io.Discard, raw)
		}},
		{"on the peer's side alone", `
assert(conn:read_line() == "one")
assert(select(2, conn:read_line()) == "closed by the peer")
assert(conn:write("still here\n"))
conn:close()`, func(conn net.Conn) {
			io.WriteString(conn, "one\n")
			conn.(*tls.Conn).CloseWrite()
			line, _ := readLine(bufio.NewReader(conn))
			told <- line
		}},
		{"on this side alone", `
assert(conn:write("all of it"))
assert(conn:close_write())
assert(conn:read_line() == "all of it")
assert(select(2, conn:write("more")) == "the connection is closed for writing")`, func(conn net.Conn) {
			all, _ := io.ReadAll(conn)
			conn.Write(append(all, '\n'))
		}},
	}
	for _, c := range cases {
		address := listenTLS(t, config, c.serve) // until all of it was read
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, connectScript(address, fmt.Sprintf("tls = true, ca = %q", ca.file), "assert(conn, err)"+c.check))
		})
	}
	if line := <-told; line != "still here" {
		t.Errorf("the peer received %q", line)
	}
}

// halting is a connection that, once halted, writes half of what it is given
// and the rest when resumed is closed.
type halting struct {
	net.Conn
	halted  bool
	resumed chan struct{}
}

func (h *halting) Write(p []byte) (int, error) {
	if !h.halted {
		return h.Conn.Write(p)
	}
	h.halted = false
	n, err := h.Conn.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	<-h.resumed
	rest, err := h.Conn.Write(p[n:])
	return n + rest, err
}

// TestATimeoutWithinARecord lets a read time out when half of a record of TLS
// has come: nothing is lost.
func TestATimeoutWithinARecord(t *testing.T) {
	ca := newAuthority(t)
	cert, _ := ca.issue("chat.example", nil)
	address := luatest.Listen(t, func(conn net.Conn) {
		raw := &halting{Conn: conn, resumed: make(chan struct{})}
		secure := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{cert}})
		lines := bufio.NewReader(secure)
		readLine(lines)
		raw.halted = true
		var reading sync.WaitGroup
		reading.Go(func() {
			readLine(lines)
			close(raw.resumed)
		})
		io.WriteString(secure, "one\n")
		reading.Wait()
		conn.Close()
	})
	luatest.Run(t, connectScript(address, fmt.Sprintf("tls = true, ca = %q", ca.file), `
assert(conn, err)
conn:write("begin\n")
conn:set_timeout(0.02)
assert(select(2, conn:read_line()) == "timeout")
conn:write("go on\n")
conn:set_timeout(5)
assert(conn:read_line() == "one")`))
}
