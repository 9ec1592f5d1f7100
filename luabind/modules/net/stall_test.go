package net_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// fullBacklog listens with a full backlog and never accepts: a client that connects
// waits for an answer to its first packet.
func fullBacklog(t *testing.T) (address string) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address = fmt.Sprintf("127.0.0.1:%d", sa.(*syscall.SockaddrInet4).Port)
	conn, err := net.Dial("tcp", address) // takes the one place that there is
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address
}

func TestPeersThatStall(t *testing.T) {
	silent := luatest.Listen(t, stall)
	half := luatest.Listen(t, say("hal"))
	cases := []struct{ name, script string }{
		{"before the connection", `
local conn, err = net.connect("` + fullBacklog(t) + `", { timeout = 0.02 })
assert(conn == nil and err:find(": timeout", 1, true), err)`},
		{"in the handshake of TLS", `
local conn, err = net.connect("` + silent + `", { timeout = 0.5, tls = true })
assert(conn == nil and err == "cannot connect to ` + silent + `: timeout (TLS)", err)`},
		{"within a line", `
local conn = assert(net.connect("` + half + `"))
conn:set_timeout(0.02)
for _, read in ipairs { function() return conn:read_line() end, function() return conn:read_until("x") end, function() return conn:read(4) end } do
  local got, err = read()
  assert(got == nil and err == "timeout", err)
end
assert(conn:read(3) == "hal")
local got, err = conn:read_some()
assert(got == nil and err == "timeout", err)`},
		{"at reading what is written", `
local conn = assert(net.connect("` + silent + `"))
conn:set_timeout(0.05)
local ok, err = conn:write(("x"):rep(8 * 1024 * 1024))
assert(ok == nil and err == "timeout", err)
ok, err = conn:write("more")
assert(ok == nil and err == "an earlier write was cut off in the middle, so nothing more can be written", err)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `local spectrum, net = require "spectrum", require "spectrum.net"`+c.script)
		})
	}
}

func TestPeersThatGo(t *testing.T) {
	told := make(chan string, 1)
	reset := luatest.Listen(t, func(conn net.Conn) {
		io.WriteString(conn, "one\ntw")
		conn.Read(make([]byte, 1))
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	})
	half := luatest.Listen(t, func(conn net.Conn) {
		io.WriteString(conn, "one\ntwo")
		conn.(*net.TCPConn).CloseWrite()
		all, _ := io.ReadAll(conn)
		told <- string(all)
	})
	ends := luatest.Listen(t, func(conn net.Conn) {
		all, _ := io.ReadAll(conn)
		conn.Write(append(all, '!'))
		conn.Close()
	})
	cases := []struct{ name, script string }{
		{"with a reset", `
local conn = assert(net.connect("` + reset + `"))
assert(conn:read_line() == "one")
conn:write("x")
local line, err = conn:read_line()
assert(line == nil and err == "connection reset by peer", err)
assert(conn:read(2) == "tw")
line, err = conn:read_line()
assert(line == nil and err == "connection reset by peer", err)`},
		{"on their side alone", `
local conn = assert(net.connect("` + half + `"))
assert(conn:read_line() == "one" and conn:read_line() == "two")
assert(select(2, conn:read_line()) == "closed by the peer")
assert(select(2, conn:read_line()) == "closed by the peer")
assert(conn:write("still there"))
conn:close()`},
		{"when this side has", `
local conn = assert(net.connect("` + ends + `"))
assert(conn:write("all", " of it") and conn:close_write())
assert(conn:read_until("!") == "all of it")
assert(select(2, conn:read_until("!")) == "closed by the peer")
assert(select(2, conn:write("x")) == "the connection is closed for writing")`},
		{"before the delimiter", `
local conn = assert(net.connect("` + ends + `"))
assert(conn:write("abc") and conn:close_write())
local text, err = conn:read_until("::")
assert(text == nil and err == "closed by the peer", err)
assert(conn:read_some() == "abc!")`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `local spectrum, net = require "spectrum", require "spectrum.net"`+c.script)
		})
	}
	if all := <-told; all != "still there" {
		t.Errorf("the peer received %q", all)
	}
}

// TestLimitsOfLines reads at the borders, in pieces as small as they can be.
func TestLimitsOfLines(t *testing.T) {
	bytewise := luatest.Listen(t, func(conn net.Conn) {
		for _, b := range []byte("12345\r\n12345\n1234\r\r\n123456\r\nab--cd--e-") {
			conn.Write([]byte{b})
		}
		conn.Close()
	})
	luatest.Run(t, `
local net = require "spectrum.net"
local conn = assert(net.connect("`+bytewise+`"))
assert(conn:read_line(5) == "12345" and conn:read_line(5) == "12345" and conn:read_line(5) == "1234\r")
local line, err = conn:read_line(5)
assert(line == nil and err == "the line is too long", err)
assert(conn:read_line(6) == "123456")
line, err = conn:read_until("--", 1)
assert(line == nil and err == "there is no delimiter within 1 bytes", err)
assert(conn:read_until("--", 2) == "ab" and conn:read_until("--") == "cd")
assert(conn:read_until("--") == nil and conn:read_line() == "e-")`)
}

// A peer sends bytes without an end. The connection buffers only as much as the limit
// allows.
func TestLinesWithoutEnd(t *testing.T) {
	endless := luatest.Listen(t, func(conn net.Conn) {
		for {
			if _, err := conn.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	})
	luatest.Run(t, `
local net = require "spectrum.net"
local conn = assert(net.connect("`+endless+`"))
local line, err = conn:read_line()
assert(line == nil and err == "the line is too long", err)
line, err = conn:read_until("--", 100000)
assert(line == nil and err == "there is no delimiter within 100000 bytes", err)
line, err = conn:read_all(1000000)
assert(line == nil and err == "there are more than 1000000 bytes", err)
conn:close()`)
}

// TestMuchData reads and writes more than any buffer holds, both ways at once.
func TestMuchData(t *testing.T) {
	address := luatest.Listen(t, echo)
	luatest.Run(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local conn = assert(net.connect("`+address+`"))
local piece = ("0123456789abcdef"):rep(4096) .. "\n"
local writer = spectrum.spawn(function()
  for i = 1, 50 do assert(conn:write(i .. " ", piece)) end
end)
for i = 1, 50 do
  local line = assert(conn:read_line(70000))
  assert(line == i .. " " .. piece:sub(1, -2))
end
assert(writer:join())
assert(conn:write(piece:rep(20)))
assert(conn:read(#piece * 20) == piece:rep(20))`)
}

// TestWritersTakeTurns lets tasks write at the same time, to a peer that does
// not read for a while: no message is lost or mixed with another.
func TestWritersTakeTurns(t *testing.T) {
	var begin sync.WaitGroup
	begin.Add(1)
	address := luatest.Listen(t, func(conn net.Conn) {
		begin.Wait()
		echo(conn)
	})
	st := luatest.Start(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local on = {}
function on.login(session)
  local conn = assert(net.connect("`+address+`"))
  local size = 512 * 1024
  local writers = {}
  for i = 1, 8 do
    writers[i] = spectrum.spawn(function() assert(conn:write(i, (" "):rep(size), "\n")) end)
  end
  local late = spectrum.spawn(function() conn:write("never\n") end)
  spectrum.sleep(0)
  late:cancel()
  late:join()
  session:conv_message { buddy_name = "b", message = "all write" }
  for i = 1, 8 do assert(conn:read_line(size + 2) == i .. (" "):rep(size)) end
  conn:write("end\n")
  assert(conn:read_line() == "end")
  session:conv_message { buddy_name = "b", message = "all read" }
end
return on`)
	st.Login("alice@localhost")
	st.ExpectSaid("all write")
	begin.Done()
	st.ExpectSaid("all read")
}
