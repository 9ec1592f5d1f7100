package check

import (
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// found checks a script and returns its findings as lines.
func found(t *testing.T, files ...string) []string {
	t.Helper()
	dir := t.TempDir()
	for i := 2; i+1 < len(files); i += 2 {
		write(t, dir, files[i], files[i+1])
	}
	write(t, dir, files[0], files[1])
	var all []string
	for _, f := range Paths(filepath.Join(dir, files[0])).Findings {
		text := strings.ReplaceAll(f.String(), dir+"/", "")
		all = append(all, text)
	}
	return all
}

// forSpectrum returns the files of a config for Spectrum with more keys of [service], and with more
// sections.
func forSpectrum(service, sections string) []string {
	return []string{"x.cfg", "[service]\nbackend = /bin/sh\n" + service + "\n" + sections + "\n[database]\ntype=sqlite3\n[lua]\n# check: ignore hidden-script\nscript = x.lua", "x.lua", "return {}"}
}

// TestCheckReportsMistakes compares the findings of wrong scripts.
func TestCheckReportsMistakes(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"a missing end", "local on = {}\nfunction on.login(session)\n  if true then\nend\nreturn on",
			"script.lua:3: error: syntax error at the end of the file: the 'if' of line 3 has no 'end' [syntax]"},
		{"a missing comma", "return { login = nil\n  logout = nil }",
			"script.lua:2: error: syntax error near 'logout' (column 3): is a comma missing before it, or the '}' for the '{' of line 1? [syntax]"},
		{"a missing do", "while true\n  return {}\nend", "script.lua:2: error: syntax error near 'return' (column 3): is 'do' missing before it? [syntax]"},
		{"a break outside a loop", "break", "script.lua:1: error: no loop to break [syntax]"},
		{"a number returned", "return 7", "script.lua:1: error: the script returns a number: it must end with `return on`, where `on` is the table of its handlers [no-handlers]"},
		{"nothing returned", "", "script.lua: error: the script returns nothing: it must end with `return on`, where `on` is the table of its handlers [no-handlers]"},
		{"a typo in a handler", "local on = {}\nfunction on.login(s) s:connected() end\non.conv_mesage = function() end\nreturn on",
			"script.lua:3: error: on.conv_mesage: no message has this name; did you mean on.conv_message? [unknown-handler]"},
		{"a typo in the table of handlers", "return { login = function(s) s:connected() end, conv_mesage = function() end }",
			"script.lua:1: error: on.conv_mesage: no message has this name; did you mean on.conv_message? [unknown-handler]"},
		{"a handler that is not a function", "return { login = 7, logout = function() end }",
			"script.lua:1: error: on.login: function expected, got number [unknown-handler]"},
		{"a login without an answer", "local on = {}\nfunction on.login(session) session:buddy_changed { buddy_name = 'x', status = 'online' } end\nreturn on",
			"script.lua:2: warning: the script never answers a login, so clients show that they are connecting: call session:connected() or session:disconnected{…} [never-connected]"},
		{"a handler with its origin", "local on = {}\nfunction on.login(session) session:connected() end\nfunction on.buddy_changed(session, m, origin) return session, m, origin end\nfunction on.buddy_removed(session, m, origin) return session, m, origin end\nreturn on", ""},
		{"a list with the handlers inside", "local on = {}\nfunction on.login(session) session:connected() end\nreturn { on }",
			"script.lua:3: error: the script returns a list with on inside: write `return on`, without braces [no-handlers]"},
		{"a module's function with a colon", in("local net = require 'spectrum.net'; net:connect('localhost:1')"),
			"script.lua:4: error: connect is a function of the module spectrum.net: write net.connect(…), with a dot [colon-for-dot]"},
		{"an ignored failure", "local http = require 'spectrum.http'\nhttp.serve(':8080', function() return 200 end)\nreturn {}",
			"script.lua:2: warning: http.serve returns nil and a message if it fails, and the script ignores both: write assert(http.serve(…)), or test the result [ignored-failure]"},
		{"an object in session.data without a test", "local net = require 'spectrum.net'\nlocal on = {}\nfunction on.login(session)\n  session.data.conn = net.connect('localhost:1')\n  session.data.conn:write('x')\n  session:connected()\nend\nreturn on",
			"script.lua:4: warning: net.connect returns nil and a message if it fails, and the script ignores both: write assert(net.connect(…)), or test the result [ignored-failure]"},
		{"an object in session.data with a test", "local net = require 'spectrum.net'\nlocal on = {}\nfunction on.login(session)\n  session.data.conn = net.connect('localhost:1')\n  if not session.data.conn then return end\n  session.data.conn:write('x')\n  session:connected()\nend\nreturn on", ""},
		{"a field of session.data that nothing sets", in("session.data.nick = 'x'; print(session.data.nick, session.data.nik)"),
			"script.lua:4: warning: session.data.nik is always nil, since the script never sets it [unset-data]"},
		{"a field of session.data with a computed name", in("session.data[tostring({})] = 'x'; print(session.data.nik)"), ""},
		{"session.data for another function", in("print(pairs(session.data)); print(session.data.nik)"), ""},
		{"a message to a room in on.login", "local on = {}\nfunction on.login(session)\n  session:connected()\n  session:conv_message { buddy_name = '#lobby', nickname = 'bot', message = 'hello' }\nend\nreturn on",
			"script.lua:4: warning: Spectrum drops messages to a room before the user joins it: send them in or after on.join_room [room-before-join]"},
		{"a message to a room after on.login", "local on = {}\nfunction on.login(session)\n  session:connected()\n  session:after(5, function() session:conv_message { buddy_name = '#lobby', nickname = 'bot', message = 'hello' } end)\nend\nreturn on", ""},
		{"a script that raises an error", "error('x')", "script.lua:1: error: the file always raises an error here, so the script does not load [never-loads]"},
		{"a tested failure", "local http = require 'spectrum.http'\nassert(http.serve(':8080', function() return 200 end))\nreturn {}", ""},
		{"Latin-1", "-- x\nprint('caf\xe9')\nreturn {}",
			"script.lua:2: warning: the line is not UTF-8, so texts lose characters: save the file as UTF-8 [not-utf-8]"},
		{"a list of contacts", in("session:roster { { buddy_nam = 'x' } }"), `script.lua:4: error: buddy_changed: there is no field "buddy_nam"; did you mean "buddy_name"? [unknown-field]`},
		{"a handler with a colon", "local on = {}\nfunction on:login(session, m) session:connected() return self, m end\nreturn on",
			"script.lua:2: warning: on.login is called with (session, m), but has 3 parameters, since the colon adds self: write a dot [handler-parameters]"},
		{"a field in a variable's table", in("local fields = { buddy = 'x', message = 'y' }\nsession:conv_message(fields)"),
			`script.lua:4: error: conv_message: there is no field "buddy"; did you mean "buddy_name"? [unknown-field]`},
		{"a missing required field", in("session:disconnected()"),
			"script.lua:4: error: disconnected: the field error is missing (one of network_error, invalid_username, authentication_failed, authentication_impossible, no_ssl_support, encryption_error, name_in_use, invalid_settings, cert_not_provided, cert_untrusted, cert_expired, cert_not_activated, cert_hostname_mismatch, cert_fingerprint_mismatch, cert_self_signed, cert_other_error, other_error expected) [missing-field]"},
		{"an enum value in a variable", in("local away = 'awaay'\nsession:update_buddy { buddy_name = 'x', status = away }"),
			`script.lua:5: error: buddy_changed: status: invalid value "awaay"; did you mean "away"? [wrong-value]`},
		{"an enum value after and, or", in("session:update_buddy { buddy_name = 'x', status = m.user and 'away' or 'onlin' }"),
			`script.lua:4: error: buddy_changed: status: invalid value "onlin"; did you mean "online"? [wrong-value]`},
		{"a timer with a string for its function", in("session:after(1, 'x')\nspectrum.every('tick', 1, 'print')"),
			`script.lua:4: error: after: fn: function expected, got string "x" [wrong-value]` + "\n" +
				`script.lua:5: error: spectrum.every: fn: function expected, got string "print" [wrong-value]`},
		{"a timer with its arguments in the wrong order", in("session:after(function() end, 5)\nspectrum.every(function() end, 5)"),
			"script.lua:4: error: after: seconds: number expected, got function [wrong-value]\n" +
				"script.lua:4: error: after: fn: function expected, got number 5 [wrong-value]\n" +
				"script.lua:5: error: spectrum.every: seconds: number expected, got function [wrong-value]\n" +
				"script.lua:5: error: spectrum.every: fn: function expected, got number 5 [wrong-value]"},
		{"a named function for a time", in("local function tick() end\nsession:after(tick, 5)\nspectrum.sleep(spectrum.spawn)"),
			"script.lua:5: error: after: seconds: number expected, got function [wrong-value]\n" +
				"script.lua:5: error: after: fn: function expected, got number 5 [wrong-value]\n" +
				"script.lua:6: error: spectrum.sleep: seconds: number expected, got function [wrong-value]"},
		{"a variable with a later value", in("local text = {}\ntext = m.user\nsession:notify(text)"), ""},
		{"a table for a text", in("session:notify({ text = 'x' })"),
			"script.lua:4: error: notify: text: string expected, got table [wrong-value]"},
		{"a missing argument", in("spectrum.sleep()\nspectrum.spawn('tick')\nsession:after(5)"),
			"script.lua:4: error: spectrum.sleep: seconds is missing (number expected) [missing-argument]\n" +
				"script.lua:5: error: spectrum.spawn: fn is missing (function expected) [missing-argument]\n" +
				"script.lua:6: error: after: fn is missing (function expected) [missing-argument]"},
		{"arguments from a call", in("spectrum.sleep((tonumber(m.user)))\nspectrum.spawn(assert(loadstring(m.user)))"), ""},
		{"a timer with a string for its time", in("session:after('tick', 'soon', print)"),
			`script.lua:4: error: after: seconds: number expected, got string "soon" [wrong-value]`},
		{"another value for a table", in("session:ask('who?')\nspectrum.command('join', print)\nprint(require('spectrum.process').start('ls'))\nspectrum.log.info('a', 'b')\nprint(require('spectrum.text'))"),
			`script.lua:4: error: ask: question: table expected, got string "who?" [wrong-value]` + "\n" +
				`script.lua:5: error: spectrum.command: command: table expected, got string "join" [wrong-value]` + "\n" +
				`script.lua:6: error: process.start: command: table expected, got string "ls" [wrong-value]` + "\n" +
				`script.lua:7: error: log.info: fields: table expected, got string "b" [wrong-value]`},
		{"a table without a required option", in("session:ask { secret = true }\nspectrum.command { name = 'x', arguments = { { optional = true }, 7 } }"),
			"script.lua:4: error: ask: the field text is missing (string expected) [missing-field]\n" +
				"script.lua:5: error: spectrum.command: arguments: element 1: the field name is missing (string expected) [missing-field]\n" +
				"script.lua:5: error: spectrum.command: the field run is missing (function expected) [missing-field]"},
		{"wrong elements and options of a list", in("print(require('spectrum.process').start { 'ls', true, dri = '/', env = 'x' })\nsession:ask { text = 'x', options = { 'a', {} } }"),
			"script.lua:4: error: process.start: element 2: string or number expected, got true [wrong-value]\n" +
				`script.lua:4: error: process.start has no option "dri"; did you mean "dir"? [unknown-option]` + "\n" +
				`script.lua:4: error: process.start: env: table expected, got string "x" [wrong-value]` + "\n" +
				"script.lua:5: error: ask: options: element 2: string expected, got table [wrong-value]"},
		{"an unknown flag", in("session:participant_changed { room = 'r', nickname = 'n', status = 'none', flag = { 'me', 'moderador' } }"),
			`script.lua:4: error: participant_changed: flag: invalid value "moderador"; did you mean "moderator"? [wrong-value]`},
		{"a flag that is not a list", in("session:participant_changed { room = 'r', nickname = 'n', status = 'none', flag = 'me' }"),
			`script.lua:4: error: participant_changed: flag: list of none, moderator, conflict, banned, not_authorized, me, kicked, room_not_found expected, got string "me" [wrong-value]`},
		{"a boolean in a text field", in("session:conv_message { buddy_name = true, message = 'x' }"),
			"script.lua:4: error: conv_message: buddy_name: string expected, got true [wrong-value]"},
		{"a time that is not a time", in("session:conv_message { buddy_name = 'x', message = 'x', timestamp = 'yesterday' }"),
			`script.lua:4: error: conv_message: timestamp: seconds since 1970 or UTC as in "20060102T150405" expected, got string "yesterday" [wrong-value]`},
		{"an unknown field of a field", in("session:conv_message { buddy_name = 'x', message = 'x', attachment = { { uri = 'x' } } }"),
			`script.lua:4: error: conv_message: attachment: element 1: there is no field "uri"; did you mean "url"? [wrong-value]`},
		{"a string instead of a table", in("session:conv_message 'hello'"),
			"script.lua:4: error: conv_message: table of fields expected (as in { buddy_name = …, message = … }), got string [wrong-value]"},
		{"an unknown message in spectrum.send", in("spectrum.send('conv_mesage', {})"),
			`script.lua:4: error: no message has the name "conv_mesage"; did you mean "conv_message"? [unknown-message]`},
		{"an unknown field in spectrum.send", in("spectrum.send('query', { command = 'status' })"),
			`script.lua:4: error: query: there is no field "command"; the fields are config [unknown-field]`},
		{"a message that Spectrum does not accept", in("spectrum.send('login', {})"),
			"script.lua:4: error: Spectrum does not take login from a backend: it would stop reading [unknown-message]"},
		{"an unknown field that a handler reads", "local on = {}\nfunction on.conv_message(session, m)\n  session:conv_message { buddy_name = m.buddy, message = m.message }\nend\nreturn on",
			`script.lua:3: error: conv_message: there is no field "buddy"; did you mean "buddy_name"? [unknown-field]`},
		{"a comparison with an unknown enum value", "local on = {}\nfunction on.buddy_changed(session, m)\n  if m.status == 'offline' then session:connected() end\nend\nreturn on",
			`script.lua:3: error: buddy_changed: status: invalid value "offline"; did you mean "none"? [wrong-value]`},
		{"a session passed to another function", "local on = {}\nlocal function greet(s) s:connectd() end\nfunction on.login(session) session:connected() greet(session) end\nreturn on",
			`script.lua:2: error: a session has no "connectd"; did you mean "connected"? [unknown-member]`},
		{"a session passed to a task", in("session:spawn('x', function(s) s:connectd() end, session)"),
			`script.lua:4: error: a session has no "connectd"; did you mean "connected"? [unknown-member]`},
		{"a session in a loop", in("for _, s in ipairs(spectrum.sessions()) do s:connectd() end"),
			`script.lua:4: error: a session has no "connectd"; did you mean "connected"? [unknown-member]`},
		{"a session from spectrum.session", in("local s = m.user and spectrum.session(m.user)\nif s then s:connectd() end"),
			`script.lua:5: error: a session has no "connectd"; did you mean "connected"? [unknown-member]`},
		{"a session method for a message that Spectrum does not accept", in("session:login {}"),
			`script.lua:4: error: a session has no "login": Spectrum does not take login from a backend: it would stop reading [unknown-member]`},
		{"a call of a field", in("session:user()"), "script.lua:4: error: user is not a method of a session: write session.user [unknown-member]"},
		{"an unknown method of a connection", in("local net = require 'spectrum.net'\nlocal conn = assert(net.connect('x:1'))\nconn:red_line()"),
			`script.lua:6: error: a net.Conn has no "red_line"; did you mean "read_line"? [unknown-member]`},
		{"a method of a connection with a dot", in("local conn = require('spectrum.net').connect('x:1')\nconn.close()"),
			"script.lua:5: error: close is a method: write :close(…), with a colon [dot-for-colon]"},
		{"an unknown function of spectrum.log", in("spectrum.log.inform('x')"), `script.lua:4: error: spectrum.log has no "inform"; did you mean "info"? [unknown-member]`},
		{"an unknown function of Lua's library", in("string.foramt('x')"), `script.lua:4: error: string has no "foramt"; did you mean "format"? [unknown-member]`},
		{"an unknown method of a string", in("print(m.legacy_name:uper(), ('%d'):foramt(1))"), `script.lua:4: error: string has no "uper"; did you mean "upper"? [unknown-member]
script.lua:4: error: string has no "foramt"; did you mean "format"? [unknown-member]`},
		{"an argument of the wrong type", in("spectrum.sleep('soon')\nprint(require('spectrum.net').resolve(true))"),
			`script.lua:4: error: spectrum.sleep: seconds: number expected, got string "soon" [wrong-value]
script.lua:5: error: net.resolve: name: string expected, got true [wrong-value]`},
		{"an unknown field of a callback's parameter", in("assert(require('spectrum.http').serve(':8080', function(request) return 200, request.boddy end))"),
			`script.lua:4: error: a http.Request has no "boddy"; did you mean "body"? [unknown-member]`},
		{"an option of the wrong type", in("assert(require('spectrum.net').connect('x:1', { timeout = 'soon' }))"),
			`script.lua:4: error: net.connect: timeout: number expected, got string "soon" [wrong-value]`},
		{"a module that does not exist", in("require 'helper'"), "script.lua:4: error: require \"helper\": there is no such module: no file helper.lua, no file helper/init.lua [unknown-module]"},
		{"a local variable that is out of scope", "do local helper = 1; print(helper) end\nprint(helper)\nreturn {}",
			`script.lua:2: error: there is no variable "helper" here; the local variable of line 1 is not visible here [undefined-global]`},
		{"a handler that is a global", "function login(session) session:connected() end\nreturn {}", "script.lua:1: warning: login is a global, which all files of the script share: write local before it, or on.login if it is the handler [global-assignment]"},
		{"a module that is not required", "print(sql.open('x'))\nreturn {}", `script.lua:1: error: there is no variable "sql" here: write local sql = require "spectrum.sql" [undefined-global]`},
		{"a module as a field of spectrum", "local spectrum = require 'spectrum'\nprint(spectrum.net.connect('x:1'))\nreturn {}", `script.lua:2: error: spectrum.net is a module of its own: write local net = require "spectrum.net" [unknown-member]`},
		{"a local variable that starts with its own name", "local helper = helper\nprint(helper)\nreturn {}", `script.lua:1: error: there is no variable "helper" here [undefined-global]`},
		{"an unused function", "local function f() return f() end\nreturn {}",
			"script.lua:1: warning: the local function f is never used: remove it, or call it _f [unused-local]"},
		{"an unknown section of backend_config", "local spectrum = require 'spectrum'\nspectrum.backend_config { feature = { muc = true } }\nreturn {}",
			`script.lua:2: error: backend_config: there is no section "feature"; the sections are features, registration [backend-config]`},
		{"a setting that is not a boolean", "local spectrum = require 'spectrum'\nspectrum.backend_config { features = { muc = 'maybe' } }\nreturn {}",
			`script.lua:2: error: backend_config: features.muc: true or false expected, got "maybe" [backend-config]`},
		{"a comment that ignores other codes", "local a, b = 1 -- check: ignore undefined-global, syntax\nreturn {}",
			"script.lua:1: warning: the local variable a is never used: remove it, or call it _a [unused-local]\nscript.lua:1: warning: the local variable b is never used: remove it, or call it _b [unused-local]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(found(t, "script.lua", c.script), "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// in returns a script with the text in a handler, from line 4.
func in(body string) string {
	return "local spectrum = require 'spectrum'\nlocal on = {}\nfunction on.login(session, m) session:connected() print(m, spectrum)\n" + body + "\nend\nreturn on\n"
}

// TestCheckAcceptsCorrectScripts checks code that is correct, or that check cannot follow.
func TestCheckAcceptsCorrectScripts(t *testing.T) {
	for name, script := range map[string]string{
		"an element of XML with more fields":   in("print(require('spectrum.xml').tostring({ name = 'a', mine = 1, 'text', { name = 'b' } }))"),
		"options with computed names":          in("session:ask { [m.user] = 'x' }"),
		"a number for a text in a list":        in("print(require('spectrum.process').start { 'sleep', 5, owner = session, env = { A = 1, B = false } })"),
		"a text for a list of several kinds":   in("spectrum.command { name = 'x', arguments = { 'a', { name = 'b', optional = true } }, run = print }"),
		"the log of a value":                   in("spectrum.log.info({}, { a = 1 })\nspectrum.log.info(5)"),
		"a table filled piece by piece":        in("local f = { buddy_name = 'x' }\nf.message = 'y'\nsession:conv_message(f)"),
		"a key that is computed":               in("session:conv_message { [m.user] = 'x' }"),
		"fields that the script adds":          in("m.nick = m.legacy_name\nsession.data.nick = m.nick"),
		"a field set elsewhere":                in("local function add(t) t.nick = 1 end\nadd(m)\nprint(m.nick)"),
		"a parameter of several kinds":         "local on = {}\nlocal function f(x) x:read_line() end\nfunction on.login(s) s:connected() s.data.conn = print(s) f(s) f(s.data.conn) end\nreturn on",
		"a function passed as an argument":     "local on = {}\nlocal function f(s) s:read_line() end\nfunction on.login(s) s:connected() f(s) table.sort({}, f) end\nreturn on",
		"a variable that changes":              in("local s = session\ns = io.open('x')\ns:read_line()"),
		"an enum value from elsewhere":         in("session:update_buddy { buddy_name = 'x', status = session.data.status }"),
		"false or a value":                     in("session:update_buddy { buddy_name = 'x', status = m.user == 'x' and 'away' or nil }"),
		"a number as a text":                   in("session:conv_message { buddy_name = 5, message = 7 }"),
		"a time as a number":                   in("session:conv_message { buddy_name = 'x', message = 'x', timestamp = os.time() }"),
		"the user by spectrum.send":            in("spectrum.send('conv_message', { user_name = m.user, buddy_name = 'x', message = 'y' })"),
		"rooms for all":                        in("spectrum.send('room_list', { room = { 'x' }, name = { 'x' } })"),
		"raw XML":                              in("spectrum.send('raw_xml', '<iq/>')"),
		"update_buddy with some of the fields": in("session:update_buddy { buddy_name = 'x' }"),
		"a number in a string":                 in("spectrum.sleep('0.1')\nsession:after('5', 1, print)"),
		"a string's methods":                   in("print(m.legacy_name:upper(), ('x'):rep(3))"),
		"a method passed its session":          in("session.connected(session)"),
		"a test for a global":                  "if DEBUG then print('x') end\nprint(DEBUG)\nreturn {}",
		"unpack by either name":                "local unpack = unpack or table.unpack\nprint(unpack {})\nreturn {}",
		"a test for a library function":        "if table.unpack then print(table.unpack {}) end\nreturn {}",
		"a function added to a library":        "function string.trim(s) return s end\nprint(string.trim('x'))\nreturn {}",
		"a global in _G":                       "_G.helper = print\nhelper('x')\nreturn {}",
		"globals from elsewhere":               "load('x = 1')()\nprint(x)\nreturn {}",
		"a module by a computed name":          "print(require('plugins.' .. 'x'), y)\nreturn {}",
		"package.path":                         "package.path = '/opt/?.lua'\nprint(require 'elsewhere')\nreturn {}",
		"a module that may be missing":         "print(pcall(require, 'lfs'))\nreturn {}",
		"a library of Lua by require":          "print(require 'string')\nreturn {}",
		"a login answered by spectrum.send":    "local on = {}\nfunction on.login(s) require('spectrum').send('connected', { user = s.user }) end\nreturn on",
		"a login answered by a computed name":  "local on = {}\nfunction on.login(s, m) s[m.password and 'conn' .. 'ected' or m.user](s) end\nreturn on",
		"a login that is always rejected":      "local on = {}\nfunction on.login(s) s:disconnected { error = 'other_error' } end\nreturn on",
		"timers and tasks":                     in("session:after(1, print) session:after('n', '2', print) spectrum.every(print, 1) session:spawn(print, 7) spectrum.spawn('n', print, 'x')"),
		"a handler by name":                    "local function login(session) session:connected() end\nreturn { login = login }",
		"handlers in setmetatable":             "local on = {}\nfunction on.login(s) s:connected() end\nreturn setmetatable(on, {})",
		"handlers made by a loop":              "local on = {}\nfor _, n in ipairs { 'login' } do on[n] = print end\nreturn on",
		"handlers from elsewhere":              "return (function() return {} end)()",
		"reload without a session":             "local on = {}\nfunction on.reload(session) if session then session:connected() end end\nreturn on",
		"an unused variable before a used one": "local _, ok, why = pcall(print)\nprint(why)\nreturn {}",
		"a loop's variables":                   "for i, v in pairs {} do print() end\nreturn {}",
		"findings that comments ignore":        "local a = 1 -- check: ignore unused-local\n-- check: ignore\nlocal b = c\nreturn {}",
		"a method of a string literal":         in("session:conv_message { buddy_name = 'x', message = ('x'):rep(3) }"),
		"a first line for the shell":           "#!/usr/bin/env lua\nreturn {}",
		"a list from a call":                   in("session:update_buddy { buddy_name = 'x', group = { tostring(m) } }"),
		"an attachment":                        in("session:conv_message { buddy_name = 'x', message = 'x', attachment = { { url = m.user } } }"),
		"attachments that are read":            "local on = {}\nfunction on.conv_message(s, m)\n  for _, a in ipairs(m.attachment or {}) do s.data.x = a.url .. a.description end\nend\nreturn on",
		"goto":                                 "goto done\n::done::\nreturn {}",
		"upvalues":                             "local n = 0\nreturn { login = function(s) s:connected() n = n + 1 s.data.n = n end }",
	} {
		t.Run(name, func(t *testing.T) {
			if got := found(t, "script.lua", script); len(got) > 0 {
				t.Errorf("got\n%s", strings.Join(got, "\n"))
			}
		})
	}
}

// TestCheckFollowsFiles checks scripts of several files.
func TestCheckFollowsFiles(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		want  string
	}{
		{"a required file is checked", []string{"script.lua", "print(require 'lib.a')\nreturn {}", "lib/a.lua", "return x"},
			`lib/a.lua:1: error: there is no variable "x" here [undefined-global]`},
		{"a required file requires from the script's folder", []string{"script.lua", "print(require 'lib.a')\nreturn {}", "lib/a.lua", "return require 'lib.b'", "lib/b/init.lua", "return {}"}, ""},
		{"a required file with a syntax error", []string{"script.lua", "print(require 'a')\nreturn {}", "a.lua", "x ="},
			"a.lua:1: error: syntax error at the end of the file: the last statement is incomplete [syntax]"},
		{"files that require each other", []string{"script.lua", "print(require 'a')\nreturn {}", "a.lua", "return require 'script'"}, ""},
		{"a module without a return that is used as a table", []string{"script.lua", "local a = require 'a'\na.f()\nrequire('a'):g()\na.x = 1\nreturn {}", "a.lua", "local a = {}\nfunction a.f() end\n"},
			"script.lua:1: warning: require \"a\" returns true, because a.lua returns nothing, and this file uses it as a table: end a.lua with `return` and its table [module-no-table]"},
		{"a module that returns a number", []string{"script.lua", "local a = require 'a'\nprint(a.f)\nreturn {}", "a.lua", "return 7"},
			"script.lua:1: warning: require \"a\" returns 7, because a.lua returns it, and this file uses it as a table: end a.lua with `return` and its table [module-no-table]"},
		{"a module that returns true", []string{"script.lua", "local a = require 'a'\nprint(a.f)\nreturn {}", "a.lua", "return true"},
			"script.lua:1: warning: require \"a\" returns true, because a.lua returns it, and this file uses it as a table: end a.lua with `return` and its table [module-no-table]"},
		{"a module without a return that is only loaded", []string{"script.lua", "print(require 'a')\nreturn {}", "a.lua", "print('hello')"}, ""},
		{"a module without a return that sets package.loaded", []string{"script.lua", "local a = require 'a'\na.f()\nreturn {}", "a.lua", "package.loaded.a = { f = print }"}, ""},
		{"a module that may return a table", []string{"script.lua", "local a = require 'a'\na.f()\nreturn {}", "a.lua", "if os.time() > 5 then return { f = print } end"}, ""},
		{"a global that another file sets", []string{"script.lua", "require 'a'\nhelper()\nreturn {}", "a.lua", "_G.helper = print"}, ""},
		{"a module alone, with a global of its script", []string{"a.lua", "local M = {}\nfunction M.f() return settings.x end\nreturn M"}, ""},
		{"a module alone, with a typo", []string{"a.lua", "local M = {}\nfunction M.f(name) return namee, name end\nreturn M"},
			`a.lua:2: error: there is no variable "namee" here; did you mean "name"? [undefined-global]`},
		{"a module alone", []string{"a.lua", "local M = {}\nfunction M.parse(x) return x end\nreturn M"}, ""},
		{"a module with functions that have names of handlers", []string{"a.lua", "local M = {}\nfunction M.parse() end\nfunction M.format() end\nfunction M.query() end\nreturn M"}, ""},
		{"a test", []string{"x_test.lua", "test.case('x', function(t) t:login() end)"}, ""},
		{"a test with wrong fields and values", []string{"x_test.lua", "local test = require 'test'\ntest.case('x', function(t)\n  local alice = t:login {}\n" +
			"  alice:send('conv_message', { buddy_name = 'x', text = 'y' })\n  alice:expect('buddy_changed', { status = 'onlin' })\n" +
			"  alice:expect('conv_message', { message = function() return true end })\n  alice:expect('HELO', { x = 1 })\nend)"},
			`x_test.lua:4: error: conv_message: there is no field "text"; the fields are user_name, buddy_name, message, nickname, xhtml, timestamp, headline, id, pm, carbon, attachment, replaces, reply_to, origin, lang, spoiler [unknown-field]
x_test.lua:5: error: buddy_changed: status: invalid value "onlin"; did you mean "online"? [wrong-value]`},
		{"a test that skips", []string{"x_test.lua", "test.case('x', function(t)\n  local home = os.getenv('HOME') or t.skip('no home')\n  test.skip(home)\nend)"}, ""},
		{"a test with mistakes about its server", []string{"x_test.lua", "test.case('x', function(t)\n  t.skp('x')\n  t:scram_server { user = 'x' }\n" +
			"  local peer = t:serve(function(conn)\n    conn:starttls { ca = 'x' }\n    conn:startls()\n  end, { name = 'x' })\n  return peer.cert\nend)"},
			`x_test.lua:2: error: a test.Case has no "skp"; did you mean "skip"? [unknown-member]
x_test.lua:3: error: scram_server has no option "user"; did you mean "username"? [unknown-option]
x_test.lua:5: error: starttls has no option "ca"; the options are timeout [unknown-option]
x_test.lua:6: error: a test.Conn has no "startls"; did you mean "starttls"? [unknown-member]
x_test.lua:7: error: serve has no option "name"; did you mean "names"? [unknown-option]
x_test.lua:8: error: a test.Peer has no "cert" [unknown-member]`},
		{"a test with a typo", []string{"x_test.lua", "tset.case('x', function(t) t:login() end)"},
			`x_test.lua:1: error: there is no variable "tset" here [undefined-global]`},
		{"a script that does not exist", []string{"x.cfg", "[service]\nbackend = /bin/sh\n[database]\ntype=sqlite3\n[lua]\nscript = x.lua # check: ignore hidden-script"},
			"x.cfg:6: error: the script cannot be read: x.lua: no such file or directory [unreadable]"},
		{"a config for serve", []string{"x.cfg", "[service]\njid = x.localhost\npassword = x\n[lua]\n# check: ignore hidden-script\nscript = x.lua", "x.lua", "return {}"}, ""},
		{"a config for Spectrum without a backend", []string{"x.cfg", "[service]\nusers_per_backend = 2\n[database]\ntype=sqlite3\n[lua]\n# check: ignore hidden-script\nscript = x.lua", "x.lua", "return {}"},
			"x.cfg: warning: [service] backend is not set, so Spectrum starts another backend: give the path of spectrum2_lua_backend [backend-missing]"},
		{"misspelt keys of Spectrum", forSpectrum("alloed_servers = a.example", "[registraton]\nauto_register = 1"),
			"x.cfg:3: warning: [service] alloed_servers is not a key of Spectrum and has no effect; did you mean allowed_servers? [unknown-key]\n" +
				"x.cfg:5: warning: the section [registraton] has no effect, but [registration] has a key auto_register [unknown-key]"},
		{"keys that Spectrum knows, and sections of the script", forSpectrum("server_mode = 0\nusers_per_backend = 5000\nenable_privacy_lists = 1\nvip_only =", "[vhosts]\nvhost = a.example\n[proxy]\nhost = a\n[mine]\nport = x"), ""},
		{"a misspelt value under Spectrum", forSpectrum("vip_only = ture\nport = 53a7\nlogin_delay = 5000", ""),
			"x.cfg:3: warning: [service] vip_only has to be 1, true, yes, on, 0, false, no or off, not \"ture\" [config-doubt]\n" +
				"x.cfg:4: warning: [service] port: it has to be a whole number from 1 to 65535 [config-doubt]"},
		{"a misspelt value with serve", []string{"x.cfg", "[service]\njid = x.localhost\nvip_only = ture\nlogin_delay = 5000\nalloed_servers = a\n[lua]\n# check: ignore hidden-script\nscript = x.lua", "x.lua", "return {}"},
			"x.cfg:3: error: [service] vip_only has to be 1, true, yes, on, 0, false, no or off, not \"ture\" [config]\n" +
				"x.cfg:4: error: [service] login_delay: it has to be a whole number from 0 to 3600 [config]\n" +
				"x.cfg:5: warning: [service] alloed_servers is not a key of Spectrum and has no effect; did you mean allowed_servers? [unknown-key]"},
		{"settings of the log that do not exist", forSpectrum("", "[logging]\nconfig = /nonexistent/a.cfg\nbackend_config = /nonexistent/b.cfg"),
			"x.cfg:5: warning: [logging] config: /nonexistent/a.cfg does not exist on this machine, so the log is not the one that you expect: create the file, or remove the key [missing-file]\n" +
				"x.cfg:6: warning: [logging] backend_config: /nonexistent/b.cfg does not exist on this machine, so the log is not the one that you expect: create the file, or remove the key [missing-file]"},
		{"settings of the log that exist, or whose folder check does not know", forSpectrum("", "[logging]\nconfig = /etc/passwd\nbackend_config = logging.cfg"), ""},
		{"an unknown type of database", []string{"x.cfg", "[service]\nbackend = /bin/sh\n[database]\ntype=postgres\n[lua]\n# check: ignore hidden-script\nscript = x.lua", "x.lua", "return {}"},
			`x.cfg:4: error: [database] type is none, sqlite3, mysql or pqxx (PostgreSQL), not "postgres" [config]`},
		{"a function that the sandbox removes", []string{"x.cfg", "[service]\nbackend = /bin/sh\n[database]\ntype=sqlite3\n[lua]\nsandbox = 1\n# check: ignore hidden-script\nscript = x.lua", "x.lua", "print(io.open('x'))\nreturn {}"},
			`x.lua:1: error: there is no variable "io" here [undefined-global]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(found(t, c.files...), "\n"); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}
