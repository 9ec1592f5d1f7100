package net_test

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// TestWritesToAPeerThatReadsLate writes more than the sockets hold, in pieces that are small
// enough to be written at once.
func TestWritesToAPeerThatReadsLate(t *testing.T) {
	var want bytes.Buffer
	for i := range 2_000 {
		want.WriteString(strings.Repeat(string(rune('a'+i%26)), 10_000))
	}
	read, told := make(chan struct{}), make(chan []byte, 1)
	late := luatest.Listen(t, func(conn net.Conn) {
		<-read
		all, _ := io.ReadAll(conn)
		told <- all
		conn.Close()
	})
	relay := luatest.Listen(t, func(conn net.Conn) {
		for b := []byte{0}; b[0] != '!'; conn.Write(b) {
			if _, err := conn.Read(b); err != nil {
				return
			}
		}
		close(read)
	})
	luatest.Run(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local conn, relay = assert(net.connect("`+late+`")), assert(net.connect("`+relay+`"))
local written, before = 0, nil
spectrum.spawn(function()
  for i = 0, 1999 do
    assert(conn:write((string.char(("a"):byte() + i % 26)):rep(10000)))
    written = written + 1
  end
  assert(conn:close_write())
end)
repeat
  before = written
  for _ = 1, 5 do
    assert(relay:write(".") and relay:read(1) == ".") -- others run meanwhile
  end
until written > 0 and written == before
relay:write("!")
assert(conn:read_line() == nil) -- the peer has read everything
assert(written == 2000)
`)
	if got := <-told; !bytes.Equal(got, want.Bytes()) {
		t.Errorf("the peer received %d bytes of %d", len(got), want.Len())
	}
}

// TestAWriteIsCutOffInTheMiddle fills the socket with small writes until one times out.
func TestAWriteIsCutOffInTheMiddle(t *testing.T) {
	silent := luatest.Listen(t, stall)
	luatest.Run(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local conn = assert(net.connect("`+silent+`"))
conn:set_timeout(0.05)
local ok, err
repeat ok, err = conn:write(("x"):rep(10000)) until not ok
assert(err == "timeout", err)
ok, err = conn:write("more")
assert(ok == nil, "a write after one that may be cut off")
`)
}

// TestWritesLetOthersRun writes to a peer that accepts everything at once.
func TestWritesLetOthersRun(t *testing.T) {
	address := luatest.Listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	luatest.Run(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local conn, done = assert(net.connect("`+address+`")), false
spectrum.spawn(function() done = true end)
for _ = 1, 1000 do
  assert(conn:write("x"))
end
assert(done, "another task did not run in 1000 writes")
`)
}
