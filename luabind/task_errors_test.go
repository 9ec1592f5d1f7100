package luabind_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

// TestErrorOfATaskEndsItsSession runs a script whose on.conv_message does what a case
// says. The user receives the error, or a last message shows that the session continues.
func TestErrorOfATaskEndsItsSession(t *testing.T) {
	cases := []struct{ name, task, reason string }{
		{"a task without a name", `session:spawn(function() error("boom") end)`, "script.lua:5: boom"},
		{"a task with a name", `session:spawn("reader", function() error("boom", 1) end)`, "script.lua:5: boom"},
		{"a task with options", `session:spawn({ name = "reader" }, function(a, b) error(a .. b, 0) end, "x", "y")`, "xy"},
		{"on_error is disconnect", `session:spawn({ on_error = "disconnect" }, error, "boom")`, "boom"},
		{"a message that is too long for a stanza", `session:spawn(function() session:conv_message { buddy_name = "b", message = ("x"):rep(6e5) } end)`,
			"script.lua:5: conv_message: it is too big: at least 600016 bytes in a stanza, at most 516096 can be sent (a picture counts for four thirds of its size)"},
		{"a long error is shortened", `session:spawn(error, ("é"):rep(1000))`, strings.Repeat("é", 150) + "…"},
		{"an error that XML forbids", `session:spawn(error, "a\1b\255")`, "ab\uFFFD"},
		{"a task that ran too long", `session:spawn(function() while true do end end)`, "script.lua:5: stopped: it ran for 300ms without waiting (handler_timeout)"},
		{"on_error is log", `session:spawn({ on_error = "log" }, error, "boom")`, ""},
		{"a task of the process", `spectrum.spawn(error, "boom")`, ""},
		{"a task of the process that logs", `spectrum.spawn({ name = "x", on_error = "log" }, error, "boom")`, ""},
		{"a timer", `session:after(0, function() error("boom") end)`, ""},
		{"a task that is cancelled", `local gate = spectrum.channel(); local task = session:spawn(function() gate:receive() end); spectrum.sleep(0); task:cancel(); task:join()`, ""},
		{"a task that is replaced", `for _ = 1, 3 do session:spawn("reader", spectrum.sleep, 1000) spectrum.sleep(0) end`, ""},
		{"a task that catches its error", `session:spawn(function() pcall(error, "boom") end)`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := luatest.Start(t, `local spectrum = require "spectrum"
local on = {}
function on.conv_message(session, m)
  if m.message == "task" then
    `+c.task+`
  else
    session:conv_message { buddy_name = "b", message = m.message }
  end
end
return on`, "handler_timeout = 0.3")
			st.Login(alice)
			st.Expect("connected", nil)
			st.Say(alice, "b", "task")
			if c.reason == "" {
				if strings.Contains(c.task, "boom") && !strings.Contains(c.task, "pcall") {
					st.ExpectLog("error in", "boom")
				}
				st.Say(alice, "b", "still here")
				st.ExpectSaid("still here")
				return
			}
			var d pb.Disconnected
			st.Expect("disconnected", &d)
			if d.GetUser() != alice || d.GetError() != pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR || d.GetMessage() != c.reason {
				t.Errorf("got %v, want the reason %q", &d, c.reason)
			}
			st.ExpectLog("error in")
		})
	}
}

func TestSecondErrorOfASessionIsOnlyLogged(t *testing.T) {
	st := luatest.Start(t, `local spectrum = require "spectrum"
local on = {}
function on.conv_message(session)
  session:spawn(function() session:disconnected { error = "network_error", message = "closed" } error("after it") end)
  session:spawn(error, "another")
  spectrum.sleep(0)
  session:conv_message { buddy_name = "b", message = "last" }
end
return on`)
	st.Login(alice)
	st.Say(alice, "b", "hello")
	st.ExpectLog("after it")
	st.ExpectLog("another")
	var types []string
	for {
		number, _, ok := st.Sent.Any()
		if !ok {
			t.Fatal("the last message is missing")
		}
		types = append(types, strings.TrimPrefix(number.String(), "TYPE_"))
		if number == pb.WrapperMessage_TYPE_CONV_MESSAGE {
			break
		}
	}
	if want := []string{"CONNECTED", "DISCONNECTED", "CONV_MESSAGE"}; !slices.Equal(types, want) {
		t.Errorf("the script sent %q, want %q", types, want)
	}
}

func TestSpawnRejectsWrongOptions(t *testing.T) {
	luatest.Run(t, `
local spectrum = require "spectrum"
local function fails(want, ...)
  local ok, err = pcall(spectrum.spawn, ...)
  assert(not ok and err:find(want, 1, true), err)
end
fails('spawn has no option "on_eror"; did you mean "on_error"?', { on_eror = "log" }, print)
fails('spawn: on_error: "disconnect" or "log" expected, got string "logg"', { on_error = "logg" }, print)
fails('spawn: on_error: string expected, got true', { on_error = true }, print)
fails('spawn: on_error: a task of the process has no user to disconnect', { on_error = "disconnect" }, print)
fails('spawn: name: string expected, got table', { name = {} }, print)
fails('bad argument #2 to', {})
fails('bad argument #1 to')`)
}

// TestOutageIsBridged lets a user's network fail three times. Spectrum learns nothing,
// and the user is back with the contacts.
func TestOutageIsBridged(t *testing.T) {
	st := luatest.Start(t, `local spectrum = require "spectrum"
local on, attempts = {}, 0
function on.login(session, m)
  assert(session.settings.color == "blue" and m.password == "hunter2" and not session.data.old)
  session.data.old = true
  attempts = attempts + 1
  if attempts > 1 and attempts < 4 then
    session:disconnected { error = "network_error", message = "no route to the server" }
    return
  end
  session:connected()
  session:buddy_changed { buddy_name = "carol", alias = "Carol", group = { "Friends" }, status = "away", status_message = "lunch", icon_hash = "ab" }
  session:buddy_changed { buddy_name = "dave", status = "none" }
  session:buddy_changed { buddy_name = "erin" }
  session:buddy_removed { buddy_name = "erin" }
end
function on.conv_message(session, m)
  if m.message == "fail" then session:spawn(error, "boom") return end
  session:conv_message { buddy_name = m.buddy_name, message = attempts .. " " .. m.message }
end
return on`, "login_retries = unlimited", "login_delay = 0.1")
	st.Login(alice)
	st.Expect("connected", nil)
	for range 3 {
		st.Expect("buddy_changed", nil)
	}
	st.Say(alice, "carol", "fail")
	if told := string(st.Sent.Next(t, pb.WrapperMessage_TYPE_RAW_XML)); !strings.HasPrefix(told, `<message to="alice@localhost"><body>boom`) {
		t.Errorf("the user received %s", told)
	}
	var b pb.Buddy
	st.Expect("buddy_changed", &b)
	if b.GetBuddyName() != "carol" || b.GetAlias() != "Carol" || b.GetStatus() != pb.StatusType_STATUS_TYPE_NONE || b.GetStatusMessage() != "" || b.GetIconHash() != "ab" {
		t.Errorf("a contact is shown as %v", &b)
	}
	st.Say(alice, "carol", "in the outage")
	for number := pb.WrapperMessage_TYPE_BUDDY_CHANGED; number != pb.WrapperMessage_TYPE_CONNECTED; {
		var ok bool
		if number, _, ok = st.Sent.Any(); !ok || number == pb.WrapperMessage_TYPE_DISCONNECTED || number == pb.WrapperMessage_TYPE_RAW_XML {
			t.Fatalf("the script sent %v", number)
		}
	}
	st.Expect("buddy_changed", &b)
	if b.GetBuddyName() != "carol" || b.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY {
		t.Errorf("a contact is back as %v", &b)
	}
	st.ExpectSaid("4 in the outage")
	st.ExpectLog("logged in", "failures=3")
	if lost := regexp.MustCompile(`info .*connection lost`).FindAllString(strings.ReplaceAll(st.Log.String(), "\x00", "\n"), -1); len(lost) != 1 {
		t.Errorf("the log has %d lost connections: %q", len(lost), lost)
	}
}
