package luabind_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

const commandScript = `
local spectrum = require "spectrum"
spectrum.command {
  name = "join", description = "joins a room", arguments = { "room", { name = "nick", optional = true, description = "your name there" } },
  run = function(session, a) return "join " .. a.room .. " as " .. tostring(a.nick) .. " of " .. session.user end,
}
spectrum.command { name = "say", arguments = { { name = "how", options = { "loud", "quiet" } }, "text" },
  run = function(_, a) return a.how .. ": " .. a.text end }
spectrum.command { name = "stop", admin = true, run = function() return "stopped" end }
spectrum.command { name = "quiet", run = function() end }
spectrum.command { name = "refuse", run = function() return nil, "not now" end }
spectrum.command { name = "fail", run = function() error("no such room") end }
spectrum.command { name = "wrong", run = function() return {} end }
spectrum.command { name = "slow", timeout = 0.01, run = function() spectrum.sleep(1000) end }
spectrum.command { name = "login", run = function(session)
  local code = session:ask { text = "Code?" }
  return "code " .. code
end }
spectrum.command { name = "show", arguments = { { name = "what", options = { "all", "my rooms" } } }, run = function(_, a) return a.what end }
spectrum.command { name = "long", run = function() return ("x"):rep(100000) end }
local on = {}
function on.login(session) session:connected() end
return on`

func runsCommands(t *testing.T, config ...string) *luatest.Fixture {
	t.Helper()
	st := luatest.Start(t, commandScript, config...)
	st.Login(alice)
	st.Expect("connected", nil)
	return st
}

func TestCommandsOfAChat(t *testing.T) {
	st := runsCommands(t)
	for _, c := range []struct{ text, want string }{
		{"/join #a", "join #a as nil of alice@localhost"},
		{`/JOIN "#a b" bob`, "join #a b as bob of alice@localhost"},
		{"/join #a big bob", "join #a as big bob of alice@localhost"},
		{"/join", "ROOM is missing. Usage: /join ROOM [NICK]"},
		{`/join "#a`, `/join ROOM [NICK]: a quote is not closed: write \" for a quote inside a word`},
		{"/say LOUD hello  world", "loud: hello  world"},
		{"/say 2 hello", "quiet: hello"},
		{"/say slow hello", "HOW: one of loud, quiet expected."},
		{"/say loud", "TEXT is missing. Usage: /say loud|quiet TEXT"},
		{"/show My Rooms", "my rooms"},
		{`/show "my rooms"`, "my rooms"},
		{"/show my car", "WHAT: one of all, my rooms expected."},
		{"/quiet please", "Too many words. Usage: /quiet"},
		{"/refuse", "not now"},
		{"/fail", "/fail failed: no such room"},
		{"/wrong", "/wrong failed."},
		{"/slow", "/slow failed: stopped: the command took too long (its timeout)"},
		{"/jion #a", "Unknown command /jion. Did you mean /join?"},
		{"/xyzzy", "Unknown command /xyzzy. /help lists the commands."},
		{"/stop", "Unknown command /stop. /help lists the commands."},
		{"/help join", "/join ROOM [NICK] – joins a room\n  NICK: your name there"},
		{"/help /quiet", "/quiet"},
		{"/help help", "/help [COMMAND] – shows this list"},
		{"/help /Cancel", "/cancel – cancels a question"},
		{"/help jion", "Unknown command /jion. Did you mean /join?"},
	} {
		writes(st, c.text)
		expectNotice(t, st, c.want)
	}
	st.ExpectLog("user="+alice, "script.lua:", "error in the command /fail: ", "no such room")
	st.ExpectLog("script.lua:13: run returns a table")
	st.ExpectLog("error in the command /slow: script.lua:14: stopped: the command took too long")
}

func TestHelpListsTheCommandsOfTheUser(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
spectrum.command { name = "b", description = "does b", arguments = { "x" }, run = print }
spectrum.command { name = "a", admin = true, run = function() return "done" end }
local on = {}
function on.login(session) session:connected() end
return on`, "[service]", "admin_jid=alice@localhost")
	st.Login(alice)
	st.Expect("connected", nil)
	writes(st, "/help")
	expectNotice(t, st, "/b X – does b\n/a\n/help [COMMAND] – shows this list\n/cancel – cancels a question")
	writes(st, "/a")
	expectNotice(t, st, "done")
}

func TestCommandAsksTheUser(t *testing.T) {
	st := runsCommands(t)
	writes(st, "/login")
	expectQuestion(t, st, "Code?")
	writes(st, "42")
	expectNotice(t, st, "code 42")
}

func TestCommandsOfAForm(t *testing.T) {
	st := runsCommands(t)
	run := func(id, name string, arguments map[string]string) (result string, failed bool) {
		t.Helper()
		st.Receive("command", &pb.CommandRun{UserName: proto.String(alice), Id: &id, Name: &name, Argument: arguments})
		var m pb.CommandRun
		st.Expect("command", &m)
		if m.GetId() != id {
			t.Fatalf("the result is %v", &m)
		}
		return m.GetResult(), m.GetFailed()
	}
	for _, c := range []struct {
		name      string
		arguments map[string]string
		want      string
		failed    bool
	}{
		{"join", map[string]string{"room": "#a b", "nick": ""}, "join #a b as nil of alice@localhost", false},
		{"join", nil, "ROOM is missing. Usage: /join ROOM [NICK]", true},
		{"quiet", nil, "Done.", false},
		{"refuse", nil, "not now", true},
		{"stop", nil, "Unknown command /stop. /help lists the commands.", true},
		{"long", nil, "The result is long. It follows as a message.", false},
	} {
		if result, failed := run("7", c.name, c.arguments); result != c.want || failed != c.failed {
			t.Errorf("%s: %q, %v", c.name, result, failed)
		}
	}
	expectNotice(t, st, strings.Repeat("x", 65536))
	expectNotice(t, st, strings.Repeat("x", 100000-65536))
}

func TestCommandsAreAnnouncedAtEachLoad(t *testing.T) {
	st := luatest.Start(t, commandScript)
	var m pb.Commands
	st.Expect("commands", &m)
	if len(m.GetCommand()) != 11 || m.GetCommand()[0].GetName() != "join" || !m.GetCommand()[0].GetArgument()[1].GetOptional() || !m.GetCommand()[2].GetAdmin() {
		t.Errorf("the commands are %v", &m)
	}
	st.Login(alice)
	st.Write("script.lua", `
local spectrum = require "spectrum"
spectrum.command { name = "new", run = function() return "new" end }
return {}`)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.Expect("commands", &m)
	if len(m.GetCommand()) != 1 {
		t.Errorf("after the reload: %v", &m)
	}
	writes(st, "/new")
	expectNotice(t, st, "new")
	writes(st, "/join #a")
	expectNotice(t, st, "Unknown command /join. /help lists the commands.")
	st.Write("script.lua", "return {}")
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	m.Reset()
	st.Expect("commands", &m)
	if len(m.GetCommand()) != 0 {
		t.Errorf("without commands: %v", &m)
	}
}

func TestCommandDeclarationsAreChecked(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{ nane = "x" }`, `command has no option "nane"; did you mean "name"?`},
		{`"x"`, "command: table expected"},
		{`{ run = print }`, "command: name is missing"},
		{`{ name = "Join", run = print }`, `command: name: "Join" is not a lower-case word`},
		{`{ name = "help", run = print }`, "command: the runtime itself has the command /help"},
		{`{ name = "x" }`, "command: run is missing"},
		{`{ name = "x", run = 1 }`, "command: run: function expected"},
		{`{ name = "x", run = print, timeout = 0 }`, "command: timeout: more than 0 seconds expected"},
		{`{ name = "x", run = print, arguments = { room = "y" } }`, `command: arguments: list expected`},
		{`{ name = "x", run = print, arguments = { 1 } }`, "command: argument 1: name or table expected, got number"},
		{`{ name = "x", run = print, arguments = { { nane = "a" } } }`, `command: argument 1 has no option "nane"`},
		{`{ name = "x", run = print, arguments = { "a", "a" } }`, `command: the argument "a" is declared twice`},
		{`{ name = "x", run = print, arguments = { { name = "a", optional = true }, "b" } }`, `command: the argument "b" is required, but the one before it is optional`},
		{`{ name = "x", run = print } s.command { name = "x", run = print }`, "command: /x is declared twice"},
	} {
		st := luatest.New(t, "local s = require 'spectrum'\ns.command "+c.text+"\nreturn {}")
		err := st.Host.Load()
		if err == nil || !strings.Contains(err.Error(), "script.lua:2: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	st := luatest.Start(t, "local s = require 'spectrum'\nlocal on = {}\nfunction on.login() s.command { name = 'x', run = print } end\nreturn on")
	st.Login(alice)
	st.ExpectLog("script.lua:3: ", "command: declare commands while the script loads")
}
