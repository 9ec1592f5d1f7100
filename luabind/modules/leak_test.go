package modules_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/cmd/spectrum2-lua/devkit/race"
)

// wave is how many users log in and out at the same time, logins how many do in all.
const wave = 100

var logins = race.Reduce(10_000, 2_000)

// busySession opens a connection, and starts a timer and a task that reads from it. The
// first users of each wave also open the other kinds. The script sends the user a message
// when everything is in use.
const busySession = `
local spectrum, net = require "spectrum", require "spectrum.net"
local http, process, websocket = require "spectrum.http", require "spectrum.process", require "spectrum.websocket"

local more = {
  process = function(session)
    local p = assert(process.start { "sh", "-c", "sleep 1000 & echo up; wait" })
    session:spawn(function() p:read_error_line() end)
    session:spawn(function() p:wait() end)
    assert(p:read_line() == "up")
  end,
  websocket = function(session)
    local ws = assert(websocket.connect("ws://WEB/websocket"))
    session:spawn(function() while ws:receive() do end end)
    assert(ws:send("hello"))
  end,
  stream = function(session)
    local s = assert(http.get("http://WEB/stream", { stream = true }))
    assert(s:read_line() == "one")
    session:spawn(function() s:read_line() end)
  end,
  datagrams = function(session)
    local socket = assert(net.udp("127.0.0.1:0"))
    session:spawn(function() socket:receive() end)
  end,
  listener = function(session)
    local listener = assert(net.listen("127.0.0.1:0"))
    session:spawn(function() while true do assert(listener:accept()) end end)
    local conn = assert(net.connect(listener.address))
    session:spawn(function() conn:read_line() end)
  end,
  server = function(session)
    local asked = spectrum.channel(1)
    local server = assert(http.serve("127.0.0.1:0", function()
      asked:send(true)
      spectrum.sleep(1000)
    end))
    session:spawn(function() http.get("http://" .. server.address) end)
    asked:receive()
  end,
}

local on = {}
function on.login(session)
  local conn = assert(net.connect("PEER"))
  local greeted = spectrum.channel(1)
  session:every(1000, function() end)
  session:spawn("reader", function()
    while true do greeted:send(assert(conn:read_line())) end
  end)
  assert(greeted:receive() == "hello")
  local one = more[session.user:match("^%a+")]
  if one then one(session) end
  session:connected()
end
function on.logout()
  spectrum.send("query", { config = "gone" })
end
return on
`

// kinds holds what the first users of each wave open besides a connection, one kind each.
var kinds = []string{"process", "websocket", "stream", "datagrams", "listener", "server"}

// TestNothingLeaks logs thousands of users in, and out again while the objects that they
// have opened are in use. Then it counts goroutines, files and memory.
func TestNothingLeaks(t *testing.T) {
	start, files := goleak.IgnoreCurrent(), luatest.OpenFiles(t)
	web := httptest.NewServer(http.HandlerFunc(serveWeb))
	defer web.Close()
	peer := newGreeter(t)
	script := strings.NewReplacer("WEB", web.Listener.Addr().String(), "PEER", peer.Addr().String()).Replace(busySession)
	st := luatest.New(t, script)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	comeAndGo(st, peer) // creates the objects that a process creates only once
	settled, goroutines := goleak.IgnoreCurrent(), runtime.NumGoroutine()
	usual, heap := luatest.OpenFiles(t), heapInUse()
	for range logins / wave {
		comeAndGo(st, peer)
	}
	goleak.VerifyNone(t, settled, goleak.IgnoreTopFunction("spectrumlua/runtime/task.(*Scheduler).work"))
	if n := runtime.NumGoroutine(); n > goroutines+idleWorkers {
		t.Errorf("%d goroutines run, and %d did after the first %d users", n, goroutines, wave)
	}
	if open := luatest.OpenFiles(t); open > usual {
		t.Errorf("%d descriptors are open, and %d were after the first %d users", open, usual, wave)
	}
	if grown := heapInUse() - heap; grown > logins*leastLeak {
		t.Errorf("the heap has grown by %d bytes, %d for each login", grown, grown/logins)
	}
	noChildren(t)

	st.Close()
	peer.close()
	web.Close()
	goleak.VerifyNone(t, start)
	if open := luatest.OpenFiles(t); open > files {
		t.Errorf("%d descriptors are open at the end, and %d were at the start", open, files)
	}
}

// comeAndGo logs a wave of users in and out. It returns when all their connections have
// ended.
func comeAndGo(st *luatest.Fixture, peer *greeter) {
	var users [wave]string
	for i := range users {
		kind := "user"
		if i < len(kinds) {
			kind = kinds[i]
		}
		users[i] = fmt.Sprintf("%s%d@localhost", kind, i)
		st.Login(users[i])
	}
	for range users {
		st.Expect("connected", nil)
	}
	for _, user := range users {
		st.Logout(user)
	}
	for range users {
		st.ExpectQuery("gone")
	}
	for range users {
		<-peer.ended
	}
}

// greeter is a TCP server that says hello and waits for the other side to hang
// up.
type greeter struct {
	net.Listener
	running sync.WaitGroup
	ended   chan struct{} // has one for each connection that did
}

func newGreeter(t *testing.T) *greeter {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &greeter{Listener: ln, ended: make(chan struct{}, wave)}
	g.running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			g.running.Go(func() {
				defer conn.Close()
				io.WriteString(conn, "hello\n")
				io.Copy(io.Discard, conn)
				g.ended <- struct{}{}
			})
		}
	})
	t.Cleanup(g.close)
	return g
}

func (g *greeter) close() {
	g.Close()
	g.running.Wait()
}

// serveWeb never comes to an end by itself.
func serveWeb(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/websocket":
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		for err == nil {
			_, _, err = ws.Read(r.Context())
		}
	case "/stream":
		io.WriteString(w, "one\n")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// idleWorkers is how many goroutines the scheduler keeps for the next handlers.
const idleWorkers = 16

// leastLeak is less than what a session or a thread takes, in bytes, and more
// than the line of the log that each leaves.
const leastLeak = 600

func heapInUse() int {
	runtime.GC()
	runtime.GC() // pools let go of what they hold at the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// noChildren fails the test if a program runs, or has ended and was not waited
// for.
func noChildren(t *testing.T) {
	t.Helper()
	var status syscall.WaitStatus
	if pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		t.Errorf("there are children: wait gives process %d, %v", pid, err)
	}
}
