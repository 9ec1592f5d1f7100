package http_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func BenchmarkGet(b *testing.B) {
	url := peer(b, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") })
	b.ReportAllocs()
	luatest.Run(b, head(url)+fmt.Sprintf(`
for i = 1, %d do assert(http.get(url)) end`, b.N))
}

// BenchmarkServe is a request to a function of a script, with the client's part.
func BenchmarkServe(b *testing.B) {
	st := luatest.Start(b, head("")+`
local server = assert(http.serve("0", function() return "ok" end))`+listening)
	url := "http://" + st.Query()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	b.ReportAllocs()
	for b.Loop() {
		response, err := client.Get(url)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
}

// BenchmarkWaitingStream tells how much memory a session takes that waits for an
// event. What the other end takes here is little.
func BenchmarkWaitingStream(b *testing.B) {
	const sessions = 2000
	var mu sync.Mutex
	var conns []net.Conn
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, _ := http.NewResponseController(w).Hijack()
		io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
		mu.Lock()
		defer mu.Unlock()
		conns = append(conns, conn)
	}))
	defer func() {
		server.Close()
		for _, conn := range conns {
			conn.Close()
		}
	}()
	luatest.MeasureWaiting(b, sessions, head(server.URL)+`
local on = {}
function on.conv_message(session)
  session:spawn(function()
    local s = assert(http.get(url, { stream = true }))
    session:conv_message { buddy_name = "b", message = "waiting" }
    s:read_event()
  end)
end
return on`)
}
