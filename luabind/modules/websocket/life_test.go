package websocket_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestKeepAlive(t *testing.T) {
	dead := raw(t, func(conn net.Conn, r *http.Request) { // takes everything and answers nothing
		accept(conn, r)
		io.Copy(io.Discard, conn)
	})
	run(t, dead, `
local ws = assert(websocket.connect(url, { ping_interval = 0.02 }))
local data, err, code = ws:receive(5)
assert(data == nil and err == "the peer does not answer pings" and code == 1006, err)
assert(select(2, ws:send("x")) == err)

ws = assert(websocket.connect(url, { ping_interval = 0 }))
assert(select(2, ws:receive(0.1)) == "timeout")
assert(select(2, ws:ping(0.02)) == "timeout")
local task = spectrum.spawn(function() return ws:ping() end)
spectrum.sleep(0.005)
task:cancel()
has(select(2, task:join(5)), "the task was cancelled")
assert(ws:send("x"), "the connection does not end with a ping's task")`)

	alive := peer(t, echo)
	run(t, alive, `
local ws = assert(websocket.connect(url, { ping_interval = 0.3 }))
assert(select(2, ws:receive(1)) == "timeout")
assert(ws:send("x") and ws:receive(5) == "x")`)
}

// TestADeadPeerIsHungUpOn does not wait for the script, which may never look.
func TestADeadPeerIsHungUpOn(t *testing.T) {
	gone := make(chan struct{})
	url := raw(t, func(conn net.Conn, r *http.Request) {
		accept(conn, r)
		io.Copy(io.Discard, conn)
		close(gone)
	})
	st := luatest.Start(t, head(url)+`
spectrum.data.ws = assert(websocket.connect(url, { ping_interval = 0.02 }))
return {}`)
	<-gone
	st.Close()
}

// TestPings lets the peer ask whether the script is there, which does nothing.
func TestPings(t *testing.T) {
	answered := make(chan error, 1)
	url := peer(t, func(ctx context.Context, ws *websocket.Conn, _ *http.Request) {
		go echo(ctx, ws, nil)
		answered <- ws.Ping(ctx)
	})
	st := luatest.Start(t, head(url)+`
spectrum.data.ws = assert(websocket.connect(url))
return {}`)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	st.Close()
}

// A peer sends faster than the script receives. The number of queued messages is limited,
// the peer has to wait, it is not considered dead, and no message is lost.
func TestFlood(t *testing.T) {
	const count = 2000
	var mu sync.Mutex
	sent := 0
	url := peer(t, func(ctx context.Context, ws *websocket.Conn, _ *http.Request) {
		for i := range count {
			if ws.Write(ctx, websocket.MessageText, []byte(fmt.Sprint(i, strings.Repeat(" ", 20_000)))) != nil {
				return
			}
			mu.Lock()
			sent = i + 1
			mu.Unlock()
		}
		ws.Read(ctx)
	})
	st := luatest.Start(t, head(url)+`
local on = {}
local ws = assert(websocket.connect(url, { ping_interval = 1 }))
function on.login(session)
  assert(ws:receive(5):match("^%d+") == "0")
  spectrum.sleep(2.5) -- some pings long
  session:conv_message { buddy_name = "b", message = "rested" }
end
function on.conv_message(session)
  for i = 1, `+fmt.Sprint(count-1)+` do
    local data, err = ws:receive(5)
    assert(data and data:match("^%d+") == tostring(i), err)
  end
  session:conv_message { buddy_name = "b", message = "all" }
end
return on`)
	st.Login("alice@localhost")
	st.ExpectSaid("rested")
	mu.Lock()
	if sent > count/2 {
		t.Errorf("%d messages were taken in advance", sent)
	}
	mu.Unlock()
	st.Say("alice@localhost", "b", "go on")
	st.ExpectSaid("all")
}

// TestAPeerThatDoesNotRead lets tasks that send to it be cancelled, and its user
// log out.
func TestAPeerThatDoesNotRead(t *testing.T) {
	over := make(chan struct{})
	url := raw(t, func(conn net.Conn, r *http.Request) {
		accept(conn, r)
		<-over
	})
	defer close(over)
	st := luatest.Start(t, head(url)+`
local on = {}
function on.login(session)
  local ws = assert(websocket.connect(url))
  local big = ("x"):rep(8 * 1024 * 1024)
  local first = session:spawn(function() return ws:send(big) end)
  local second = session:spawn(function() return ws:send("second") end)
  spectrum.sleep(0.01)
  second:cancel()
  local ok, err = second:join(5)
  has(err, "the task was cancelled")
  first:cancel()
  ok, err = first:join(5)
  has(err, "the task was cancelled")
  ok, err = ws:send("x") -- a message was cut off: that was the end
  session:conv_message { buddy_name = "b", message = tostring(ok) .. " " .. err }
  ws = assert(websocket.connect(url))
  session:spawn(function() return ws:send(big) end)
end
return on`)
	st.Login("alice@localhost")
	st.ExpectSaid("nil an earlier message was cut off in the middle, which has ended the connection")
	st.Logout("alice@localhost")
}

func BenchmarkEcho(b *testing.B) {
	url := peer(b, echo)
	b.ReportAllocs()
	luatest.Run(b, head(url)+fmt.Sprintf(`
local ws = assert(websocket.connect(url))
for i = 1, %d do assert(ws:send("hello") and ws:receive() == "hello") end`, b.N))
}
