package scripttest_test

import (
	"strings"
	"testing"
)

// askingScript asks at login, and has a command.
const askingScript = `
local spectrum = require "spectrum"
spectrum.command { name = "join", arguments = { "room" }, run = function(_, a) return "joined " .. a.room end }
local on = {}
function on.login(session)
  local how = assert(session:ask { text = "How?", options = { "SMS", "call" } })
  local code = session:ask { text = "Code?", secret = true }
  session:connected()
  session:notify("by " .. how .. ": " .. tostring(code))
end
return on
`

func TestUsersAnswerQuestions(t *testing.T) {
	for _, c := range []struct{ name, body, failure string }{
		{"under serve", `
		local u = t:login()
		t.equal(u:answer("2"), "How?")
		t.equal(u:answer("1234"), "Code?")
		u:expect("connected")
		u:notice("by call: 1234")
		u:command("join #a")
		t.equal(u:notice(), "joined #a")`, ""},
		{"under Spectrum", `
		t:start { home = "spectrum" }
		local u = t:login()
		t.equal(u:answer("SMS"), "How?")
		t.equal(u:answer("1234"), "Code?")
		u:expect("connected")
		u:notice("by SMS: 1234")
		u:command("/join #a")
		t.equal(u:notice(), "joined #a")`, ""},
		{"a cancelled question", `
		local u = t:login()
		u:answer("SMS")
		u:answer("/cancel")
		u:notice("by SMS: nil")`, ""},
		{"no question", `
		local u = t:login()
		u:answer("SMS")
		u:answer("1")
		u:answer("2", 0.1)`, "question did not arrive"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := one(t, askingScript, c.body)
			failures := strings.Join(r.Failures, "\n")
			if c.failure == "" && failures != "" || c.failure != "" && !strings.Contains(failures, c.failure) {
				t.Errorf("the failures are:\n%s", failures)
			}
		})
	}
}
