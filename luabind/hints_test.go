package luabind_test

import (
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// TestHints makes mistakes for which Lua's message only mentions nil.
func TestHints(t *testing.T) {
	const hint = ": is a name misspelt, or a field not set?"
	for _, c := range []struct{ name, body, want string }{
		{"a concatenation with a missing field", `local s = "x" .. m.text`, "attempt to concatenate field 'text' (a nil value)" + hint},
		{"a sum with a missing field", `local n = m.text + 1`, "attempt to perform arithmetic on field 'text' (a nil value)" + hint},
		{"a field of a missing field", `local n = m.text.size`, "attempt to index field 'text' (a nil value)" + hint},
		{"an assignment to a field of a missing field", `m.text.size = 1`, "attempt to index field 'text' (a nil value)" + hint},
		{"a comparison with a missing field", `local b = m.text < 1`, "attempt to compare nil with number" + hint},
		{"a module that is not required", `sql.open("x")`, "attempt to index global 'sql' (a nil value): write local sql = require \"spectrum.sql\""},
		{"a module as a field of spectrum", `require("spectrum").net.connect("x:1")`, "spectrum.net is a module of its own: write local net = require \"spectrum.net\""},
		{"a call of an unknown function", `greet()`, "attempt to call global 'greet' (a nil value)" + hint},
		{"a string compared with a number", `local b = "x" < 1`, "attempt to compare string with number: tonumber(text) makes a number of a text"},
		{"two texts that are nil", `local b = m.a < m.b`, "attempt to compare two nil values" + hint},
		{"two tables compared", `local b = m < {}`, "attempt to compare two table values"},
		{"a sum of texts", `local s = "a" + "b"`, "attempt to perform arithmetic on a string value: '..' joins texts, and tonumber(text) makes a number of a text"},
		{"a table in a text", `local s = "a" .. m`, "attempt to concatenate local 'm' (a table value): choose one of its fields"},
		{"a boolean in a text", `local s = "a" .. true`, "attempt to concatenate a boolean value: tostring(value) makes a text"},
		{"a field of a function", `local s = print.x`, "attempt to index global 'print' (a function value): call the function, with parentheses"},
		{"a loop over a table without pairs", `for k in m do print(k) end`, "attempt to call a table value: a table is not a function; a loop over a table is 'for key, value in pairs(t) do'"},
		{"a call of a text", `m.a = "x" m.a()`, "attempt to call field 'a' (a string value): this is not a function; leave out the parentheses"},
		{"a method called with a dot", `function m:f() return self.x end m.f()`, "attempt to index local 'self' (a nil value): call the method with a colon, as in object:method()"},
		{"a failed call", `local f = io.open("/none/none") f:read()`, "attempt to index local 'f' (a nil value): is a name misspelt, or has a call failed? It then returns nil and a message"},
		{"an error that the script raises", `error("attempt to eat nil")`, "attempt to eat nil"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := luatest.New(t, "local m = {}\n"+c.body+"\nreturn m").Host.Load()
			if want := "script.lua:2: " + c.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// TestMistakesAroundTheSession makes mistakes with the arguments of handlers and with
// colons.
func TestMistakesAroundTheSession(t *testing.T) {
	for _, c := range []struct{ name, handler, want string }{
		{"a handler without the parameter session", "function on.conv_message(m)\n print(m.message)\nend",
			`script.lua:5: a session has no "message"; the message is a handler's second argument: function on.conv_message(session, m)`},
		{"a helper called with the session instead of the message", "local function show(m)\n return m.nickname\nend\nfunction on.conv_message(m) show(m) end",
			`script.lua:5: a session has no "nickname"; the message is a handler's second argument: function on.NAME(session, m)`},
		{"a handler without parameters", "function on.conv_message()\n session:connected()\nend",
			`script.lua:5: attempt to index global 'session' (a nil value): a handler gets the session as its first argument: function on.NAME(session, m)`},
		{"a handler with swapped parameters", "function on.conv_message(m, session)\n session:connected()\nend",
			`script.lua:5: attempt to call method 'connected' (a nil value): connected is a method of the session, a handler's first argument: function on.NAME(session, m)`},
		{"a module's function with a colon", "function on.conv_message(session)\n net:connect('127.0.0.1:1')\nend",
			`script.lua:5: connect is a function of the module spectrum.net: write net.connect(…), with a dot`},
		{"a function of spectrum with a colon", "function on.conv_message(session)\n spectrum:sleep(1)\nend",
			`script.lua:5: sleep is a function of the module spectrum: write spectrum.sleep(…), with a dot`},
		{"a status that does not exist", "function on.conv_message(session)\n session:buddy_changed { buddy_name = 'c', status = 'offline' }\nend",
			`script.lua:5: buddy_changed: status: invalid value "offline"; did you mean "none"?`},
		{"a method that does not exist", "function on.conv_message(session)\n session:buddy_renamed {}\nend",
			`script.lua:5: a session has no "buddy_renamed"`},
		{"a yield", "function on.conv_message(session)\n coroutine.yield()\nend",
			`script.lua:5: attempt to yield from outside a coroutine: a handler or a task waits with spectrum.sleep(seconds) or channel:receive()`},
		{"a table as an error", "function on.conv_message(session)\n error { code = 7, why = 'gone', password = 's3cret', at = { 1 }, [2] = true, ['a-b'] = print, ['end'] = 1 }\nend",
			`an error that is a table: { [2] = true, ["a-b"] = a function, ["end"] = 1, at = {…}, code = 7, password = ***, why = "gone" }`},
		{"a table with a message as an error", "function on.conv_message(session)\n error { message = 'refused', code = 7 }\nend",
			`refused { code = 7 }`},
		{"a table with only a message", "function on.conv_message(session)\n error { message = 'refused' }\nend", `refused`},
		{"an empty table", "function on.conv_message(session)\n error {}\nend", `an error that is a table`},
		{"a table whose message is not a string", "function on.conv_message(session)\n error { message = 7 }\nend", `an error that is a table: { message = 7 }`},
		{"a URL with a password", "function on.conv_message(session)\n error { at = 'https://a:b@c' }\nend", `an error that is a table: { at = *** }`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := luatest.New(t, "local spectrum, net = require 'spectrum', require 'spectrum.net'\nlocal on = {}\nfunction on.login(s) s:connected() end\n"+c.handler+"\nreturn on")
			if err := f.Host.Load(); err != nil {
				t.Fatal(err)
			}
			f.Login("alice@localhost")
			f.Expect("connected", nil)
			f.Say("alice@localhost", "carol", "hi")
			f.ExpectLog("error in on.conv_message: " + c.want)
		})
	}
}

// TestAnErrorThatIsABigTableIsShort checks that the text for a large table is limited.
func TestAnErrorThatIsABigTableIsShort(t *testing.T) {
	err := luatest.New(t, `local t = {}
for i = 1, 2e3 do t["field" .. i] = ("x"):rep(1e4) end
error(t)`).Host.Load()
	if err == nil || len(err.Error()) > 5000 || !strings.Contains(err.Error(), "(1990 more)") {
		t.Errorf("got an error of %d bytes: %.300v", len(err.Error()), err)
	}
}
