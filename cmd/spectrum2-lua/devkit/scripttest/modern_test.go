package scripttest_test

import (
	"strings"
	"testing"
)

// modernScript reports each message of the user, and tells what it receives.
const modernScript = `
local on, n = {}, 0
function on.login(s) s:connected() end
local function tell(s, name, text) s:conv_message { buddy_name = name, id = "told", message = text } end
function on.conv_message(s, m)
  n = n + 1
  if m.message ~= "lost" then s:sent { id = m.id, network_id = "n" .. n } end
  local reply = m.reply_to
  tell(s, m.buddy_name, (m.replaces or "new") .. ":" .. m.message .. (reply and " to " .. reply.id .. " by " .. (reply.author or "me") .. ": " .. reply.text or ""))
end
function on.reaction(s, r) tell(s, r.buddy_name, r.id .. table.concat(r.emoji)) end
function on.retraction(s, r) tell(s, r.buddy_name, "gone: " .. r.id) end
function on.displayed(s, d) tell(s, d.buddy_name, "read: " .. d.id) end
return on
`

func TestUsersReferToMessages(t *testing.T) {
	for _, c := range []struct{ name, body, failure string }{
		{"everything", `
		local u = t:login()
		local m = u:say("carol", "one")
		t.equal(m.id, "client-1")
		local told = u:expect("conv_message", { message = "new:one" })
		u:react(m, "👍", "🎈"); u:expect("conv_message", { message = "n1👍🎈" })
		u:react(told); u:expect("conv_message", { message = "told" })
		local again = u:correct(m, "two"); u:expect("conv_message", { message = "n1:two" })
		u:reply(told, "yes"); u:expect("conv_message", { message = "new:yes to told by carol: new:one" })
		u:reply(m, "no"); u:expect("conv_message", { message = "new:no to n1 by me: one" })
		u:read(told); u:expect("conv_message", { message = "read: told" })
		u:retract(again); u:expect("conv_message", { message = "gone: n2" })`, ""},
		{"a room", `
		local u = t:login()
		u:reply({ buddy_name = "#r", nickname = "bob", id = "r1", message = "hi" }, "yes"); u:expect("conv_message", { message = "new:yes to r1 by bob: hi" })
		u:react({ buddy_name = "#r", nickname = "bob", id = "r1", pm = true }, "x"); u:expect("conv_message", { buddy_name = "#r/bob" })`, ""},
		{"a correction of what was not reported", `
		local u = t:login()
		u:correct(u:say("carol", "lost"), "found"); u:expect("conv_message", { message = "new:found" })`, ""},
		{"a reaction to what was not reported", `
		local u = t:login()
		u:react(u:say("carol", "lost"), "x")`, "react: the script has not reported this message with session:sent"},
		{"a correction of somebody else", `t:login():correct({ buddy_name = "carol", id = "n9" }, "x")`, "correct: the gateway refuses to correct messages of others"},
		{"a retraction of somebody else", `t:login():retract({ buddy_name = "carol", id = "n9" })`, "retract: the gateway refuses"},
		{"no message", `t:login():react({ buddy_name = "carol" }, "x")`, "react: message expected, with buddy_name and id"},
		{"under Spectrum", `
		t:start { home = "spectrum" }
		local u = t:login()
		u:react(u:say("carol", "one"), "x")`, "react: Spectrum passes no such messages"},
		{"another home", `t:start { home = "moon" }`, `home: "serve" or "spectrum" expected, got "moon"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := one(t, modernScript, c.body)
			failures := strings.Join(r.Failures, "\n")
			if r.Passed() != (c.failure == "") || !strings.Contains(failures, c.failure) {
				t.Errorf("failures:\n%s\nlog:\n%s", failures, strings.Join(r.Log, "\n"))
			}
		})
	}
}
