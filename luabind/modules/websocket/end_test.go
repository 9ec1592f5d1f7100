package websocket_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

func TestTheEnd(t *testing.T) {
	closed := make(chan websocket.CloseError, 10)
	url := peer(t, func(ctx context.Context, ws *websocket.Conn, r *http.Request) {
		switch r.URL.Path {
		case "/says why":
			ws.Write(ctx, websocket.MessageText, []byte("last"))
			ws.Close(4001, "no such room")
		case "/code":
			ws.Close(1001, "")
		case "/hangs up":
			ws.Write(ctx, websocket.MessageText, []byte("last"))
			ws.CloseNow()
		case "/listens":
			_, _, err := ws.Read(ctx)
			closed <- websocket.CloseError{Code: websocket.CloseStatus(err), Reason: reasonOf(err)}
		}
	})
	run(t, url, `
local ws = assert(websocket.connect(url .. "/says%20why"))
assert(ws:receive(5) == "last")
local data, err, code, reason = ws:receive(5)
assert(data == nil and err == "closed by the peer (4001: no such room)" and code == 4001 and reason == "no such room", err)
assert(select(2, ws:send("x")) == err)

ws = assert(websocket.connect(url .. "/code"))
data, err, code, reason = ws:receive(5)
assert(data == nil and err == "closed by the peer (1001)" and code == 1001 and reason == "", err)

ws = assert(websocket.connect(url .. "/hangs%20up"))
assert(ws:receive(5) == "last")
data, err, code, reason = ws:receive(5)
assert(data == nil and err == "closed by the peer without a close frame" and code == 1006 and reason == "", err)

ws = assert(websocket.connect(url .. "/listens"))
ws:close(3000, "had enough")
ws = assert(websocket.connect(url .. "/listens"))
ws:close()`)
	for _, want := range []websocket.CloseError{{Code: 3000, Reason: "had enough"}, {Code: 1000}} {
		got := <-closed
		other := <-closed
		if got != want && other != want {
			t.Errorf("the peer received %v and %v, want %v", got, other, want)
		}
		closed <- got
		closed <- other
	}
}

func reasonOf(err error) string {
	_, text, _ := strings.Cut(err.Error(), "reason = \"")
	return strings.TrimSuffix(text, "\"")
}
