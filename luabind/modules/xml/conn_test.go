package xml_test

import (
	"bufio"
	"io"
	"net"
	"testing"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestStreamsOverConnections reads what a peer says, which says the next of its
// texts for each line that it is sent.
func TestStreamsOverConnections(t *testing.T) {
	cases := []struct {
		name  string
		says  []string
		check string
	}{
		{"in pieces", []string{"<?xml version='1.0'?><str", "eam id='1'><a>1<", "/a><b/>", "</stream>"}, `
			next(); next()
			assert(stream:open().attr.id == "1")
			next()
			assert(stream:read()[1] == "1" and stream:read().name == "b")
			next()
			assert(select(2, stream:read()) == "the stream has ended" and stream.closed)`},
		{"a timeout loses nothing", []string{"<s><a>on", "e</a>"}, `
			next()
			conn:set_timeout(0.01)
			local element, err = stream:read()
			assert(element == nil and err == "timeout", err)
			next()
			conn:set_timeout(5)
			assert(stream:read()[1] == "one")`},
		{"what is behind it is left", []string{"<s><a/></s><s><b/></s>and a line\n"}, `
			next()
			assert(stream:read().name == "a" and select(2, stream:read()) == "the stream has ended")
			local second = xml.stream(conn)
			assert(second:read().name == "b" and select(2, second:read()) == "the stream has ended")
			assert(conn:read_line() == "and a line")`},
		{"what was put before TLS is refused", []string{"<s><proceed/><message from='bank'/>"}, `
			next()
			assert(stream:read().name == "proceed")
			local ok, err = conn:starttls()
			assert(ok == nil and err:find("the peer has sent 22 bytes before TLS began", 1, true), err)`},
		{"no entities from elsewhere", []string{"<!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><s><a>&x;</a>"}, `
			next()
			local root, err = stream:open()
			assert(root == nil and err:find("document types are not supported", 1, true), err)`},
		{"an element without end", []string{"<s><a b='"}, `
			next()
			local element, err = stream:read()
			assert(element == nil and err:find("more than 1000 bytes", 1, true), err)`},
		{"two readers", []string{"<s>"}, `
			next()
			stream:open()
			local reader = spectrum.spawn(function() return stream:read() end)
			spectrum.sleep(0)
			local ok, err = pcall(stream.read, stream)
			assert(not ok and err:find("another task reads from this connection", 1, true), err)
			reader:cancel()
			reader:join()`},
		{"a peer that hangs up", []string{"<s><a>"}, `
			next()
			stream:open()
			conn:close_write()
			local element, err = stream:read()
			assert(element == nil and err == "closed by the peer", err)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			address := luatest.Listen(t, func(conn net.Conn) {
				defer conn.Close()
				lines := bufio.NewScanner(conn)
				for i := 0; lines.Scan(); i++ {
					if i < len(c.says) {
						io.WriteString(conn, c.says[i])
					}
					for endless := c.name == "an element without end"; endless; {
						if _, err := io.WriteString(conn, "xxxxxxxxxxxxxxxxxxxx"); err != nil {
							return
						}
					}
				}
			})
			luatest.Run(t, `
local spectrum, net, xml = require "spectrum", require "spectrum.net", require "spectrum.xml"
local conn = assert(net.connect("`+address+`"))
local stream = xml.stream(conn, { max_size = 1000 })
local function next() assert(conn:write("\n")) end`+c.check)
		})
	}
}
