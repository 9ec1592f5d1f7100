package websocket_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/coder/websocket"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// peer is a WebSocket server of the test.
func peer(t testing.TB, serve func(ctx context.Context, ws *websocket.Conn, r *http.Request)) (url string) {
	t.Helper()
	return "ws" + strings.TrimPrefix(server(t, serve, (*httptest.Server).Start).URL, "http")
}

func server(t testing.TB, serve func(ctx context.Context, ws *websocket.Conn, r *http.Request), start func(*httptest.Server)) *httptest.Server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// Before Accept: Close waits for a handler only until it takes over the connection.
		running.Add(1)
		defer running.Done()
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"chat", "superchat"}})
		if err != nil {
			return
		}
		defer ws.CloseNow()
		ws.SetReadLimit(64 << 20)
		serve(ctx, ws, r)
	}))
	start(s)
	t.Cleanup(func() {
		cancel()
		s.Close()
		running.Wait()
	})
	return s
}

// echo sends the received messages back until the connection ends.
func echo(ctx context.Context, ws *websocket.Conn, _ *http.Request) {
	for {
		kind, data, err := ws.Read(ctx)
		if err != nil {
			return
		}
		if ws.Write(ctx, kind, data) != nil {
			return
		}
	}
}

func head(url string) string {
	return fmt.Sprintf(`local spectrum, websocket = require "spectrum", require "spectrum.websocket"; local url = %q
local function has(text, part) assert(tostring(text):find(part, 1, true), part .. " is not in " .. tostring(text)) end
`, url)
}

func run(t *testing.T, url, script string, configLines ...string) *luatest.Fixture {
	t.Helper()
	return luatest.Run(t, head(url)+script, configLines...)
}

// raw is a server that writes what it likes behind a handshake, or instead of
// one.
func raw(t testing.TB, serve func(conn net.Conn, r *http.Request)) (url string) {
	t.Helper()
	return "ws://" + luatest.Listen(t, func(conn net.Conn) {
		defer conn.Close()
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			serve(conn, r)
		}
	})
}

// accept answers a handshake.
func accept(conn net.Conn, r *http.Request) { acceptWith("")(conn, r) }

// acceptWith answers a handshake with more headers.
func acceptWith(more string) func(conn net.Conn, r *http.Request) {
	return func(conn net.Conn, r *http.Request) {
		sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n%s\r\n",
			base64.StdEncoding.EncodeToString(sum[:]), more)
	}
}

// upgraded answers the handshake and goes on with the bytes of frames.
func upgraded(conn net.Conn, r *http.Request, frames ...[]byte) {
	accept(conn, r)
	for _, frame := range frames {
		conn.Write(frame)
	}
	io.Copy(io.Discard, conn)
}
