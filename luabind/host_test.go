package luabind_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

const alice = "alice@localhost"

func TestHandlersSeeTablesAndSend(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function on.login(session, m)
  assert(session.user == m.user and session.legacy_name == m.legacy_name)
  assert(session.settings.color == "blue" and m.password == "hunter2")
  session.data.count = 0
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", group = {"Lua"}, status = "away" }
end
function on.conv_message(session, m)
  session.data.count = session.data.count + 1
  session:conv_message { buddy_name = m.buddy_name, message = session.data.count .. " " .. m.message .. " " .. tostring(m.id) }
end
return on`)
	st.Login(alice)
	st.Expect("connected", nil)
	var b pb.Buddy
	st.Expect("buddy_changed", &b)
	if b.GetUserName() != alice || b.GetAlias() != "Echo" || b.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY || len(b.GetGroup()) != 1 {
		t.Errorf("got %v", &b)
	}
	st.Say(alice, "echo", "hällo")
	st.ExpectSaid("1 hällo nil")
	st.Say(alice, "echo", "again")
	st.ExpectSaid("2 again nil")
}

func TestLoadErrors(t *testing.T) {
	cases := []struct{ name, script, want string }{
		{"a syntax error", "local x = 1\nlocal y = = 2\n", "script.lua:2: syntax error near '='"},
		{"a missing end", "local on = {}\nfunction on.login()\n  if true then\nend\n\n", "script.lua:3: syntax error at the end of the file"},
		{"nothing returned", "local on = {}", "script.lua: the script returns nothing: it must end with `return on`"},
		{"a number returned", "return 1", "script.lua: the script returns a number"},
		{"a handler with a typo", "local on = {}\nfunction on.conv_mesage()\nend\nreturn on", "script.lua:2: on.conv_mesage: no message has this name; did you mean on.conv_message?"},
		{"a handler that is not a function", "return { login = 1 }", "script.lua: on.login: function expected, got number"},
		{"a list of handlers", "return { function() end }", "script.lua: a handler's name must be a string, not 1"},
		{"an error while it runs", "local x\nprint(x.y)", "script.lua:2: attempt to index local 'x' (a nil value)"},
		{"a missing module", `require "helpr"`, `script.lua:1: require "helpr": there is no such module: no file /`},
		{"a typo in a module of the runtime", `require "spectrum.confg"`, `script.lua:1: require "spectrum.confg": there is no such module; did you mean "spectrum.config"?`},
		{"a typo in a function of the runtime", `local s = require "spectrum"` + "\ns.sned()", `script.lua:2: spectrum has no "sned"; did you mean "send"?`},
		{"compiled Lua", "\x1bLuaQ", "Lua source expected, got compiled Lua"},
		{"a file in UTF-16", "\xff\xfer\x00e\x00", "script.lua is UTF-16: save it as UTF-8"},
		{"nesting without end", "return " + strings.Repeat("{", 200000), "script.lua:1: more than 5000 levels of nesting"},
		{"deep nesting", "return " + strings.Repeat("{", 200000) + strings.Repeat("}", 200000), "script.lua:1: more than 5000 levels of nesting"},
		{"too many local variables", strings.Repeat("local a = 1\n", 300) + "return {}", "script.lua:"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := luatest.New(t, c.script)
			err := st.Host.Load()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			st.Login(alice)
			var d pb.Disconnected
			st.Expect("disconnected", &d)
			if d.GetError() != pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS || !strings.Contains(d.GetMessage(), c.want) {
				t.Errorf("the user received %v", &d)
			}
			st.ExpectLog("error", c.want)
		})
	}
}

func TestScriptThatIsMissing(t *testing.T) {
	st := luatest.New(t, "return {}")
	st.Remove("script.lua")
	if err := st.Host.Load(); err == nil || !strings.Contains(err.Error(), "script.lua: no such file or directory ([lua] script names the file") {
		t.Errorf("got %v", err)
	}
	st.Mkdir("script.lua")
	if err := st.Host.Load(); err == nil || !strings.Contains(err.Error(), "is a folder; [lua] script must name a file") {
		t.Errorf("got %v", err)
	}
}

func TestErrorsStayTheUsersOwn(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
function on.login(session)
  if session.user == "eve@localhost" then error({ code = 7 }) end
  session:connected()
end
local function deep(n) local x = nil; return (x.y) end
function on.conv_message(session, m)
  if m.message == "boom" then deep(1) end
  if m.message == "field" then session:conv_message { buddy_name = "x", mesage = "y" } end
  if m.message == "nil" then error() end
  session:conv_message { buddy_name = m.buddy_name, message = "fine" }
end
return on`)
	st.Login(alice)
	st.Say(alice, "b", "boom")
	st.ExpectLog("error", alice, "on.conv_message: script.lua:7: attempt to index", "stack traceback:", "script.lua:9: in on.conv_message")
	st.Say(alice, "b", "field")
	st.ExpectLog("error", alice, `script.lua:10: conv_message: there is no field "mesage"; did you mean "message"?`)
	st.Say(alice, "b", "nil")
	st.ExpectLog("error", alice, "an error without a message")
	st.Say(alice, "b", "fine")
	st.ExpectSaid("fine")

	st.Login("eve@localhost")
	var d pb.Disconnected
	st.Expect("disconnected", &d)
	if d.GetUser() != "eve@localhost" || d.GetError() != pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS || d.GetMessage() != "an error that is a table: { code = 7 }" {
		t.Errorf("got %v", &d)
	}
}

func TestTracebackOfStackOverflowNamesHandler(t *testing.T) {
	st := luatest.New(t, `local on = {}
function on.login(session) session:connected() end
local function deep() return 1 + deep() end
function on.conv_message(session)
  return 1 + deep()
end
return on`)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.Login(alice)
	st.Expect("connected", nil)
	st.Say(alice, "carol", "hi")
	st.ExpectLog("error in on.conv_message: script.lua:3: stack overflow", "script.lua:3: in function 'deep'", "script.lua:5: in on.conv_message")
}

func TestMisuseOfSessions(t *testing.T) {
	cases := []struct{ name, code, want string }{
		{"a method with a typo", `session:conv_mesage {}`, `a session has no "conv_mesage"; did you mean "conv_message"?`},
		{"a dot for the colon", `session.conv_message { message = "x" }`, `conv_message is a method of a session: write session:conv_message(…), with a colon`},
		{"a type that Spectrum does not accept", `session:login {}`, `a session has no "login": Spectrum does not take login from a backend`},
		{"a type without a user", `session:stats {}`, `stats does not belong to a user: send it with spectrum.send("stats", …)`},
		{"setting a field", `session.x = 1`, `a session has no field "x" to set: keep things in session.data`},
		{"replacing the data", `session.data = {}`, `session.data cannot be replaced: set its fields, as in session.data.name = value`},
		{"a string instead of a table", `session:conv_message("b", "text")`, `conv_message: table of fields expected (as in { buddy_name = …, message = … }), got string`},
		{"a wrong first argument", `session:after({}, print)`, `bad argument #1 to after (number expected, got table)`},
		{"a wrong second argument", `session:after(1, "x")`, `bad argument #2 to after (function expected, got string)`},
		{"a wrong argument of a function that a method calls", `session:store():update("k", function() string.rep("x", {}) end)`, `bad argument #2 to 'rep' (number expected, got table)`},
		{"a wrong argument of a method that is called as a function", `local f = session.after; f(session, 1, "x")`, `bad argument #3 to f (function expected, got string)`},
		{"a wrong argument in a function that a binding calls", `local re = require("spectrum.regexp").compile("x"); re:replace("x", function() re:replace("x") end)`, `bad argument #2 to replace (string, function or table`},
		{"the name of another user", `session:conv_message { user_name = "bob@localhost", buddy_name = "b", message = "m" }`, `the session is "alice@localhost"'s`},
		{"sending a type that Spectrum does not accept", `spectrum.send("ft_start", "x")`, `Spectrum does not take ft_start from a backend`},
		{"sending an unknown type", `spectrum.send("conv_mesage", {})`, `no message has the name "conv_mesage"; did you mean "conv_message"?`},
		{"an incomplete stanza", `spectrum.send("raw_xml", "<message>")`, `raw_xml: the element <message> is not closed`},
		{"a configuration with a typo", `spectrum.backend_config { features = { mucs = true } }`, `features.mucs: there is no such key; did you mean muc?`},
		{"a configuration value that is not a boolean", `spectrum.backend_config { features = { muc = "maybe" } }`, `features.muc: true or false expected, got "maybe"`},
		{"a configuration sent with spectrum.send", `spectrum.send("backend_config", { config = "[features]\nmuc=maybe" })`, `features.muc: true or false expected`},
		{"a query that crashes Spectrum", `spectrum.send("query", { config = "online_users" })`, `query: Spectrum 2.2 crashes at the query online_users`},
		{"a contact without a name", `session:update_buddy { status = "away" }`, `update_buddy: the field buddy_name is missing`},
		{"a protected metatable", `getmetatable(session).__index = nil`, `attempt to index a string value`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := luatest.Start(t, "local spectrum = require 'spectrum'\nlocal on = {}\nfunction on.conv_message(session)\n  "+c.code+"\nend\nreturn on")
			st.Login(alice)
			st.Say(alice, "b", "go")
			st.ExpectLog("error", "script.lua:4: ", c.want)
		})
	}
}

func TestHandleOfAnEndedSessionRaises(t *testing.T) {
	st := luatest.Start(t, `
local on, old = {}, nil
function on.login(session)
  if old then
    local ok, err = pcall(function() old:conv_message { buddy_name = "b", message = "from the past" } end)
    session:conv_message { buddy_name = "b", message = tostring(ok) .. " " .. err }
    ok, err = pcall(function() return old.data end)
    session:conv_message { buddy_name = "b", message = tostring(ok) .. " " .. old.user }
  end
  old = session
  session:connected()
end
return on`)
	st.Login(alice)
	st.Expect("connected", nil)
	st.Logout(alice)
	st.Login(alice)
	st.ExpectSaid("false script.lua:5: the session of alice@localhost has ended: this object does not work for a later session")
	st.ExpectSaid("false alice@localhost")
}

func TestLogoutRunsAndIsMute(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function on.login(session) session.data.name = "d"; session:connected() end
function on.logout(session, m)
  session:conv_message { buddy_name = "b", message = "too late" }
  spectrum.data.ended = (spectrum.data.ended or "") .. session.data.name .. m.legacy_name
end
function on.query(m)
  spectrum.send("query", { config = m.config .. ": " .. tostring(spectrum.data.ended) .. " " .. #spectrum.sessions() })
end
return on`)
	st.Login(alice)
	st.Expect("connected", nil)
	st.Logout(alice)
	st.Login("bob@localhost")
	st.Expect("connected", nil)
	st.Receive("query", &pb.BackendConfig{Config: proto.String("status")})
	var q pb.BackendConfig
	payload := st.Sent.Next(t, pb.WrapperMessage_TYPE_QUERY)
	if err := proto.Unmarshal(payload, &q); err != nil || q.GetConfig() != "status: dlegacy 1" {
		t.Errorf("got %q, %v", q.GetConfig(), err)
	}
}

func TestWithoutLoginHandlerTheUserIsConnected(t *testing.T) {
	st := luatest.Start(t, `return {}`)
	st.Login(alice)
	var c pb.Connected
	st.Expect("connected", &c)
	if c.GetUser() != alice {
		t.Errorf("got %v", &c)
	}
}

func TestMessagesOfNoUser(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function on.raw_xml(xml) spectrum.send("raw_xml", xml) end
function on.api_version(m) spectrum.send("query", { config = "version " .. m.version }) end
function on.ft_data(data) spectrum.send("query", { config = #data }) end
return on`)
	st.Host.Sessions().Receive(t.Context(), luatest.Type("raw_xml"), []byte(`<iq type='get' id="1"><a:b xmlns:a="x"/></iq>`), nil)
	if got := string(st.Sent.Next(t, pb.WrapperMessage_TYPE_RAW_XML)); got != `<iq type="get" id="1"><a:b xmlns:a="x"/></iq>` {
		t.Errorf("got %s", got)
	}
	st.Receive("api_version", &pb.APIVersion{Version: proto.Int32(7)})
	st.ExpectQuery("version 7")
	st.Host.Sessions().Receive(t.Context(), luatest.Type("ft_data"), []byte("abc"), nil)
	st.ExpectQuery("3")
}

func TestUpdateBuddyKeepsWhatWasSent(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
function on.login(session)
  session:buddy_changed { buddy_name = "c", alias = "Carol", status = "dnd", icon_hash = "abc", group = {"g"} }
  session:update_buddy { buddy_name = "c", status = "away" }
  session:buddy_changed { buddy_name = " d", alias = "Dora" }
  session:update_buddy { buddy_name = " d", status = "away" }
  session:buddy_removed { buddy_name = "c" }
  session:update_buddy { buddy_name = "c", status = "xa" }
end
return on`)
	st.Login(alice)
	var b pb.Buddy
	st.Expect("buddy_changed", &b)
	st.Expect("buddy_changed", &b)
	if b.GetAlias() != "Carol" || b.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY || b.GetIconHash() != "abc" || len(b.GetGroup()) != 1 {
		t.Errorf("the update has %v", &b)
	}
	st.Expect("buddy_changed", &b)
	st.Expect("buddy_changed", &b)
	if b.GetAlias() != "Dora" || b.GetBuddyName() != "d" {
		t.Errorf("the update of a repaired name has %v", &b)
	}
	st.Expect("buddy_changed", &b)
	if b.Alias != nil || b.GetStatus() != pb.StatusType_STATUS_TYPE_XA {
		t.Errorf("after the removal, the update has %v", &b)
	}
}

func TestBackendConfigText(t *testing.T) {
	st := luatest.Start(t, `
require "spectrum".backend_config {
  registration = { needPassword = false, extraField = { "Server", "Port" } },
  features = { muc = true, receipts = true },
}
return {}`)
	var c pb.BackendConfig
	st.Expect("backend_config", &c)
	want := "[features]\nmuc=1\nreceipts=1\n[registration]\nextraField=Server\nextraField=Port\nneedPassword=0\n"
	if c.GetConfig() != want {
		t.Errorf("got %q, want %q", c.GetConfig(), want)
	}
}

func TestConfigModule(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local config = require "spectrum.config"
assert(config == spectrum.config and spectrum.jid == "lua.localhost" and spectrum.version == "test")
assert(config.get("irc.server") == "irc.lua.localhost")
assert(config.get("irc.none") == nil and config.get("irc.none", "x") == "x")
assert(config.number("irc.port") == 6667 and config.number("irc.none", 1) == 1)
assert(config.bool("irc.tls") == true and config.bool("irc.none", false) == false)
local rooms = config.list("irc.room")
assert(#rooms == 2 and rooms[2] == "two" and #config.list("irc.none") == 0)
assert(table.concat(config.keys("irc"), " ") == "server port tls room" and #config.keys("none") == 0)
assert(config.where("irc.port"):find("test.cfg:7", 1, true) and config.where("irc.none") == nil)
local ok, err = pcall(config.number, "irc.server")
assert(not ok and err:find("test.cfg:6", 1, true), err)
return {}`, "[irc]", "server=irc.$jid", "port=6667", "tls=yes", "room=one", "room=two")
	_ = st
}

func TestLogAndPrint(t *testing.T) {
	st := luatest.Start(t, `
local log = require "spectrum.log"
local on = {}
function on.login(session)
  print("hello", 1, nil)
  log.warn("careful", { n = 1, who = "x" })
  log.debug("quiet")
end
return on`)
	st.Login(alice)
	st.ExpectLog("info category=script user="+alice, "hello\t1\tnil")
	st.ExpectLog("warning", "careful", "n=1", "who=x", "user="+alice)
	st.ExpectLog("debug", "quiet")
	if strings.Contains(st.Log.String(), "hunter2") {
		t.Error("the log has the password")
	}
}

func TestPayloadsThatDoNotParse(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
function on.conv_message(session, m) session:conv_message(m) end
return on`)
	st.Login(alice)
	st.Host.Sessions().Receive(t.Context(), luatest.Type("conv_message"), []byte("\x0a\x0f"+alice+"\x12\x7f"), nil)
	st.ExpectLog("warning", "dropped a conv_message whose payload cannot be decoded", alice)
	st.Host.Sessions().Receive(t.Context(), luatest.Type("conv_message"), []byte("\x0a\x0f"+alice), nil)
	st.ExpectLog("the required field buddy_name is missing")
	st.Say(alice, "b", "still here")
	st.ExpectSaid("still here")
}

func TestOwnModulesAndRequire(t *testing.T) {
	st := luatest.New(t, `
local helper = require "lib.helper"
local other = require "other"
assert(helper.name == "helper" and other == true)
assert(require "lib.helper" == helper)
return {}`)
	st.Mkdir("lib")
	st.Mkdir("other")
	st.Write("lib/helper.lua", "#!/usr/bin/lua\nreturn { name = 'helper' }")
	st.Write("other/init.lua", "")
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.Write("lib/helper.lua", "local x = \n")
	if err := st.Host.Load(); err == nil || !strings.Contains(err.Error(), "lib/helper.lua:1: syntax error") {
		t.Errorf("got %v", err)
	}
}

// TestPrecompiledModulesChangeNothing runs scripts that mention modules and do not
// require them, or require them from another place. Compiling the modules ahead must not
// change the results.
func TestPrecompiledModulesChangeNothing(t *testing.T) {
	for _, test := range []struct{ name, script string }{
		{"a module with a syntax error that is not required", `if false then require "faulty" end return {}`},
		{"a module with a syntax error that is required", `assert(not pcall(require, "faulty")) local ok, err = pcall(function() require "faulty" end)
assert(err:find("faulty.lua:1: syntax error", 1, true), err) return {}`},
		{"a module from another folder", `package.path = package.path:gsub("?", "sub/?") assert(require "same" == "sub") return {}`},
		{"a module that the script changes", `local f = io.open(spectrum_dir .. "/same.lua", "w") f:write("return 'new'") f:close()
assert(require "same" == "new") return {}`},
		{"a module in package.preload", `package.preload.same = function() return "mine" end assert(require "same" == "mine") return {}`},
		{"a module that is loaded twice", `local one = require "same" package.loaded.same = nil assert(one == "first" and require "same" == "first") return {}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			st := luatest.New(t, "")
			st.Mkdir("sub")
			st.Write("faulty.lua", "return (")
			st.Write("same.lua", "return 'first'")
			st.Write("sub/same.lua", "return 'sub'")
			st.Write("script.lua", fmt.Sprintf("local spectrum_dir = %q ", st.Dir)+test.script)
			if err := st.Host.Load(); err != nil {
				t.Error(err)
			}
		})
	}
}
