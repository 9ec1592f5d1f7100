package scripttest_test

import (
	"strings"
	"testing"
)

// passing holds the bodies of cases that pass.
var passing = []struct{ name, body string }{
	{"nothing", ``},
	{"a login", `
		local u = t:login()
		t.equal(u.user, "alice@localhost")
		t.equal(u.legacy_name, "alice")
		local m = u:expect("connected")
		t.equal(m.user, "alice@localhost")
		local b = u:expect("buddy_changed", { buddy_name = "echo", status = "online" })
		t.equal(b.alias, "Echo")
		t.same(b, { group = { "a", "b" } })`},
	{"messages in any order", `
		local u = t:login "bob@localhost"
		u:expect("buddy_changed")
		u:expect("connected")`},
	{"two users", `
		local a, b = t:login(), t:login { user = "bob@localhost", legacy_name = "rob", password = "x", settings = { color = "blue", on = true } }
		a:say("echo", "from a")
		b:say("echo", "from b")
		b:expect("conv_message", { message = "from b" })
		a:expect("conv_message", { message = "from a" })
		a:never("conv_message", { message = "from b" })
		t.equal(b.legacy_name, "rob")`},
	{"patterns", `
		local u = t:login()
		u:say("echo", "the answer is 42")
		u:expect("conv_message", { buddy_name = t.any, message = t.pattern("^the answer is %d+$"), nickname = t.none })`},
	{"a second login starts without messages", `
		t:login():logout()
		local u = t:login()
		u:expect("connected"); u:expect("buddy_changed")
		u:never()`},
	{"flags in any order", `
		local u = t:login()
		u:say("echo", "flags")
		u:expect("participant_changed", { flag = { "me", "moderator" } })
		u:say("echo", "flags")
		u:expect("participant_changed", { flag = { "moderator", "me" } })`},
	{"send with fields", `
		local u = t:login()
		u:send("conv_message", { buddy_name = "echo", message = "hi", xhtml = "<p>hi</p>" })
		u:expect("conv_message", { message = "hi" })`},
	{"never", `
		local u = t:login()
		u:expect("connected"); u:expect("buddy_changed")
		u:say("echo", "quiet")
		u:never("conv_message")
		u:never()
		t:expect("backend_config")
		t:never()
		u:never("conv_message", nil, 0.01)`},
	{"a query", `
		t.equal(t:query("hello"), "you said hello -")`},
	{"messages of no user", `
		t:send("raw_xml", "<iq id='1'/>")
		t.equal(t:expect("raw_xml", t.pattern('id="1"')), '<iq id="1"/>')
		t:send("raw_xml", "<iq id='2'/>")
		t:expect("raw_xml", '<iq id="2"/>')`},
	{"timers of an hour", `
		local u = t:login()
		t:advance(3600)
		for i = 1, 60 do u:expect("conv_message", { buddy_name = "clock" }) end
		u:never("conv_message")`},
	{"a handler that sleeps", `
		local u = t:login()
		u:say("echo", "later")
		t:settle()
		t:advance(29)
		u:never("conv_message")
		t:advance(1)
		u:expect("conv_message", { message = "later" })`},
	{"the test's own clock", `
		local time, spectrum = require "spectrum.time", require "spectrum"
		local before, fired = time.now(), false
		spectrum.after(1800, function() fired = true end)
		t:advance(3600)
		t.truthy(fired)
		t.truthy(time.now() - before >= 3600)
		t.truthy(os.time() - before >= 3599)`},
	{"an error that is expected", `
		local u = t:login()
		u:say("echo", "fail")
		t.match(t:expect_error("as you wish"), "on%.conv_message: script%.lua:%d+:")`},
	{"a login that fails", `
		local u = t:login { legacy_name = "bad" }
		u:expect("disconnected", { error = "invalid_settings", message = t.pattern("no such account") })
		t:expect_error("no such account")`},
	{"the log", `
		local u = t:login()
		u:logout()
		t.equal(t:log("bye"), "bye\talice@localhost")`},
	{"config", `
		t:start { config = { my = { key = "it" } } }
		t.equal(t:query("?"), "you said ? it")`},
	{"a function in the config", `
		t:start { config = { my = { key = function(tt) return tt.folder end } } }
		t.equal(t:query("?"), "you said ? " .. t.folder)`},
	{"reload", `
		t:start()
		t:expect("backend_config")
		local u = t:login()
		u:expect("connected")
		t:reload()
		t:never("backend_config")
		u:say("echo", "again")
		u:expect("conv_message", { message = "again" })`},
	{"assertions", `
		t.equal({ 1, { a = 2 } }, { 1, { a = 2 } })
		t:equal(1, 1)
		t.not_equal({ 1 }, { 2 })
		t.same({ a = 1, b = 2 }, { a = 1 })
		t.equal({ a = "x1" }, { a = t.pattern("%d") })
		local a, b = t.match("key=value", "(%w+)=(%w+)")
		t.equal(a .. b, "keyvalue")
		t.equal(t.match("abc", "b."), "bc")
		t.contains("haystack", "st")
		t.contains({ "a", { 1 } }, { 1 })
		t.match(t.error(function() error("oh no") end), "oh no")
		t.error(function() error({ message = "x" }) end)
		t.error(function() t.equal(1, 2) end, "the values differ")
		t.error(function() u.x = 1 end, "index global")
		t.falsy(nil)
		local n = 0
		t.equal(t.eventually(function() n = n + 1 return n > 2 and n end), 3)
		t.error(function() t.eventually(function() return false end, 0.02) end, "it is false")
		t.equal(t.truthy(7), 7)
		test.equal(1, 1)`},
	{"modules of spectrum", `
		local json, regexp = require "spectrum.json", require "spectrum.regexp"
		t.equal(json.decode('{"a":[1]}'), { a = { 1 } })`},
	{"three names of one module", `
		t.equal(require "test", require "spectrum.test")
		t.equal(_G.test, require "test")`},
	{"a folder", `
		local f = assert(io.open(t.folder .. "/x", "w"))
		f:write("x"); f:close()`},
}

func TestCasesThatPass(t *testing.T) {
	for _, c := range passing {
		t.Run(c.name, func(t *testing.T) {
			if r := one(t, echo, c.body); !r.Passed() {
				t.Errorf("the case failed:\n%s\nlog:\n%s", strings.Join(r.Failures, "\n"), strings.Join(r.Log, "\n"))
			}
		})
	}
}
