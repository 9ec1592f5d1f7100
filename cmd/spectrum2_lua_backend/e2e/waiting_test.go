//go:build e2e

package e2e_test

import "testing"

// waitingScript has a handler that waits forever, and a connection for each user to a server
// in the script, with a task that reads from it. It logs their ends in order.
const waitingScript = `local spectrum, net = require "spectrum", require "spectrum.net"
local log = spectrum.log
local listener = assert(net.listen("127.0.0.1:0"))
spectrum.spawn("server", function()
  while true do
    local conn = assert(listener:accept())
    spectrum.spawn(function()
      conn:read_line()
      log.info("the server: the user's connection is closed")
    end)
  end
end)

local logins = 0
local on = {}
function on.login(session)
  logins = logins + 1
  session.data.login = logins
  log.info("login " .. logins)
  local conn = assert(net.connect(listener.address))
  session:spawn("reader", function() conn:read_line() end)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", status = "online" }
end
function on.conv_message(session, m)
  if m.message == "wait" then
    log.info("login " .. session.data.login .. " waits")
    spectrum.sleep(1000)
  end
  session:conv_message { buddy_name = m.buddy_name, message = "login " .. session.data.login .. ": " .. m.message }
end
function on.logout(session) log.info("logout " .. session.data.login) end
return on
`

// TestLogoutWhileWaiting logs a user out while a handler waits, and immediately in again.
// The first session and its resources must end before the second one begins.
func TestLogoutWhileWaiting(t *testing.T) {
	t.Parallel()
	b := newBed(t, bedConfig{script: waitingScript})
	alice := b.client("alice")
	alice.online()
	alice.befriend("echo")
	if e := alice.say("echo", "hello"); e.Body != "login 1: hello" {
		t.Fatalf("the answer is %q", e.Body)
	}
	alice.step("logs out while a handler waits, and logs in again")
	alice.do(command{"do": "message", "to": b.contact("echo"), "body": "wait"})
	b.waitLog("backend-1.log", "login 1 waits")
	alice.do(command{"do": "presence", "to": b.jid, "type": "unavailable"})
	b.waitLog("spectrum.log", "Disconnecting user") // an earlier presence would belong to the old session
	alice.do(command{"do": "presence", "to": b.jid, "caps": true})
	b.waitLog("backend-1.log", `(?s)login 1 waits.*logout 1.*login 2`)
	b.waitLog("backend-1.log", "the server: the user's connection is closed")
	if e := alice.say("echo", "again"); e.Body != "login 2: again" {
		t.Errorf("the answer is %q", e.Body)
	}
	b.streamHolds()
}
