package luabind_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// lasting has what the scripts below need: a server that serve plays, which gets the
// number of each connection, and a channel.
const lasting = `
local spectrum, net = require "spectrum", require "spectrum.net"
local listener = assert(net.listen "127.0.0.1:0")
local events = spectrum.channel(1000)
local function serve(fn)
  spectrum.spawn(function()
    local n = 0
    while true do
      local conn = listener:accept()
      n = n + 1
      spectrum.spawn(fn, conn, n)
    end
  end)
end
local function connect() return net.connect(listener.address) end
local function expect(want)
  local got, why = events:receive(9)
  assert(got == want, ("%s, not %s"):format(got or why, want))
end
local function note(what)
  return function(first, second)
    events:send(("%s %s %s"):format(what, tostring(first), type(second) == "string" and second or ""))
  end
end
`

func TestConnection(t *testing.T) {
	cases := []struct {
		name, script string
		logged       []string // words of one log line
	}{
		{"it is lost if another task reads from its object", `
serve(function(conn, n) conn:write(n, "\n"); conn:read_line() end)
local other
local begun = spectrum.channel(1)
spectrum.connection("c", {
  delay = 0.01,
  connect = connect,
  login = function(conn)
    if other then return true end
    other = spectrum.spawn(function() begun:send(true); conn:read_line(); conn:read_line() end)
    return begun:receive()
  end,
  line = function(line) events:send("line " .. line) end,
  lost = note "lost",
})
expect "lost another task reads from this connection "
expect "line 2"`, nil},
		{"while it waits for a line, other tasks cannot read", `
serve(function(conn) conn:read_line(); conn:write "late\n" end)
local conn
spectrum.connection("c", {
  connect = connect,
  online = function(c) conn = c; events:send "online" end,
  line = function(line) events:send(line) end,
})
expect "online"
local ok, why = pcall(conn.read_line, conn)
assert(not ok and why:find("another task reads from this connection", 1, true), why)
conn:write "go\n"
expect "late"`, nil},
		{"it connects, logs in, reads lines, and connects again after a loss", `
serve(function(conn, n)
  assert(conn:read_line() == "LOGIN")
  conn:write(n < 3 and "OK\n" or "NO\n", "line ", n, "\n")
  if n < 3 then conn:read_line() end
  conn:close()
end)
local c
c = spectrum.connection("c", {
  delay = 0.01,
  connect = connect,
  login = function(conn)
    assert(c.state == "login" and c.conn == conn)
    conn:write("LOGIN\n")
    local answer = conn:read_line()
    if answer == "OK" then return true end
    return nil, "refused with " .. answer
  end,
  online = function(conn) assert(c.state == "online" and c.conn == conn); events:send("online") end,
  line = function(line, conn) assert(c.conn == conn); events:send(line); c:send("bye\n") end,
  lost = function(why, seconds, failures)
    assert(c.state == "waiting" and c.conn == nil and seconds > 0 and seconds < 1)
    events:send("lost " .. why .. " " .. failures)
  end,
})
assert(c.state == "connecting" and c.conn == nil and c.name == "c")
for n = 1, 2 do
  expect "online"
  expect("line " .. n)
  expect "lost closed by the peer 1"
end
expect "lost refused with NO 2"
expect "lost refused with NO 3"
c:close()
assert(c.state == "closed" and c.conn == nil)`, nil},
		{"an error in line is logged with the line, and the next line follows", `
serve(function(conn) conn:write("one\npoison \1\nthree\n"); conn:read_line() end)
spectrum.connection("c", { connect = connect, line = function(line)
  if line:find "poison" then error("cannot parse") end
  events:send(line)
end })
expect "one"
expect "three"`, []string{"error in line of the connection c: script.lua:", "cannot parse", `item=poison \x01`}},
		{"a line of 600 kB is skipped", `
serve(function(conn) conn:write("one\n", ("x"):rep(600000), "\nthree\n"); conn:read_line() end)
spectrum.connection("c", { connect = connect, line = function(line) events:send(line) end })
expect "one"
expect "three"`, []string{"warning", "skipped a line of more than 65536 bytes", "item=xxx"}},
		{"a line that runs forever does not end the connection", `
serve(function(conn) conn:write("one\npoison\nthree\n"); conn:read_line() end)
spectrum.connection("c", { connect = connect, line = function(line)
  while line == "poison" do end
  events:send(line)
end })
expect "one"
expect "three"`, []string{"item=poison", "error in line of the connection c: script.lua:", "stopped: it ran for 500ms without waiting"}},
		{"an error in connect, login or online is the reason of another attempt", `
serve(function(conn) conn:read_line() end)
local step = 0
local c = spectrum.connection("c", {
  delay = 0.01,
  connect = function() step = step + 1; if step == 1 then error("in connect", 0) end; return connect() end,
  login = function() if step == 2 then error("in login", 0) end; return true end,
  online = function() if step == 3 then error("in online", 0) end; events:send("online") end,
  line = print, lost = note "lost",
})
for _, where in ipairs { "connect", "login", "online" } do
  assert(events:receive(9):find("lost in " .. where, 1, true))
end
expect "online"`, []string{"error in login of the connection c: in login"}},
		{"a value that is no connection is an error", `
spectrum.connection("c", { connect = function() return 5 end, line = print, lost = note "lost" })
assert(events:receive(9):find("lost connect returned number 5: an object with a method close is expected", 1, true))`, []string{"connection=c"}},
		{"a login that takes too long is given up", `
serve(function(conn) conn:read_line() end)
spectrum.connection("c", { connect = connect, timeout = 0.01, line = print, lost = note "lost", login = function(conn) return conn:read_line() end })
assert(events:receive(9):find("lost the login took longer than 10ms", 1, true))`, nil},
		{"a final error ends it", `
serve(function(conn) conn:read_line() end)
local c = spectrum.connection("c", { connect = connect, line = print, lost = note "lost", failed = note "failed",
  login = function() return nil, "wrong password", "authentication_failed" end })
expect "failed authentication_failed wrong password"
assert(c.state == "closed" and select(2, c:reconnect()) == "the connection c is closed")
assert(select(2, c:send("x")) == "the connection c is closed")`, nil},
		{"network_error is not final, and another word is an error", `
local step = 0
local c
c = spectrum.connection("c", { delay = 0.01, line = print, lost = note "lost", failed = note "failed",
  connect = function() step = step + 1; return nil, "down", step == 1 and "network_error" or "networkerror" end })
assert(events:receive(9):find("lost down", 1, true) and events:receive(9):find("lost down", 1, true))
c:close()`, []string{"the third result of connect or login is no error of disconnected", `value=string "networkerror"`}},
		{"it gives up after tries", `
local c
c = spectrum.connection("c", { delay = 0.01, tries = 2, line = print, failed = note "failed",
  connect = function() events:send("connect"); return nil, "down" end })
for _ = 1, 3 do expect "connect" end
expect "failed network_error down"`, nil},
		{"pauses double up to the longest, and lost may change them", `
local last, c = 0
c = spectrum.connection("c", { delay = 0.01, delay_max = 0.05, line = print,
  connect = function() return nil, "down" end,
  lost = function(_, seconds, failures)
    local full = math.min(0.01 * 2 ^ (failures - 1), 0.05)
    assert(seconds <= full + 1e-9 and seconds >= full * 0.74, seconds)
    if failures == 5 then events:send("done"); return 1000 end
  end })
expect "done"
spectrum.sleep(0)
assert(c.state == "waiting")`, nil},
		{"a failure for which lost returns 0 does not count for pauses and tries", `
local attempts = 0
spectrum.connection("c", { delay = 0.02, delay_max = 1000, tries = 1, line = print,
  connect = function() attempts = attempts + 1; return nil, "down" end,
  lost = function(_, seconds, failures)
    assert(seconds <= 0.02 and failures == attempts)
    if failures < 5 then return 0 end
  end,
  failed = function() events:send(attempts) end })
expect(6)`, nil},
		{"reconnect ends the pause", `
local down = true
serve(function(conn) conn:read_line() end)
local c
c = spectrum.connection("c", { delay = 1000, delay_max = 1000, line = print, lost = note "lost", online = note "online",
  connect = function() if down then return nil, "down" end; return connect() end })
assert(events:receive(9):find "lost down")
spectrum.sleep(0)
down = false
assert(c:reconnect() == true)
assert(events:receive(9):find "online")
assert(c:reconnect("a new token") == true and c.state == "waiting" and c.conn == nil)
assert(events:receive(9):find "lost a new token")`, nil},
		{"send waits for the connection, in order, up to a limit", `
local up = spectrum.channel()
serve(function(conn) local line repeat line = conn:read_line(); events:send(line or "end") until not line end)
local c
c = spectrum.connection("c", { connect = connect, queue = 2, line = print,
  login = function(conn) c:send("login\n"); up:receive(); return true end,
  online = function() c:send("online\n"); spectrum.sleep(0); c:send("ready\n") end })
assert(c:send("one", "\n") == true and c:send("two\n") == true)
assert(select(2, c:send("three\n")) == "the connection c is not online, and 2 calls of send wait for it")
expect "login"
up:send(true)
for _, line in ipairs { "online", "ready", "one", "two" } do expect(line) end
assert(c:send("last\n"))
expect "last"`, nil},
		{"what waits has a limit in bytes", `
local c = spectrum.connection("c", { connect = function() return nil, "down" end, queue = 1000, line = print })
assert(c:send(("x"):rep(1000000)) == true)
assert(select(2, c:send(("x"):rep(100000))) == "the connection c is not online, and 1000000 bytes wait for it")`, nil},
		{"without a queue, send fails", `
local c = spectrum.connection("c", { connect = function() return nil, "down" end, queue = 0, line = print })
assert(select(2, c:send("x")) == "the connection c is not online")`, nil},
		{"a write that fails is the end of the connection", `
serve(function(conn, n) if n == 1 then conn:read_line() else conn:write("second\n"); conn:read_line() end end)
local c
c = spectrum.connection("c", { connect = connect, delay = 0.01, line = note "line", online = function(conn)
  conn:close_write()
  events:send(select(2, c:send("x")))
end, lost = note "lost" })
expect "the connection is closed for writing"
assert(events:receive(9):find("lost the connection is closed for writing", 1, true))`, nil},
		{"read, send and a table as connection", `
local inbox, closed = spectrum.channel(10), false
local object = { close = function() closed = true; inbox:close() end }
local c = spectrum.connection("c", {
  connect = function() return object end,
  read = function(o) assert(o == object); local v, why = inbox:receive(); return v, v and "second" or why end,
  send = function(o, a, b) assert(o == object); inbox:send(a + b); return "sent" end,
  line = function(item, o, second) assert(o == object); events:send(item .. second) end,
})
c:send(1, 2)
expect "3second"
assert(c:send(3, 4) == "sent")
expect "7second"
c:close()
assert(closed)`, nil},
		{"close ends a pause, and leaves nothing", `
local c = spectrum.connection("c", { connect = function() return nil, "down" end, delay = 1000, delay_max = 1000, line = print, lost = note "lost" })
assert(events:receive(9):find "lost down")
spectrum.sleep(0)
c:close()
c:close()
local again = spectrum.connection("c", { connect = function() events:send("again"); return nil, "down" end, line = print })
assert(again ~= c and c.state == "closed")
expect "again"`, nil},
		{"close with a time waits for the other side, and so does the next one of the name", `
local leave = spectrum.channel()
serve(function(conn, n)
  if n > 1 then events:send("second") return conn:read_line() end
  while conn:read_line() do end
  events:send("the server saw the end")
  conn:write("too late\n")
  leave:receive()
  events:send("the server closes")
  conn:close()
end)
local function open() return spectrum.connection("c", { connect = connect, line = note "line", online = function() events:send("online") end, lost = note "lost" }) end
local c = open()
expect "online"
c:close(1000)
assert(c.state == "closing" and select(2, c:send("x")) == "the connection c is closed")
expect "the server saw the end"
local dropped = open()
dropped:close()
local again = open()
assert(again ~= c and again == open() and again.state == "connecting")
spectrum.sleep(0.01)
leave:send(true)
expect "the server closes"
local rest = { events:receive(9), events:receive(9) }
table.sort(rest)
assert(rest[1] == "online" and rest[2] == "second", rest[1])
assert(c.state == "closed" and dropped.state == "closed" and again.state == "online")`, nil},
		{"close with a time does not wait longer", `
serve(function(conn) while conn:read_line() do end; spectrum.sleep(1000) end)
local c = spectrum.connection("c", { connect = connect, line = print, online = function() events:send("online") end })
expect "online"
c:close(0.01)
spectrum.connection("c", { connect = connect, line = print, online = function() events:send("again") end })
expect "again"
assert(c.state == "closed")`, nil},
		{"ping detects a silent server", `
serve(function(conn, n)
  while true do
    local line = conn:read_line()
    if not line then return end
    events:send("server " .. line)
    if n == 2 then conn:write("pong\n") end
  end
end)
local c
c = spectrum.connection("c", { connect = connect, delay = 0.01, ping_after = 0.02, ping_timeout = 0.05,
  ping = function(conn) conn:write("ping\n") end, line = note "line", lost = note "lost" })
expect "server ping"
assert(events:receive(9):find("lost the server does not answer", 1, true))
for _ = 1, 3 do
  expect "server ping"
  assert(events:receive(9):find("line pong", 1, true))
end
c:close()`, nil},
		{"a server is not silent while its line is handled", `
serve(function(conn)
  conn:write("slow\n")
  while true do
    local line = conn:read_line()
    if not line then return end
    conn:write("pong\n")
  end
end)
local pings = spectrum.channel(1000)
local c
c = spectrum.connection("c", { connect = connect, ping_after = 0.02, ping_timeout = 9, lost = note "lost",
  ping = function(conn) pings:send("ping"); conn:write("ping\n") end,
  line = function(line)
    if line == "slow" then line = "slow " .. tostring(pings:receive(0.2)) end
    events:send(line)
  end })
expect "slow nil"
expect "pong"
c:close()`, nil},
		{"misuse raises", `
local function declare(o) return function() spectrum.connection("c", o) end end
for text, fn in pairs {
  ["connect is missing (function expected)"] = declare { line = print },
  ["line is missing (function expected)"] = declare { connect = print },
  ['connect: function expected, got string "x"'] = declare { connect = "x", line = print },
  ['spectrum.connection has no option "conect"; did you mean "connect"?'] = declare { conect = print, line = print },
  ["tries: integer of at least 0 expected"] = declare { connect = print, line = print, tries = -1 },
  ["a name has 1 to 1024 bytes"] = function() spectrum.connection("", { connect = print, line = print }) end,
  ["bad argument #1 to connection"] = function() spectrum.connection({ connect = print, line = print }) end,
  ["close is a method of a connection"] = function() spectrum.connection("d", { connect = print, line = print }).close() end,
  ['a connection has no "sned"; did you mean "send"?'] = function() return spectrum.connection("d", { connect = print, line = print }).sned end,
} do
  local ok, err = pcall(fn)
  assert(not ok and err:find(text, 1, true), tostring(err))
end`, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := luatest.Run(t, lasting+c.script, "handler_timeout = 0.5")
			if c.logged != nil {
				st.ExpectLog(c.logged...)
			}
		})
	}
}

// lineScript is a transport for a network of lines. Each line is answered with the number of
// the script's generation.
func lineScript(generation int, server string) string {
	return fmt.Sprintf(`
local net = require "spectrum.net"
local on = {}
local function say(session, text) session:conv_message { buddy_name = "b", message = text .. " %[1]d" } end
local function open(session)
  session.data.c = session:connection("network", {
    delay = 0.01,
    connect = function() return net.connect %[2]q end,
    login = function(conn) conn:write("LOGIN\n"); return conn:read_line() end,
    online = function() session:connected() end,
    line = function(line)
      say(session, line)
      if line == "wait" then say(session, session.data.c.conn:read_line()) end
    end,
    lost = function(why) say(session, "lost") end,
  })
end
on.login = open
function on.reload(session) if session then open(session); say(session, "reloaded") end end
function on.conv_message(session, m) session.data.c:send(m.message, "\n") end
return on`, generation, server)
}

// lineNetwork accepts connections for a test.
type lineNetwork struct {
	*testing.T
	listener net.Listener
}

func newLineNetwork(t *testing.T) *lineNetwork {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return &lineNetwork{t, ln}
}

func (n *lineNetwork) address() string { return n.listener.Addr().String() }

// accept returns the next connection after its login.
func (n *lineNetwork) accept() *linePeer {
	n.Helper()
	conn, err := n.listener.Accept()
	if err != nil {
		n.Fatal(err)
	}
	n.Cleanup(func() { conn.Close() })
	p := &linePeer{n.T, conn, bufio.NewReader(conn)}
	p.expect("LOGIN")
	p.write("OK\n")
	return p
}

type linePeer struct {
	*testing.T
	conn  net.Conn
	lines *bufio.Reader
}

func (p *linePeer) expect(want string) {
	p.Helper()
	_ = p.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if got, err := p.lines.ReadString('\n'); got != want+"\n" {
		p.Fatalf("the server read %q (%v), not %q", got, err, want)
	}
}

func (p *linePeer) write(text string) {
	p.Helper()
	if _, err := p.conn.Write([]byte(text)); err != nil {
		p.Fatal(err)
	}
}

func TestReloadTakesOverConnectionWithUnreadData(t *testing.T) {
	network := newLineNetwork(t)
	st := luatest.Start(t, lineScript(1, network.address()))
	st.Login(alice)
	peer := network.accept()
	st.Expect("connected", nil)
	peer.write("one\nhalf a li")
	st.ExpectSaid("one 1")
	st.Write("script.lua", lineScript(2, network.address()))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.ExpectSaid("reloaded 2")
	peer.write("ne\nthree\n")
	st.ExpectSaid("half a line 2")
	st.ExpectSaid("three 2")
	st.Say(alice, "b", "same connection")
	peer.expect("same connection")
}

func TestReloadDoesNotInterruptLine(t *testing.T) {
	network := newLineNetwork(t)
	st := luatest.Start(t, lineScript(1, network.address()))
	st.Login(alice)
	peer := network.accept()
	st.Expect("connected", nil)
	peer.write("wait\n")
	st.ExpectSaid("wait 1")
	st.Write("script.lua", lineScript(2, network.address()))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.ExpectSaid("reloaded 2")
	peer.write("for the old function\nfor the new one\n")
	st.ExpectSaid("for the old function 1")
	st.ExpectSaid("for the new one 2")
}

func TestReloadDuringPauseAndLogin(t *testing.T) {
	network := newLineNetwork(t)
	st := luatest.Start(t, lineScript(1, network.address()))
	st.Login(alice)
	conn, err := network.listener.Accept() // in the state login
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	peer := &linePeer{t, conn, bufio.NewReader(conn)}
	peer.expect("LOGIN")
	st.Write("script.lua", lineScript(2, network.address()))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.ExpectSaid("reloaded 2")
	peer.write("OK\nline\n")
	st.Expect("connected", nil)
	st.ExpectSaid("line 2")
	st.Write("script.lua", strings.Replace(lineScript(3, network.address()), "delay = 0.01", "delay = 1000, delay_max = 1000", 1))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.ExpectSaid("reloaded 3")
	conn.Close()
	st.ExpectSaid("lost 3")
	st.Write("script.lua", strings.Replace(lineScript(4, network.address()), `say(session, "reloaded")`, `session.data.c:reconnect()`, 1))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	network.accept().write("again\n")
	st.Expect("connected", nil)
	st.ExpectSaid("again 4")
}

func TestCompositeReadIsNotInterrupted(t *testing.T) {
	network := newLineNetwork(t)
	script := func(generation int) string {
		return strings.Replace(lineScript(generation, network.address()), "delay = 0.01,", `
    read = function(conn)
      local size, why = conn:read_line()
      if not size then return nil, why end
      return conn:read(tonumber(size))
    end,`, 1)
	}
	st := luatest.Start(t, script(1))
	st.Login(alice)
	peer := network.accept()
	st.Expect("connected", nil)
	peer.write("5\nhello5\nhe")
	st.ExpectSaid("hello 1")
	st.Write("script.lua", script(2))
	for range 2 { // so that the old function has read the size by then
		st.Say(alice, "b", "sync")
		peer.expect("sync")
	}
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.ExpectSaid("reloaded 2")
	peer.write("llo5\nagain")
	st.ExpectSaid("hello 2")
	st.ExpectSaid("again 2")
}

func TestConnectionOfSessionFailsForGood(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
function on.login(session, m)
  session:connection("network", {
    connect = function() return nil, ("no "):rep(m.password == "long" and 300000 or 1) .. "way", "authentication_failed" end,
    line = print,
  })
end
return on`)
	for _, password := range []string{"short", "long"} {
		st.Receive("login", &pb.Login{User: ptr(alice), LegacyName: ptr("alice"), Password: ptr(password)})
		var d pb.Disconnected
		st.Expect("disconnected", &d)
		if d.GetError() != pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED || !strings.HasPrefix(d.GetMessage(), "no ") {
			t.Errorf("it is %v", &d)
		}
		st.Logout(alice)
	}
}

func ptr[T any](v T) *T { return &v }

func TestConnectionEndsAtLogout(t *testing.T) {
	network := newLineNetwork(t)
	st := luatest.Start(t, lineScript(1, network.address()))
	for range 3 {
		st.Login(alice)
		peer := network.accept()
		st.Expect("connected", nil)
		st.Logout(alice)
		_ = peer.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := peer.lines.ReadByte(); err == nil {
			t.Error("the connection is still open")
		}
	}
	if log := st.Log.String(); strings.Contains(log, "the connection is down") {
		t.Errorf("the log has %s", log)
	}
}

func TestConnectionOfProcessIsTakenOverWhileScriptLoads(t *testing.T) {
	network := newLineNetwork(t)
	script := func(generation int, more string) string {
		return fmt.Sprintf(`
local spectrum, net = require "spectrum", require "spectrum.net"
local function options()
  return {
    connect = function() return net.connect %q end,
    login = function(conn) conn:write("LOGIN\n"); return conn:read_line() end,
    line = function(line) spectrum.send("query", { config = line .. " %d" }) end,
  }
end
local c = spectrum.connection("network", options())
spectrum.connection("network", options())
%s
return {}`, network.address(), generation, more)
	}
	st := luatest.Start(t, script(1, ""))
	peer := network.accept()
	peer.write("one\n")
	st.ExpectQuery("one 1")
	st.Write("script.lua", script(2, `error("does not load")`))
	if err := st.Host.Load(); err == nil {
		t.Fatal("it has loaded")
	}
	peer.write("two\n")
	st.ExpectQuery("two 1")
	st.Write("script.lua", script(3, ""))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	peer.write("three\n")
	st.ExpectQuery("three 3")
}

func TestConnectionOfWebSocket(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		for {
			kind, text, err := ws.Read(r.Context())
			if err != nil || string(text) == "leave" {
				return
			}
			_ = ws.Write(r.Context(), kind, text)
			if string(text) == "slow" {
				_ = ws.Write(r.Context(), kind, []byte("next"))
			}
		}
	}))
	defer server.Close()
	luatest.Run(t, lasting+fmt.Sprintf(`
local c
c = spectrum.connection("c", {
  delay = 0.01,
  connect = function() return require("spectrum.websocket").connect %[1]q end,
  line = function(text, socket, kind) assert(socket == c.conn); events:send(text .. " " .. kind) end,
  lost = function(why) events:send("lost"); c:send("queued") end,
})
assert(c:send("hello") == true)
expect "hello text"
assert(c:send("leave"))
expect "lost"
expect "queued text"
c:close(1)
assert(c.state == "closed")

-- a server is not silent while its messages wait
local pings = spectrum.channel(1000)
c = spectrum.connection("pinged", {
  connect = function() return require("spectrum.websocket").connect %[1]q end,
  ping_after = 0.3, ping_timeout = 9,
  online = function(socket) socket:send("slow") end,
  ping = function() pings:send("ping") end,
  line = function(text)
    if text == "slow" then text = "slow " .. tostring(pings:receive(0.5)) end
    events:send(text)
  end,
})
expect "slow nil"
expect "next"
c:close(1)`, "ws"+strings.TrimPrefix(server.URL, "http")))
}

// TestPingThatWaitsForItsAnswer has a `ping` function that waits for an answer which never comes.
func TestPingThatWaitsForItsAnswer(t *testing.T) {
	luatest.Run(t, lasting+`
serve(function(conn, n)
  if n > 1 then events:send("again") end
  while conn:read_line() do end
end)
local answers = spectrum.channel(1)
local c
c = spectrum.connection("c", { connect = connect, delay = 0.01, ping_after = 0.02, ping_timeout = 0.05,
  ping = function(conn) conn:write("ping\n"); events:send("ping"); answers:receive() end, line = note "line", lost = note "lost" })
expect "ping"
local got, why = events:receive(5)
assert(got and got:find("does not answer", 1, true), tostring(got) .. tostring(why))
c:close()`)
}
