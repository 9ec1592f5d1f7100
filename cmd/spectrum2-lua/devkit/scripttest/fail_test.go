package scripttest_test

import (
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

// failing holds the bodies of failing cases and the messages of their failures. The first
// line of a body is line 3 of the file.
var failing = []struct{ name, body, want string }{
	{"two values that differ", `t.equal(1 + 1, 3, "the sum")`,
		"script_test.lua:3: the sum: the values differ\n  expected: 3\n  got:      2"},
	{"two tables that differ", `t.equal({ 1, x = { y = "a" }, z = 1 }, { 1, x = { y = "b" }, [true] = 2 })`,
		"script_test.lua:3: the values differ\n  expected: { 1, [true] = 2, x = { y = \"b\" } }\n  got:      { 1, x = { y = \"a\" }, z = 1 }\n" +
			"  at [true]: got nil, want 2\n  at x.y: got \"a\", want \"b\"\n  at z: got 1, want nil"},
	{"a message with other fields", "local u = t:login()\nu:expect('connected') u:say('echo', 'hello')\nu:expect('conv_message', { buddy_name = 'echo', message = 'hallo' }, 0.2)",
		"script_test.lua:5: conv_message did not arrive within 200ms\n" +
			"  expected: conv_message for alice@localhost { buddy_name = \"echo\", message = \"hallo\" }\n" +
			"  got:      conv_message for alice@localhost { buddy_name = \"echo\", message = \"hello\" }\n" +
			"            message: got \"hello\", want \"hallo\"\n" +
			"  seen since the login of alice@localhost:\n" +
			"    → LOGIN alice@localhost legacy_name=\"alice\" password=*** settings={enable_transport=\"1\" send_headlines=\"0\" stay_connected=\"0\"}\n" +
			"    ← CONNECTED alice@localhost"},
	{"a message to a room that the user is not in", "local u = t:login()\nu:say('echo', 'room')\nu:expect('conv_message', { buddy_name = 'lobby' }, 0.2)",
		"script_test.lua:5: conv_message did not arrive within 200ms\n" +
			"  expected: conv_message for alice@localhost { buddy_name = \"lobby\" }\n" +
			"  got:      conv_message for alice@localhost { buddy_name = \"lobby\", message = \"too early\", nickname = \"bob\" }\n" +
			"            Spectrum drops this: the user has not joined the room \"lobby\"\n"},
	{"a message that does not arrive", "local u = t:login()\nu:expect('typing', nil, 0.1)",
		"script_test.lua:4: buddy_typing"},
	{"a message that should never arrive", "local u = t:login()\nu:say('echo', 'hello')\nu:never('conv_message')",
		"script_test.lua:5: a message arrived that should never arrive\n  never:    conv_message for alice@localhost\n  got:      conv_message for alice@localhost { buddy_name = \"echo\", message = \"hello\" }\n  seen"},
	{"a message that arrives later", "local u = t:login()\nu:say('echo', 'hello')\nu:never('conv_message', { message = 'hello' }, 5)",
		"script_test.lua:5: a message arrived that should never arrive"},
	{"a message of any type", "local u = t:login()\nu:expect('connected')\nu:never()",
		"script_test.lua:5: a message arrived that should never arrive\n  never:    anything for alice@localhost\n  got:      buddy_changed for alice@localhost { "},
	{"a message that does not exist", "t:login():expect('conv_mesage')",
		`script_test.lua:3: no message has the name "conv_mesage"; did you mean "conv_message"?`},
	{"a field that does not exist", "t:login():expect('conv_message', { buddy = 'x' })",
		`script_test.lua:3: conv_message: there is no field "buddy"; did you mean "buddy_name"?`},
	{"a value that does not exist", "t:login():expect('buddy_changed', { status = 'onlin' })",
		`script_test.lua:3: buddy_changed: status: invalid value "onlin"; did you mean "online"?`},
	{"an expected question", "t:login():expect('question')", "user:answer waits for a question"},
	{"a sent text for the transport", "t:login():send('service_message', { message = 'x' })", "user:command writes one"},
	{"an expected message of Spectrum", "t:login():expect('login')", "login is a message of Spectrum: send it"},
	{"a sent message of the script", "t:login():send('connected')", "connected is a message of scripts: expect it"},
	{"a message of a user on t", "t:expect('connected')", "connected belongs to a user: call the method on the result of t:login"},
	{"a message of no user on a user", "t:login():expect('query')", "query belongs to no user: call the method on t, not on a user"},
	{"an error in a handler", "local u = t:login()\nu:say('echo', 'fail')\nt:settle()",
		"error in on.conv_message: script.lua:"},
	{"an error in a function that is called", "local function check(x)\n  t.equal(x, 2)\nend\ncheck(1)",
		"script_test.lua:4: the values differ\n  expected: 2\n  got:      1\n  called from script_test.lua:6:"},
	{"a function that raises no error", "t.error(function() end, 'oops')", "script_test.lua:3: the function returned without an error\n  expected: t.pattern(\"oops\")"},
	{"a mistake in the test", "local x = nil + 1", "script_test.lua:3: attempt to perform arithmetic on a nil value"},
	{"an error in a task of the test", "require('spectrum').spawn(function() error('beside') end)\nrequire('spectrum').sleep(10)",
		"in a task of the test: error in a task: script_test.lua:3: beside"},
	{"no line in the log", "t:log('nothing of that kind', 0.1)", `script_test.lua:3: expected a line of the log that matches "nothing of that kind" within 100ms, but there was none`},
	{"a config that is wrong", "t:start { config = { lua = { relod = 1 } } }", "[lua] has no key \"relod\"; did you mean reload?"},
	{"an option that is wrong", "t:login { username = 'x' }", "login has no option \"username\""},
	{"a method called with a dot", "t.login {}", "login is a method of a t: write t:login(…), with a colon"},
	{"another script that is missing", "t:start { script = 'other.lua' }", "reading the script"},
	{"started twice", "t:start()\nt:start()", "script_test.lua:4: the script runs already"},
	{"a case in a case", "test.case('x', function() end)", "call test.case while the file loads, not in a case"},
}

func TestFailuresNameLineAndValues(t *testing.T) {
	for _, c := range failing {
		t.Run(c.name, func(t *testing.T) {
			r := one(t, echo, strings.ReplaceAll(c.body, "'typing'", "'buddy_typing'"))
			if text := strings.Join(r.Failures, "\n"); !strings.Contains(text, c.want) {
				t.Errorf("the failure is\n%s\nwant\n%s", text, c.want)
			}
		})
	}
}

// TestTimeoutStopsCasesThatHang runs cases that do not end.
func TestTimeoutStopsCasesThatHang(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"a case that waits", "require('spectrum').sleep(1e6)", "script_test.lua:3: the case took 300ms (--timeout)"},
		{"a case that computes", "while true do end", "script_test.lua:3: the case took 300ms (--timeout)"},
		{"a case that catches errors", "while true do pcall(function() while true do end end) end", "script_test.lua:3: the case took 300ms (--timeout)"},
		{"a case that expects", "t:login():expect('vcard', nil, 1000)", "script_test.lua:3: the case took 300ms (--timeout)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := folder(t, map[string]string{
				"script.lua":      echo,
				"script_test.lua": "local test = require 'test'\ntest.case('it', function(t)\n" + c.body + "\nend)\n",
			})
			_, results := runIn(t, dir, scripttest.Options{Timeout: 300 * time.Millisecond})
			if len(results) != 1 || len(results[0].Failures) != 1 || !strings.Contains(results[0].Failures[0], c.want) {
				t.Errorf("the results are %q", results)
			}
		})
	}
}

// TestCaseThatDoesNotBeginFails has a task of the file that computes until the time of the case is over.
func TestCaseThatDoesNotBeginFails(t *testing.T) {
	dir := folder(t, map[string]string{
		"script.lua": echo,
		"script_test.lua": `
local spectrum, test = require "spectrum", require "test"
spectrum.spawn(function()
  local begin = os.clock()
  while os.clock() - begin < 1 do end
end)
test.case("it", function(t) spectrum.sleep(1e6) end)
`,
	})
	_, results := runIn(t, dir, scripttest.Options{Timeout: 300 * time.Millisecond})
	want := "the case took 300ms (--timeout)"
	if len(results) == 1 && len(results[0].Failures) == 1 && strings.Contains(results[0].Failures[0], "to load") {
		want = "the file takes more than 300ms to load (--timeout)" // on a machine under load
	}
	if len(results) != 1 || len(results[0].Failures) != 1 || results[0].Failures[0] != want {
		t.Errorf("the results are %q", results)
	}
}

// TestCasesFailIfSpectrumWouldSuffer breaks a rule of Spectrum that the runtime does not check.
func TestCasesFailIfSpectrumWouldSuffer(t *testing.T) {
	r := one(t, `
local spectrum = require "spectrum"
local on = {}
function on.query() spectrum.backend_config { features = { muc = true } } end
return on`, "t:send('query', { config = 'x' })\nt:expect('backend_config')")
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "with the real Spectrum: BACKEND_CONFIG after the first PONG") {
		t.Errorf("the failures are %q", r.Failures)
	}
}

// TestErrorsAtTheEndFailTheCase checks an error that occurs when the backend stops.
func TestErrorsAtTheEndFailTheCase(t *testing.T) {
	r := one(t, "local on = {}\nfunction on.exit() error('at the end') end\nreturn on", "t:login()")
	if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], "error in on.exit: script.lua:2: at the end") {
		t.Errorf("the failures are %q", r.Failures)
	}
}
