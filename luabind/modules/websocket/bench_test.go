package websocket_test

import (
	"bufio"
	"net"
	"net/http"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// BenchmarkWaiting tells how much memory a session takes that waits in receive,
// on a connection of its own. What the other end takes here is little.
func BenchmarkWaiting(b *testing.B) {
	const sessions = 2000
	address := luatest.Listen(b, func(conn net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			accept(conn, r)
		}
	})
	luatest.MeasureWaiting(b, sessions, head("ws://"+address)+`
local on = {}
function on.conv_message(session)
  session:spawn(function()
    local ws = assert(websocket.connect(url))
    session:conv_message { buddy_name = "b", message = "waiting" }
    ws:receive()
  end)
end
return on`)
}
