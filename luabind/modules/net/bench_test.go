package net_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// BenchmarkWaitingConnection tells how much memory a session takes that waits
// in read_line, on a connection of its own, with and without TLS.
func BenchmarkWaitingConnection(b *testing.B) {
	const sessions = 2000
	quiet, err := net.Listen("tcp", "127.0.0.1:0") // the system makes the connections; nobody accepts them
	if err != nil {
		b.Fatal(err)
	}
	defer quiet.Close()
	ca := newAuthority(b)
	cert, _ := ca.issue("chat.example", nil)
	secure := listenTLS(b, &tls.Config{Certificates: []tls.Certificate{cert}}, stall)
	for _, c := range []struct{ name, connect string }{
		{"asleep", "{ read_line = function() spectrum.sleep(1000) end }"},
		{"TCP", fmt.Sprintf("assert(net.connect(%q))", quiet.Addr())},
		{"TLS-both-ends", fmt.Sprintf("assert(net.connect(%q, { tls = true, ca = %q }))", secure, ca.file)},
	} {
		b.Run(c.name, func(b *testing.B) {
			luatest.MeasureWaiting(b, sessions, `
local spectrum, net = require "spectrum", require "spectrum.net"
local on = {}
function on.conv_message(session)
  session:spawn(function()
    local conn = `+c.connect+`
    session:conv_message { buddy_name = "b", message = "waiting" }
    conn:read_line()
  end)
end
return on`, "login_delay=0")
		})
	}
}
