package net_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// silentNames makes a name server that never answers the one that is asked.
func silentNames(t *testing.T) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var asking []net.Conn
	over := false
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return nil, net.ErrClosed
		}
		conn, err := (&net.Dialer{Resolver: &net.Resolver{}}).DialContext(ctx, "udp", server.LocalAddr().String())
		if err == nil {
			asking = append(asking, conn)
		}
		return conn, err
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		server.Close()
		mu.Lock()
		defer mu.Unlock()
		over = true
		for _, conn := range asking { // Go's resolver would wait on, without anybody who wants to know
			conn.Close()
		}
	})
}

// waits are the calls that wait, each with what it needs before; the address is
// of a peer that does nothing.
func waits(t *testing.T) map[string]string {
	silentNames(t)
	backlog := fullBacklog(t)
	peer := luatest.Listen(t, stall)
	connect := fmt.Sprintf("local conn = assert(net.connect(%q)); ", peer)
	return map[string]string{
		"connect":          fmt.Sprintf("return function() return net.connect(%q) end", backlog),
		"connect, by name": `return function() return net.connect("peer.example:7000") end`,
		"connect, in TLS":  fmt.Sprintf("return function() return net.connect(%q, { tls = true }) end", peer),
		"connect, HTTP":    fmt.Sprintf(`return function() return net.connect("peer.example:7000", { proxy = "http://%s" }) end`, peer),
		"connect, SOCKS":   fmt.Sprintf(`return function() return net.connect("peer.example:7000", { proxy = "socks5://%s" }) end`, peer),
		"read_line":        connect + "return function() return conn:read_line() end",
		"read":             connect + "return function() return conn:read(10) end",
		"read_some":        connect + "return function() return conn:read_some() end",
		"read_until":       connect + "return function() return conn:read_until('x') end",
		"write":            connect + "return function() return conn:write(('x'):rep(8388608)) end",
		"write, in turn":   connect + "spectrum.spawn(conn.write, conn, ('x'):rep(8388608)); return function() return conn:write('y') end",
		"starttls":         connect + "return function() return conn:starttls() end",
		"accept":           `local listener = assert(net.listen("127.0.0.1:0")); return function() return listener:accept() end`,
		"receive":          `local socket = assert(net.udp()); return function() return socket:receive() end`,
		"resolve":          `return function() return net.resolve("peer.example") end`,
		"srv":              `return function() return net.srv("xmpp-client", "tcp", "peer.example") end`,
		"listen, by name":  `return function() return net.listen("peer.example:0") end`,
		"send_to, by name": `local socket = assert(net.udp()); return function() return socket:send_to("peer.example:1", "x") end`,
	}
}

func TestEveryWaitIsCancelled(t *testing.T) {
	for name, prepare := range waits(t) {
		t.Run(name, func(t *testing.T) {
			luatest.Run(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local prepare = function() `+prepare+` end
local wait = prepare()
local function begin(name)
  local begun = spectrum.channel(1)
  local task = spectrum.spawn(name, function() begun:send(true); return wait() end)
  begun:receive()
  spectrum.sleep(0.005)
  return task
end
local task = begin("waiting")
task:cancel()
local ok, err = task:join(5)
assert(ok == nil and err:find("the task was cancelled", 1, true), tostring(ok) .. ": " .. tostring(err))

wait = prepare() -- some of what was prepared is closed with its user
local old = begin("again")
local new = spectrum.spawn("again", function() return "new" end)
ok, err = old:join(5)
assert(ok == nil and err:find("replaced by another task with the same name", 1, true), tostring(ok) .. ": " .. tostring(err))
assert(select(2, new:join(5)) == "new")`)
		})
	}
}

// TestLogoutEndsEveryWait lets the handler of a message wait, then its user log
// out: what the session has opened can be used by on.logout, and not later.
func TestLogoutEndsEveryWait(t *testing.T) {
	for name, prepare := range waits(t) {
		t.Run(name, func(t *testing.T) {
			st := luatest.Start(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local prepare = function() `+prepare+` end
local on = {}
function on.login(session)
  session.data.wait = prepare()
end
function on.conv_message(session)
  session:conv_message { buddy_name = "b", message = "waiting" }
  session.data.wait()
  session:conv_message { buddy_name = "b", message = "not cancelled" }
end
function on.logout(session)
  spectrum.send("query", { config = "gone" })
end
return on`, "logout_grace=0.005")
			st.Login("alice@localhost")
			st.Say("alice@localhost", "b", "wait")
			st.ExpectSaid("waiting")
			st.Logout("alice@localhost")
			st.ExpectQuery("gone")
		})
	}
}

// TestNothingIsLeftOpen counts descriptors after connections were cancelled in
// the instant in which they are made.
func TestNothingIsLeftOpen(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // the system makes the connections; nobody accepts them
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	before, goroutines := luatest.OpenFiles(t), goleak.IgnoreCurrent()
	st := luatest.New(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local on = {}
function on.conv_message(session)
  for i = 1, 20 do
    session:spawn(function() net.connect("`+ln.Addr().String()+`") end)
  end
  local listener = assert(net.listen("127.0.0.1:0"))
  session:spawn(function() while true do listener:accept() end end)
  for i = 1, 20 do
    session:spawn(function() net.connect(listener.address) end)
  end
  session:conv_message { buddy_name = "b", message = "begun" }
end
return on`)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		user := fmt.Sprintf("user%d@localhost", i)
		st.Login(user)
		st.Say(user, "b", "begin")
		st.ExpectSaid("begun")
		st.Logout(user)
	}
	st.Close()
	goleak.VerifyNone(t, goroutines) // those that close have ended
	if after := luatest.OpenFiles(t); after > before {
		t.Errorf("%d descriptors are open, and %d were before", after, before)
	}
}

func TestNoDescriptorsLeft(t *testing.T) {
	st := luatest.Start(t, `
local spectrum, net, time = require "spectrum", require "spectrum.net", require "spectrum.time"
local listener = assert(net.listen("127.0.0.1:0"))
spectrum.send("query", { config = listener.address })
local on = {}
function on.conv_message(session, m)
  local began = time.monotonic()
  local conn, err = listener:accept()
  if err and time.monotonic() - began < 0.05 then
    err = err .. ", and a loop would spin"
  end
  session:conv_message { buddy_name = "b", message = conn and "accepted" or err }
  if conn then conn:close() end
end
return on`)
	st.Login("alice@localhost")
	conn, err := net.Dial("tcp", st.Query())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	giveBack := takeDescriptors(t)
	st.Say("alice@localhost", "b", "accept")
	st.ExpectSaid("too many open files")
	st.Say("alice@localhost", "b", "accept")
	st.ExpectSaid("too many open files")
	giveBack()
	st.Say("alice@localhost", "b", "accept")
	st.ExpectSaid("accepted")
}

// takeDescriptors leaves the process none, until giveBack.
func takeDescriptors(t *testing.T) (giveBack func()) {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	few := before
	few.Cur = 200
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	var taken []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		taken = append(taken, f)
	}
	giveBack = sync.OnceFunc(func() {
		for _, f := range taken {
			f.Close()
		}
		syscall.Setrlimit(syscall.RLIMIT_NOFILE, &before)
	})
	t.Cleanup(giveBack)
	return giveBack
}
