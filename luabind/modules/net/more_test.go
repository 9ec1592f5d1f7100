package net_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	spectrumnet "spectrumlua/luabind/modules/net"
)

func TestUnixSockets(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false) // as if its process had been killed
	left.Close()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	both := func(path string) string {
		return fmt.Sprintf(`
local listener = assert(net.listen("unix:%s"))
assert(listener.address == "unix:%s")
local client = assert(net.connect(listener.address))
local server = assert(listener:accept(5))
assert(client.peer == listener.address and client.tls == nil)
assert(client:write("hello\n") and server:read_line() == "hello")
client:close_write()
assert(select(2, server:read_line()) == "closed by the peer")
`, path, path)
	}
	cases := []struct{ name, script string }{
		{"both ends", both(filepath.Join(dir, "s:1"))},
		{"one that a killed process has left", both(stale)},
		{"one in use", both(filepath.Join(dir, "used")) + `
local second, err = net.listen(listener.address)
assert(second == nil and err == "cannot listen on " .. listener.address .. ": address already in use", err)
assert(net.connect(listener.address))`},
		{"a file that is none", `
local listener, err = net.listen("unix:` + file + `")
assert(listener == nil and err:find("address already in use", 1, true), err)
assert(io.open("` + file + `"))
local conn
conn, err = net.connect("unix:` + file + `")
assert(conn == nil and err:find("connection refused", 1, true), err)`},
		{"TLS wants a name", `
local conn, err = net.connect("unix:` + listenUnix(t) + `", { tls = true })
assert(conn == nil and err:find("TLS: the name to verify is missing: set server_name", 1, true), err)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `local spectrum, net = require "spectrum", require "spectrum.net"`+c.script)
		})
	}
}

func listenUnix(t *testing.T) (path string) {
	path = filepath.Join(t.TempDir(), "socket")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	luatest.ServeOn(t, ln, echo)
	return path
}

func TestAddresses(t *testing.T) {
	cases := []struct{ name, script string }{
		{"a port alone is this machine's", `
for _, address in ipairs { "0", ":0", "127.0.0.1:0", "localhost:0" } do
  local listener = assert(net.listen(address))
  assert(listener.address:find("^127%.0%.0%.1:%d+$"), listener.address)
  listener:close()
end`},
		{"everybody is let in by name", `
local listener = assert(net.listen("0.0.0.0:0")) -- of both IP versions, where there are two
assert(listener.address:find("^0%.0%.0%.0:%d+$") or listener.address:find("^%[::%]:%d+$"), listener.address)`},
		{"a port in use", `
local listener = assert(net.listen("0"))
local second, err = net.listen(listener.address)
assert(second == nil and err == "cannot listen on " .. listener.address .. ": address already in use", err)`},
		{"an address that is not ours", `
local listener, err = net.listen("192.0.2.1:0")
assert(listener == nil and err:find("cannot assign requested address", 1, true), err)`},
		{"a port that is none", `
local listener, err = net.listen("127.0.0.1:99999")
assert(listener == nil and err:find("invalid port", 1, true), err)
local conn
conn, err = net.connect("127.0.0.1:99999")
assert(conn == nil and err:find("invalid port", 1, true), err)`},
		{"a listener's timeout and its end", `
local listener = assert(net.listen("0"))
local conn, err = listener:accept(0)
assert(conn == nil and err == "timeout", err)
local client = assert(net.connect(listener.address))
assert(listener:accept(5))
local task = spectrum.spawn(function() return listener:accept() end)
spectrum.sleep(0)
local ok
ok, err = pcall(listener.accept, listener)
assert(not ok and err:find("another task accepts from this listener", 1, true), err)
listener:close()
ok, conn, err = task:join()
assert(ok and conn == nil and err == "the listener is closed", err)
assert(select(2, listener:accept()) == "the listener is closed")`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `local spectrum, net = require "spectrum", require "spectrum.net"`+c.script)
		})
	}
}

func TestIPv6(t *testing.T) {
	ln, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	luatest.ServeOn(t, ln, echo)
	luatest.Run(t, connectScript(ln.Addr().String(), "", `
assert(conn, err)
assert(conn.peer == "`+ln.Addr().String()+`" and conn.local_address:find("^%[::1%]:"))`+pingPong+`
local a, b = assert(net.udp("[::1]:0")), assert(net.udp())
assert(b:send_to(a.address, "six"))
local data, from = a:receive(5)
assert(data == "six" and from:find("^%[::1%]:"), from)
assert(net.resolve("::1")[1] == "::1")
local four = assert(net.udp("127.0.0.1:0"))
ok, err = four:send_to(a.address, "x")
assert(ok == nil and err:find("bound to an address of the other IP version", 1, true), err)`))
}

func TestUDP(t *testing.T) {
	luatest.Run(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local a, b = assert(net.udp("127.0.0.1:0")), assert(net.udp())
assert(b:send_to(a.address, "one") and b:send_to(a.address, "") and b:send_to(a.address, ("x"):rep(60000)))
local data, from = a:receive(5)
assert(data == "one" and from:find("^127%.0%.0%.1:"), from)
assert(a:receive() == "" and #a:receive() == 60000)
assert(a:send_to(from, "back"))
assert(b:receive(5) == "back")
local got, err = a:receive(0)
assert(got == nil and err == "timeout", err)
got, err = a:receive(0.01)
assert(got == nil and err == "timeout", err)
assert(b:send_to(a.address, "there"))
spectrum.sleep(0.01)
assert(a:receive(0) == "there")

local ok
ok, err = b:send_to(a.address, ("x"):rep(70000))
assert(ok == nil and err:find("message too long", 1, true), err)
ok, err = b:send_to("nowhere..invalid:1", "x")
assert(ok == nil and err == "cannot send to nowhere..invalid:1: there is no host nowhere..invalid", err)

local small = assert(net.udp("127.0.0.1:0", { max = 4 }))
b:send_to(small.address, "12345")
b:send_to(small.address, "1234")
got, err = small:receive(5)
assert(got == nil and err == "received a datagram of more than 4 bytes (max)", err)
assert(small:receive(5) == "1234")

local task = spectrum.spawn(function() return a:receive() end)
spectrum.sleep(0)
ok, err = pcall(a.receive, a)
assert(not ok and err:find("another task receives from this socket", 1, true), err)
a:close()
assert(select(3, task:join()) == "the socket is closed")
assert(select(2, a:receive()) == "the socket is closed" and select(2, a:send_to(b.address, "x")) == "the socket is closed")`)
}

func TestNames(t *testing.T) {
	silentNames(t)
	luatest.Run(t, `
local net = require "spectrum.net"
assert(net.resolve("127.0.0.1")[1] == "127.0.0.1" and net.resolve("localhost")[1])
local list, err = net.resolve("peer.example", { timeout = 0.02 })
assert(list == nil and err == "timeout", err)
list, err = net.srv("xmpp-client", "tcp", "peer.example", { timeout = 0.02 })
assert(list == nil and err == "timeout", err)
local conn
conn, err = net.connect("peer.example:1", { timeout = 0.02 })
assert(conn == nil and err == "cannot connect to peer.example:1: timeout", err)`)
}

// answeringNames makes a name server that knows some.
func answeringNames(t *testing.T) {
	t.Helper()
	srv := func(priority, port uint16, target string) dnsmessage.ResourceBody {
		return &dnsmessage.SRVResource{Priority: priority, Weight: 1, Port: port, Target: dnsmessage.MustNewName(target)}
	}
	known := map[string][]dnsmessage.ResourceBody{
		"1 peer.example.":                    {&dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}, &dnsmessage.AResource{A: [4]byte{192, 0, 2, 2}}},
		"28 peer.example.":                   {&dnsmessage.AAAAResource{AAAA: [16]byte{0x20, 1, 0xd, 0xb8, 15: 1}}},
		"33 _xmpp-client._tcp.two.example.":  {srv(20, 5223, "late.example."), srv(10, 5222, "early.example.")},
		"33 _xmpp-client._tcp.none.example.": {srv(0, 0, ".")},
	}
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			bodies, ok := known[fmt.Sprint(uint16(q.Type), " ", q.Name)]
			m.Response, m.Authoritative, m.Additionals = true, true, nil
			if !ok {
				m.RCode = dnsmessage.RCodeNameError
			}
			for _, body := range bodies {
				header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1}
				m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: body})
			}
			if answer, err := m.Pack(); err == nil {
				server.WriteTo(answer, from)
			}
		}
	})
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Resolver: &net.Resolver{}}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		server.Close()
		running.Wait()
	})
}

func TestNamesThatAreKnown(t *testing.T) {
	answeringNames(t)
	luatest.Run(t, `
local net = require "spectrum.net"
local list = assert(net.resolve("peer.example."))
table.sort(list)
assert(table.concat(list, " ") == "192.0.2.1 192.0.2.2 2001:db8::1", table.concat(list, " "))
list = assert(net.srv("xmpp-client", "tcp", "two.example."))
assert(#list == 2 and list[1].target == "early.example" and list[1].port == 5222 and list[1].priority == 10 and list[1].weight == 1)
assert(list[2].target == "late.example" and list[2].port == 5223)
local err
list, err = net.srv("xmpp-client", "tcp", "none.example.")
assert(list == nil and err == "none.example. does not offer xmpp-client", err)
list, err = net.srv("xmpp-server", "tcp", "two.example.")
assert(list == nil and err:find("there is no host _xmpp-server._tcp.two.example", 1, true), err)
list, err = net.resolve("nowhere.example.")
assert(list == nil and err:find("there is no host nowhere.example", 1, true), err)`)
}

// TestOwners opens things for others than who asks.
func TestOwners(t *testing.T) {
	address := luatest.Listen(t, echo)
	st := luatest.Start(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local on = {}
function on.login(session)
  if session.user ~= "alice@localhost" then return end
  spectrum.data.shared = assert(net.connect("`+address+`", { owner = spectrum }))
  spectrum.data.own = assert(net.connect("`+address+`"))
end
function on.conv_message(session, m)
  spectrum.data.given = assert(net.connect("`+address+`", { owner = spectrum.session("alice@localhost") }))
  session:conv_message { buddy_name = "b", message = "given" }
end
function on.logout(session)
  if session.user ~= "alice@localhost" then return end
  assert(spectrum.data.own:write("QUIT\n") and spectrum.data.own:read_line() == "QUIT")
  local own = spectrum.data.own
  spectrum.spawn(function()
    local line, err = own:read_line()
    spectrum.send("query", { config = tostring(err) })
    local given
    given, err = spectrum.data.given:read_line()
    spectrum.send("query", { config = tostring(err) })
    assert(spectrum.data.shared:write("still here\n"))
    spectrum.send("query", { config = spectrum.data.shared:read_line() })
  end)
end
return on`)
	st.Login("alice@localhost")
	st.Login("bob@localhost")
	st.Say("bob@localhost", "b", "connect")
	st.ExpectSaid("given")
	st.Logout("alice@localhost")
	st.ExpectQuery("the connection is closed")
	st.ExpectQuery("the connection is closed")
	st.ExpectQuery("still here")
}

// TestMisuse calls everything with what it does not take: an error at the
// script's line each time.
func TestMisuse(t *testing.T) {
	address := luatest.Listen(t, say("line\n"))
	luatest.Run(t, connectScript(address, "", `
assert(conn, err)
local listener, socket = assert(net.listen("0")), assert(net.udp())
local wrong = { nil, false, 0, -1, 0.5, 0/0, 1/0, -1/0, 2^53, 1e300, "", "x", "\0", {}, { 1 }, { x = 1 }, print, coroutine.create(print), conn, listener }
local functions = {
  connect = net.connect, listen = net.listen, udp = net.udp, resolve = net.resolve, srv = net.srv,
}
for _, object in ipairs { conn, listener, socket } do
  for _, name in ipairs { "read_line", "read", "read_some", "read_until", "set_timeout", "starttls", "write", "accept", "send_to", "receive" } do
    local has, method = pcall(function() return object[name] end)
    if has and not (object == conn and (name == "starttls" or name == "write")) then functions[name] = method end
  end
end
local calls = 0
for name, fn in pairs(functions) do
  for i = 1, 20 do
    local value = wrong[i]
    for _, arguments in ipairs { { value }, { conn, value }, { listener, value }, { socket, value }, { socket, "127.0.0.1:9", value }, { "127.0.0.1:0", value }, { "x", "tcp", value, value } } do
      local task = spectrum.spawn(function() return pcall(fn, unpack(arguments, 1, 4)) end)
      local done, ok, err = task:join(0.001)
      task:cancel()
      assert(ok or not tostring(err):find("internal error", 1, true), name .. ": " .. tostring(err))
      calls = calls + 1
    end
  end
end
assert(calls == 20 * 7 * (5 + 8))
for text, fn in pairs {
  ["read_line is a method of a conn: write conn:read_line(…), with a colon"] = function() conn.read_line() end,
  ["number of bytes from 1 to "] = function() conn:read(0) end,
  ["number of bytes from 1 to 67108864"] = function() conn:read(2^40) end,
  ["a delimiter has at least one byte"] = function() conn:read_until("") end,
  ["number of seconds expected"] = function() conn:set_timeout(-1) end,
  ["connect: tls: true or false expected, got string \"yes\""] = function() net.connect("h:1", { tls = "yes" }) end,
  ["connect: proxy: URL or false expected (as in \"socks5://host:1080\"), got number 1"] = function() net.connect("h:1", { proxy = 1 }) end,
  ["connect: alpn: list of strings expected"] = function() net.connect("h:1", { alpn = { {} } }) end,
  ["\":1\" is not an address"] = function() net.connect(":1") end,
  ["\"h:\" is not an address"] = function() net.connect("h:") end,
  ["\"unix:/x\" is not an address"] = function() net.udp("unix:/x") end,
  ["starttls has no option \"servername\"; did you mean \"server_name\"?"] = function() conn:starttls { servername = "x" } end,
  ["a conn has no \"readline\"; did you mean \"read_line\"?"] = function() conn:readline() end,
  ["a conn has no field \"x\" to set"] = function() conn.x = 1 end,
} do
  local ok, err = pcall(fn)
  assert(not ok and err:find(text, 1, true), tostring(err))
end`))
}

// TestSandbox tries what leads out of the sandbox.
func TestSandbox(t *testing.T) {
	ca := newAuthority(t)
	cert, _ := ca.issue("chat.example", nil)
	address := listenTLS(t, &tls.Config{Certificates: []tls.Certificate{cert}}, echo)
	st := luatest.New(t, fmt.Sprintf(`
local net = require "spectrum.net"
local conn, err = net.connect("unix:%s")
assert(conn == nil and err == "the sandbox does not let scripts use Unix sockets ([lua] sandbox)", err)
conn, err = net.listen("unix:%s")
assert(conn == nil and err:find("the sandbox does not let scripts use Unix sockets ([lua] sandbox)", 1, true), err)
for _, outside in ipairs { %q, "../ca.pem", "link.pem", "/dev/zero" } do
  conn, err = net.connect(%q, { tls = true, ca = outside })
  assert(conn == nil and err:find("outside of the script's folder", 1, true), err)
end
assert(net.connect(%q, { tls = true, ca = "inside.pem" }))
return {}`, listenUnix(t), filepath.Join(t.TempDir(), "s"), ca.file, address, address), "sandbox=1")
	data, err := os.ReadFile(ca.file)
	if err != nil {
		t.Fatal(err)
	}
	st.Write("inside.pem", string(data))
	if err := os.Symlink(ca.file, filepath.Join(st.Dir, "link.pem")); err != nil {
		t.Fatal(err)
	}
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
}

func TestTLSFilesMustBeRegularFiles(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	luatest.Run(t, fmt.Sprintf(`
local net = require "spectrum.net"
for path, text in pairs { [%q] = "is not a regular file", ["/dev/zero"] = "is not a regular file", ["."] = "is not a regular file", [""] = "refused", ["nowhere"] = "no such file" } do
  local conn, err = net.connect("127.0.0.1:1", { tls = true, ca = path })
  assert(conn == nil, path)
end
local listener = assert(net.listen("0"))
for path, text in pairs { [%q] = "is not a regular file", ["/dev/zero"] = "is not a regular file", ["."] = "is not a regular file", ["nowhere"] = "no such file" } do
  local conn, err = net.connect(listener.address, { tls = true, ca = path })
  assert(conn == nil and err:find(text, 1, true), err)
end`, fifo, fifo))
}

// The test creates the error itself, because the system refuses no port to root.
func TestListeningOnAForbiddenPortSuggestsAHigherOne(t *testing.T) {
	err := spectrumnet.CannotListen("127.0.0.1:80", &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", syscall.EACCES)})
	want := "cannot listen on 127.0.0.1:80: permission denied (a port below 1024 is for root, or for a program with CAP_NET_BIND_SERVICE: take a higher one)"
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}
