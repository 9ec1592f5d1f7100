package net_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// greeter is a script that listens while it loads, and greets with a number.
func greeter(n int, address string) string {
	return fmt.Sprintf(`
local spectrum, net = require "spectrum", require "spectrum.net"
local listener = assert(net.listen %q)
spectrum.data.address = listener.address
spectrum.spawn(function()
  while true do
    local conn = listener:accept()
    if not conn then return end
    conn:write("generation %d\n")
    conn:close()
  end
end)
local on = {}
function on.query(m) spectrum.send("query", { config = spectrum.data.address }) end
return on`, address, n)
}

func addressOf(st *luatest.Fixture) (network, address string) {
	st.Receive("query", &pb.BackendConfig{Config: proto.String("x")})
	address = st.Query()
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		return "unix", path
	}
	return "tcp", address
}

// greeting connects and returns the bytes that the server sends.
func greeting(network, address string) (string, error) {
	conn, err := net.Dial(network, address)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return bufio.NewReader(conn).ReadString('\n')
}

// TestListenerIsHandedOver reloads a script many times while clients connect. Some loads
// fail. No connection is refused.
func TestListenerIsHandedOver(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "unix:"} {
		t.Run(address, func(t *testing.T) {
			if address == "unix:" {
				address += filepath.Join(t.TempDir(), "socket")
			}
			st := luatest.Start(t, greeter(1, address))
			network, at := addressOf(st)
			stop := make(chan struct{})
			var clients sync.WaitGroup
			for range 4 {
				clients.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if line, err := greeting(network, at); err != nil || !strings.HasPrefix(line, "generation ") {
							t.Errorf("got %q, %v", line, err)
							return
						}
					}
				})
			}
			for n := 2; n <= 30; n++ {
				script := greeter(n, address)
				if n%3 == 0 {
					script = "local nothing\n" + strings.Replace(script, "local on", "nothing() local on", 1)
				}
				st.Write("script.lua", script)
				if err := st.Host.Load(); (err != nil) != (n%3 == 0) {
					t.Fatal(err)
				}
				if line, err := greeting(network, at); err != nil || n%3 != 0 && line != fmt.Sprintf("generation %d\n", n) {
					t.Fatalf("got %q, %v", line, err)
				}
			}
			close(stop)
			clients.Wait()
			if _, now := addressOf(st); now != at {
				t.Errorf("the address is %s, no longer %s", now, at)
			}
		})
	}
}

// TestListenerIsClosedAtTheSwap loads a script that does not listen any more.
func TestListenerIsClosedAtTheSwap(t *testing.T) {
	for _, c := range []struct {
		name, first, second string
		closed              bool
	}{
		{"opened while loading", `listener = net.listen "127.0.0.1:0"; data.address = listener.address`, "", true},
		{"kept in the data", `data.listener = net.listen "127.0.0.1:0"; data.address = data.listener.address`, "", false},
		{"opened in a task", `spectrum.spawn(function() local l = net.listen "127.0.0.1:0"; data.address = l.address; tell "listens"; l:accept() end)`, "", false},
		{"of a script that fails", `data.first = true`, `data.listener = net.listen "127.0.0.1:0"; data.address = data.listener.address; error "no"`, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			const around = `
local spectrum, net = require "spectrum", require "spectrum.net"
local data = spectrum.data
local function tell(what) spectrum.send("query", { config = what }) end
local on = {}
function on.query(m) tell(data.address) end
%s
return on`
			st := luatest.Start(t, fmt.Sprintf(around, c.first))
			if strings.Contains(c.first, "tell") {
				st.ExpectQuery("listens")
			}
			st.Write("script.lua", fmt.Sprintf(around, c.second))
			_ = st.Host.Load()
			network, address := addressOf(st)
			conn, err := net.Dial(network, address)
			if err == nil {
				conn.Close()
			}
			if (err != nil) != c.closed {
				t.Errorf("closed: %v", err)
			}
		})
	}
}

// TestLostConnectionIsClosed opens connections while the script loads. The connection
// that no script can use is closed after the old VM was freed.
func TestLostConnectionIsClosed(t *testing.T) {
	peer, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	st := luatest.Start(t, fmt.Sprintf(`
local spectrum, net = require "spectrum", require "spectrum.net"
local lost = assert(net.connect %[1]q)
spectrum.data.kept = assert(net.connect %[1]q)
return { query = function() lost:write "x" end }`, peer.Addr().String()))
	var conns [2]net.Conn
	for i := range conns {
		if conns[i], err = peer.Accept(); err != nil {
			t.Fatal(err)
		}
		defer conns[i].Close()
	}
	runtime.GC() // while the script lives, nothing is lost
	st.Write("script.lua", `
local data = require("spectrum").data
return { query = function() data.kept:write "still here\n" end }`)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() {
		_, err := conns[0].Read(make([]byte, 1))
		closed <- err
	}()
	for done := false; !done; {
		runtime.GC()
		select {
		case err := <-closed:
			if err != io.EOF {
				t.Errorf("the connection ended by %v", err)
			}
			done = true
		case <-time.After(10 * time.Millisecond):
		}
	}
	st.Receive("query", &pb.BackendConfig{Config: proto.String("x")})
	if line, err := bufio.NewReader(conns[1]).ReadString('\n'); line != "still here\n" {
		t.Errorf("got %q, %v", line, err)
	}
}
