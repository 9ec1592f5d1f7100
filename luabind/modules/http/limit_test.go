package http_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestServeConnectionLimit connects as many clients as the limit allows. The next one
// waits until one of them closes its connection.
func TestServeConnectionLimit(t *testing.T) {
	_, address := started(t, `
local server = assert(http.serve("0", function(r) return "ok" end))`+listening)
	connect := func() net.Conn {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	ask := func(conn net.Conn, patience time.Duration) error {
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		conn.SetReadDeadline(time.Now().Add(patience))
		_, err := http.ReadResponse(bufio.NewReader(conn), nil)
		return err
	}
	clients := make([]net.Conn, 256)
	for i := range clients {
		clients[i] = connect()
		if err := ask(clients[i], 10*time.Second); err != nil {
			t.Fatalf("client %d: %v", i, err)
		}
	}
	late := connect()
	if err := ask(late, 20*time.Millisecond); err == nil {
		t.Fatal("one more is served")
	}
	clients[0].Close()
	late.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := http.ReadResponse(bufio.NewReader(late), nil); err != nil {
		t.Errorf("with one gone, the next is not served: %v", err)
	}
}
