//go:build e2e

package e2e_test

import (
	"os"
	"strings"
	"testing"
)

// outageScript is a transport whose network is down while the file "down" exists. Its
// users can lose their connection, and send lines to a task that reads them.
const outageScript = `local spectrum = require "spectrum"
local log = spectrum.log
local on, attempts = {}, 0

local function down()
  local file = io.open("DIR/down")
  return file and file:close()
end

local function read(session, lines)
  spectrum.each(function() return lines:receive() end, function(line)
    session:conv_message { buddy_name = "echo", message = line }
  end)
end

function on.login(session)
  attempts = attempts + 1
  log.info("attempt " .. attempts)
  if down() then
    session:disconnected { error = "network_error", message = "no route to the network <1>" }
    return
  end
  session.data.lines = spectrum.channel(10)
  session:spawn("reader", read, session, session.data.lines)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online" }
end

function on.join_room(session, m)
  log.info("join " .. m.room)
  session:participant_changed { room = m.room, nickname = "echo", status = "online" }
  session:participant_changed { room = m.room, nickname = m.nickname, status = "online", flag = { "me" } }
end

function on.status_changed(_, m) log.info("status " .. m.status .. " in attempt " .. attempts) end

function on.conv_message(session, m)
  if m.message == "drop" then
    session:disconnected { error = "network_error", message = "no route to the network <1>" }
  elseif m.message == "break" then
    session:spawn(error, "the reader is broken")
  elseif m.message == "poison" then
    session.data.lines:send(("x"):rep(600000))
    session.data.lines:send("after the poison")
  elseif m.buddy_name:sub(1, 1) == "#" then
    session:conv_message { buddy_name = m.buddy_name, nickname = "echo", message = "heard " .. m.message }
  else
    session:conv_message { buddy_name = m.buddy_name, message = m.message }
  end
end

return on
`

// TestOutage takes a user's network down for longer than Spectrum's three attempts. The
// user receives one message and sees the contact offline. When the network returns, the
// user is online again with contacts and rooms.
func TestOutage(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{lua: "login_delay = 0.4"})
	b.write("script.lua", strings.Replace(outageScript, "DIR", b.inside(""), 1))
	b.startSpectrum()
	b.waitSpectrum()
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	alice.echoes()
	alice.join(b.room(), "alice")
	alice.do(command{"do": "presence", "show": "away"})
	b.waitLog("backend-1.log", "status away in attempt 1")

	alice.step("loses the network")
	b.write("down", "")
	alice.do(command{"do": "message", "to": b.contact("echo"), "body": "drop"})
	told := alice.wait("the message with the reason", messageFrom(b.jid))
	if !strings.HasPrefix(told.Body, "no route to the network <1>\n") || told.From != b.jid {
		t.Errorf("%s says %q", told.From, told.Body)
	}
	alice.wait("the contact is offline", presence(b.contact("echo"), "unavailable"))
	alice.do(command{"do": "message", "to": b.contact("echo"), "body": "written in the outage"})
	b.waitLog("backend-1.log", "attempt 6")

	alice.step("has the network again")
	if err := os.Remove(b.path("down")); err != nil {
		t.Fatal(err)
	}
	alice.wait("the contact is online", presence(b.contact("echo"), ""))
	alice.wait("the message has arrived", func(e event) bool {
		return messageFrom(b.contact("echo"))(e) && e.Body == "written in the outage"
	})
	b.waitLog("backend-1.log", `(?s)attempt 6.*status away in attempt.*join #room`)
	alice.do(command{"do": "message", "to": b.room(), "type": "groupchat", "body": "hello"})
	alice.wait("the room is back", func(e event) bool { return messageFrom(b.room())(e) && e.Body == "heard hello" })
	alice.echoes()
	if n := alice.count(messageFrom(b.jid)); n != 1 {
		t.Errorf("the user receives the message %d times", n)
	}
	if text := b.log("spectrum.log"); strings.Contains(text, "trying to reconnect") || strings.Contains(text, "Disconnected from legacy network") {
		t.Error("Spectrum has seen the outage")
	}
	b.streamHolds()
}

// count returns how many events of the whole session match.
func (c *client) count(match func(event) bool) (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.events {
		if match(e) {
			n++
		}
	}
	return n
}

// TestPoisonMessage sends a line that is too long for a stanza through a user's reading
// task, and then breaks the task. The user receives what follows.
func TestPoisonMessage(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{lua: "login_delay = 0.4"})
	b.write("script.lua", strings.Replace(outageScript, "DIR", b.inside(""), 1))
	b.startSpectrum()
	b.waitSpectrum()
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	if e := alice.say("echo", "poison"); e.Body != "after the poison" {
		t.Errorf("%d bytes arrive", len(e.Body))
	}
	b.waitLog("backend-1.log", "error in the function of spectrum.each: script.lua:.*conv_message")
	alice.step("has a task that fails")
	alice.do(command{"do": "message", "to": b.contact("echo"), "body": "break"})
	if told := alice.wait("the message with the reason", messageFrom(b.jid)); !strings.HasPrefix(told.Body, "the reader is broken") {
		t.Errorf("the user receives %q", told.Body)
	}
	alice.wait("the contact is offline", presence(b.contact("echo"), "unavailable"))
	alice.wait("the contact is online", presence(b.contact("echo"), ""))
	alice.echoes()
	if e := alice.say("echo", "poison"); e.Body != "after the poison" {
		t.Errorf("%d bytes arrive", len(e.Body))
	}
	b.streamHolds()
}
