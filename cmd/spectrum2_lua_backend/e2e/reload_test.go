//go:build e2e

package e2e_test

import (
	"slices"
	"strings"
	"testing"
)

// versioned returns a script that answers with its version, has a task that the next version
// replaces, and passes a listener on to it.
func versioned(n string) string {
	return strings.ReplaceAll(`local spectrum, net = require "spectrum", require "spectrum.net"
local words = require "words"
local listener = assert(net.listen("127.0.0.1:0"))
spectrum.data.address = spectrum.data.address or listener.address
spectrum.spawn("server", function()
  while true do
    local conn = listener:accept()
    if not conn then return end
    conn:write("NUMBER\n")
    conn:close()
  end
end)

local on = {}
function on.login(session)
  session.data.count = 0
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online" }
end
function on.conv_message(session, m)
  session.data.count = session.data.count + 1
  local seen = assert(net.connect(spectrum.data.address)):read_line()
  session:conv_message {
    buddy_name = m.buddy_name,
    message = ("version NUMBER, %s, message %d, server %s"):format(words, session.data.count, seen),
  }
end
function on.reload(session)
  if session then session:conv_message { buddy_name = "echo", message = "reloaded NUMBER" } end
end
function on.logout() spectrum.log.info("a logout") end
return on
`, "NUMBER", n)
}

// TestEditedWhileOnline edits a script while a client is online. A broken version changes
// nothing, a valid version or module handles the next message, and the client stays online.
func TestEditedWhileOnline(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{
		script: versioned("1"), lua: "reload = 1",
		files: map[string]string{"words.lua": `return "first words"`},
	})
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	alice.mu.Lock()
	online := len(alice.events)
	alice.mu.Unlock()
	says := func(want string) {
		t.Helper()
		if e := alice.say("echo", "hello"); e.Body != want {
			t.Errorf("the answer is %q, not %q", e.Body, want)
		}
	}
	says("version 1, first words, message 1, server 1")

	alice.step("receives answers of the old version after a broken save")
	b.write("script.lua", versioned("2")+"oops")
	b.waitLog("backend-1.log", `cannot load \S*script\.lua, so generation 1 keeps running: script\.lua:\d+: `)
	says("version 1, first words, message 2, server 1")

	alice.step("receives the message of the next version")
	b.write("script.lua", versioned("2"))
	if e := alice.wait("the new version speaks", messageFrom(b.contact("echo"))); e.Body != "reloaded 2" {
		t.Errorf("the message is %q", e.Body)
	}
	says("version 2, first words, message 3, server 2")

	alice.step("receives the message after a module changed")
	b.write("words.lua", `return "other words"`)
	if e := alice.wait("the new version speaks", messageFrom(b.contact("echo"))); e.Body != "reloaded 2" {
		t.Errorf("the message is %q", e.Body)
	}
	says("version 2, other words, message 4, server 2")
	b.waitLog("backend-1.log", `generation 3, sha256 [0-9a-f]{12}, and a file that it requires`)

	gone := func(e event) bool { return e.Event == "presence" && bare(e.From) == b.jid && e.Type == "unavailable" }
	b.streamHolds()
	alice.mu.Lock()
	defer alice.mu.Unlock()
	if slices.ContainsFunc(alice.events[online:], gone) {
		t.Error("the transport went offline")
	}
}
