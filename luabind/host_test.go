package luabind

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

const alice = "alice@localhost"

func TestHandlersSeeTablesAndSend(t *testing.T) {
	st := start(t, `
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
	st.login(alice)
	st.expect("connected", nil)
	var b pb.Buddy
	st.expect("buddy_changed", &b)
	if b.GetUserName() != alice || b.GetAlias() != "Echo" || b.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY || len(b.GetGroup()) != 1 {
		t.Errorf("got %v", &b)
	}
	st.say(alice, "echo", "hällo")
	st.expectSaid("1 hällo nil")
	st.say(alice, "echo", "again")
	st.expectSaid("2 again nil")
}

func TestLoadErrors(t *testing.T) {
	cases := []struct{ name, script, want string }{
		{"a syntax error", "local x = 1\nlocal y = = 2\n", "script.lua:2: syntax error near '='"},
		{"an end that is missing", "local on = {}\nfunction on.login()\n  if true then\nend\n\n", "script.lua:4: syntax error at the end of the file"},
		{"nothing returned", "local on = {}", "script.lua: the script returns nothing: it must end with `return on`"},
		{"a number returned", "return 1", "script.lua: the script returns a number"},
		{"a handler with a typo", "local on = {}\nfunction on.conv_mesage()\nend\nreturn on", "script.lua:2: on.conv_mesage: no message has this name; did you mean on.conv_message?"},
		{"a handler that is no function", "return { login = 1 }", "script.lua: on.login is a number: a function is wanted"},
		{"a list of handlers", "return { function() end }", "script.lua: a handler's name is a string, not 1"},
		{"an error while it runs", "local x\nprint(x.y)", "script.lua:2: attempt to index a non-table object(nil)"},
		{"a module that is missing", `require "helpr"`, `script.lua:1: require "helpr": there is no such module: no file /`},
		{"a module of ours with a typo", `require "spectrum.confg"`, `script.lua:1: require "spectrum.confg": there is no such module; did you mean "spectrum.config"?`},
		{"a function of ours with a typo", `local s = require "spectrum"` + "\ns.sned()", `script.lua:2: spectrum has no "sned"; did you mean "send"?`},
		{"compiled Lua", "\x1bLuaQ", "is compiled Lua: the source is wanted"},
		{"nesting without end", "return " + strings.Repeat("{", 200000), "script.lua:1: syntax error at the end of the file"},
		{"deep nesting", "return " + strings.Repeat("{", 200000) + strings.Repeat("}", 200000), "script.lua: it has more than 5000 levels of nesting"},
		{"a local too many", strings.Repeat("local a = 1\n", 300) + "return {}", "script.lua:"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := newStage(t, c.script)
			err := st.host.Load()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
			st.login(alice)
			var d pb.Disconnected
			st.expect("disconnected", &d)
			if d.GetError() != pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS || !strings.Contains(d.GetMessage(), c.want) {
				t.Errorf("the user was told %v", &d)
			}
			st.expectLog("error", c.want)
		})
	}
}

func TestScriptThatIsMissing(t *testing.T) {
	st := newStage(t, "", "# nothing")
	st.host.opts.Lua.Script += ".gone"
	if err := st.host.Load(); err == nil || !strings.Contains(err.Error(), "script.lua.gone: no such file or directory ([lua] script names it") {
		t.Errorf("got %v", err)
	}
	st.host.opts.Lua.Script = st.dir
	if err := st.host.Load(); err == nil || !strings.Contains(err.Error(), "is a folder; [lua] script wants a file") {
		t.Errorf("got %v", err)
	}
}

func TestErrorsStayTheUsersOwn(t *testing.T) {
	st := start(t, `
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
	st.login(alice)
	st.say(alice, "b", "boom")
	st.expectLog("error", alice, "on.conv_message: script.lua:7: attempt to index", "stack traceback:", "script.lua:9: in on.conv_message")
	st.say(alice, "b", "field")
	st.expectLog("error", alice, `script.lua:10: conv_message: there is no field "mesage"; did you mean "message"?`)
	st.say(alice, "b", "nil")
	st.expectLog("error", alice, "an error without a message")
	st.say(alice, "b", "fine")
	st.expectSaid("fine")

	st.login("eve@localhost")
	var d pb.Disconnected
	st.expect("disconnected", &d)
	if d.GetUser() != "eve@localhost" || d.GetError() != pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS || d.GetMessage() != "an error that is a table" {
		t.Errorf("got %v", &d)
	}
}

func TestMisuseOfSessions(t *testing.T) {
	cases := []struct{ name, code, want string }{
		{"a method with a typo", `session:conv_mesage {}`, `a session has no "conv_mesage"; did you mean "conv_message"?`},
		{"a dot for the colon", `session.conv_message { message = "x" }`, `conv_message is a method of a session: write session:conv_message(…), with a colon`},
		{"a type that Spectrum does not take", `session:login {}`, `a session has no "login": Spectrum does not take login from a backend`},
		{"a type of no user", `session:stats {}`, `stats is of no user: spectrum.send("stats", …) sends it`},
		{"setting a field", `session.x = 1`, `a session has no field "x" to set: keep things in session.data`},
		{"no table", `session:conv_message("b", "text")`, `a table of fields is wanted`},
		{"another's name", `session:conv_message { user_name = "bob@localhost", buddy_name = "b", message = "m" }`, `the session is "alice@localhost"'s`},
		{"sending what Spectrum does not take", `spectrum.send("ft_start", "x")`, `Spectrum does not take ft_start from a backend`},
		{"sending what is nothing", `spectrum.send("conv_mesage", {})`, `no message has the name "conv_mesage"; did you mean "conv_message"?`},
		{"half a stanza", `spectrum.send("raw_xml", "<message>")`, `raw_xml: the element <message> is not closed`},
		{"a configuration with a typo", `spectrum.backend_config { features = { mucs = true } }`, `features.mucs: there is no such key; did you mean muc?`},
		{"a configuration that is no boolean", `spectrum.backend_config { features = { muc = "maybe" } }`, `features.muc: true or false is wanted, not "maybe"`},
		{"a configuration sent by hand", `spectrum.send("backend_config", { config = "[features]\nmuc=maybe" })`, `features.muc: true or false is wanted`},
		{"a section with a typo", `spectrum.backend_config { feature = {} }`, ``},
		{"a contact without a name", `session:update_buddy { status = "away" }`, `update_buddy: the field buddy_name is missing`},
		{"what a metatable protects", `getmetatable(session).__index = nil`, `attempt to index a non-table object(string)`},
	}
	for _, c := range cases {
		if c.want == "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			st := start(t, "local spectrum = require 'spectrum'\nlocal on = {}\nfunction on.conv_message(session)\n  "+c.code+"\nend\nreturn on")
			st.login(alice)
			st.say(alice, "b", "go")
			st.expectLog("error", "script.lua:4: ", c.want)
		})
	}
}

func TestHandleOfAnEndedSessionRaises(t *testing.T) {
	st := start(t, `
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
	st.login(alice)
	st.expect("connected", nil)
	st.logout(alice)
	st.login(alice)
	st.expectSaid("false script.lua:5: the session of alice@localhost has ended; this handle cannot speak for a later one")
	st.expectSaid("false alice@localhost")
}

func TestLogoutRunsAndIsMute(t *testing.T) {
	st := start(t, `
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
	st.login(alice)
	st.expect("connected", nil)
	st.logout(alice)
	st.login("bob@localhost")
	st.expect("connected", nil)
	st.receive("query", &pb.BackendConfig{Config: proto.String("status")})
	var q pb.BackendConfig
	payload := st.sent.next(t, pb.WrapperMessage_TYPE_QUERY)
	if err := proto.Unmarshal(payload, &q); err != nil || q.GetConfig() != "status: dlegacy 1" {
		t.Errorf("got %q, %v", q.GetConfig(), err)
	}
}

func TestWithoutLoginHandlerTheUserIsConnected(t *testing.T) {
	st := start(t, `return {}`)
	st.login(alice)
	var c pb.Connected
	st.expect("connected", &c)
	if c.GetUser() != alice {
		t.Errorf("got %v", &c)
	}
}

func TestMessagesOfNoUser(t *testing.T) {
	st := start(t, `
local spectrum = require "spectrum"
local on = {}
function on.raw_xml(xml) spectrum.send("raw_xml", xml) end
function on.api_version(m) spectrum.send("query", { config = "version " .. m.version }) end
function on.ft_data(data) spectrum.send("query", { config = #data }) end
return on`)
	st.host.Sessions().Receive(t.Context(), typeNamed("raw_xml"), []byte(`<iq type='get' id="1"><a:b xmlns:a="x"/></iq>`))
	if got := string(st.sent.next(t, pb.WrapperMessage_TYPE_RAW_XML)); got != `<iq type="get" id="1"><a:b xmlns:a="x"></a:b></iq>` {
		t.Errorf("got %s", got)
	}
	st.receive("api_version", &pb.APIVersion{Version: proto.Int32(7)})
	st.expectQuery("version 7")
	st.host.Sessions().Receive(t.Context(), typeNamed("ft_data"), []byte("abc"))
	st.expectQuery("3")
}

func TestUpdateBuddyKeepsWhatWasSent(t *testing.T) {
	st := start(t, `
local on = {}
function on.login(session)
  session:buddy_changed { buddy_name = "c", alias = "Carol", status = "dnd", icon_hash = "abc", group = {"g"} }
  session:update_buddy { buddy_name = "c", status = "away" }
  session:buddy_removed { buddy_name = "c" }
  session:update_buddy { buddy_name = "c", status = "xa" }
end
return on`)
	st.login(alice)
	var b pb.Buddy
	st.expect("buddy_changed", &b)
	st.expect("buddy_changed", &b)
	if b.GetAlias() != "Carol" || b.GetStatus() != pb.StatusType_STATUS_TYPE_AWAY || b.GetIconHash() != "abc" || len(b.GetGroup()) != 1 {
		t.Errorf("the update has %v", &b)
	}
	st.expect("buddy_changed", &b)
	if b.Alias != nil || b.GetStatus() != pb.StatusType_STATUS_TYPE_XA {
		t.Errorf("after the removal, the update has %v", &b)
	}
}

func TestBackendConfigText(t *testing.T) {
	st := start(t, `
require "spectrum".backend_config {
  registration = { needPassword = false, extraField = { "Server", "Port" } },
  features = { muc = true, receipts = true },
}
return {}`)
	var c pb.BackendConfig
	st.expect("backend_config", &c)
	want := "[features]\nmuc=1\nreceipts=1\n[registration]\nextraField=Server\nextraField=Port\nneedPassword=0\n"
	if c.GetConfig() != want {
		t.Errorf("got %q, want %q", c.GetConfig(), want)
	}
}

func TestConfigModule(t *testing.T) {
	st := start(t, `
local spectrum = require "spectrum"
local config = require "spectrum.config"
assert(config == spectrum.config and spectrum.jid == "lua.localhost" and spectrum.version == "test")
assert(config.get("irc.server") == "irc.lua.localhost")
assert(config.get("irc.none") == nil and config.get("irc.none", "x") == "x")
assert(config.number("irc.port") == 6667 and config.number("irc.none", 1) == 1)
assert(config.bool("irc.tls") == true and config.bool("irc.none", false) == false)
local rooms = config.list("irc.room")
assert(#rooms == 2 and rooms[2] == "two" and #config.list("irc.none") == 0)
local ok, err = pcall(config.number, "irc.server")
assert(not ok and err:find("test.cfg:6", 1, true), err)
return {}`, "[irc]", "server=irc.$jid", "port=6667", "tls=yes", "room=one", "room=two")
	_ = st
}

func TestLogAndPrint(t *testing.T) {
	st := start(t, `
local log = require "spectrum.log"
local on = {}
function on.login(session)
  print("hello", 1, nil)
  log.warn("careful", { n = 1, who = "x" })
  log.debug("quiet")
end
return on`)
	st.login(alice)
	st.expectLog("info category=script user="+alice, "hello\t1\tnil")
	st.expectLog("warning", "careful", "n=1", "who=x", "user="+alice)
	st.expectLog("debug", "quiet")
	if strings.Contains(st.log.String(), "hunter2") {
		t.Error("the log has the password")
	}
}

func TestPayloadsThatDoNotParse(t *testing.T) {
	st := start(t, `
local on = {}
function on.conv_message(session, m) session:conv_message(m) end
return on`)
	st.login(alice)
	st.host.Sessions().Receive(t.Context(), typeNamed("conv_message"), []byte("\x0a\x0f"+alice+"\x12\x7f"))
	st.expectLog("warning", "a payload of conv_message is passed over", alice)
	st.host.Sessions().Receive(t.Context(), typeNamed("conv_message"), []byte("\x0a\x0f"+alice))
	st.expectLog("the required field buddy_name is missing")
	st.say(alice, "b", "still here")
	st.expectSaid("still here")
}

func TestOwnModulesAndRequire(t *testing.T) {
	st := newStage(t, `
local helper = require "lib.helper"
local other = require "other"
assert(helper.name == "helper" and other == true)
assert(require "lib.helper" == helper)
return {}`)
	st.mkdir("lib")
	st.mkdir("other")
	st.write("lib/helper.lua", "#!/usr/bin/lua\nreturn { name = 'helper' }")
	st.write("other/init.lua", "")
	if err := st.host.Load(); err != nil {
		t.Fatal(err)
	}
	st.write("lib/helper.lua", "local x = \n")
	if err := st.host.Load(); err == nil || !strings.Contains(err.Error(), "lib/helper.lua:1: syntax error") {
		t.Errorf("got %v", err)
	}
}
