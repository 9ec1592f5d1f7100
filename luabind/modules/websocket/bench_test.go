package websocket_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"

	"spectrumlua/luabind/luatest"
)

// BenchmarkWaiting tells how much memory a session takes that waits in receive,
// on a connection of its own. What the other end takes here is little.
func BenchmarkWaiting(b *testing.B) {
	const sessions = 2000
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var conns []net.Conn
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				accept(conn, r)
			}
			conns = append(conns, conn)
		}
	})
	defer func() {
		ln.Close()
		running.Wait()
		for _, conn := range conns {
			conn.Close()
		}
	}()
	for range b.N {
		st := luatest.Start(b, head("ws://"+ln.Addr().String())+`
local on = {}
function on.conv_message(session)
  session:spawn(function()
    local ws = assert(websocket.connect(url))
    session:conv_message { buddy_name = "b", message = "waiting" }
    ws:receive()
  end)
end
return on`)
		before := resident(b)
		for i := range sessions {
			user := fmt.Sprintf("user%d@localhost", i)
			st.Login(user)
			st.Say(user, "b", "wait")
		}
		for range sessions {
			st.ExpectSaid("waiting")
		}
		b.ReportMetric(float64(resident(b)-before)/sessions, "B/session")
		st.Close()
	}
}

// resident is the resident memory of this process, in bytes, without what the
// collector can give back.
func resident(b *testing.B) int {
	b.Helper()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("there is no /proc/self/statm")
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
