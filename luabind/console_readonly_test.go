package luabind_test

import (
	"slices"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind"
	"spectrumlua/pb"
)

// readOnlyScript has traps: each call of one of its functions changes the state.
const readOnlyScript = `
local spectrum = require "spectrum"
local on = {}
calls = 0
function act() calls = calls + 1 end
state = { count = 1, nested = { x = 1 }, act = act, [{ 1 }] = true, 10, 20 }
shared = setmetatable({}, { __index = function() act() end, __newindex = function() act() end, __call = act, __len = act,
  __tostring = function() act() return "x" end, __eq = act, __lt = act, __concat = act, __unm = act })
child = setmetatable({}, { __index = state })
stream = spectrum.channel()
function string.harm() act() end
spectrum.data.n = 5
function on.login(session) session.data.n = 7; session:connected() end
function fingerprint()
  local n = 0
  for _ in pairs(_G) do n = n + 1 end
  for _ in pairs(state) do n = n + 1 end
  for _ in pairs(string) do n = n + 1 end
  return table.concat({ calls, state.count, state.nested.x, #state, spectrum.data.n, spectrum.session("alice@localhost").data.n,
    spectrum.session("alice@localhost").settings.color, ("x"):upper(), tostring(string.harm ~= nil), tostring(getmetatable(state)), n }, " ")
end
return on`

// Messages that refuse something.
const (
	noCall   = "read-only: functions of the script cannot be called"
	noChange = "read-only: the tables of the script cannot be changed"
	noValue  = "read-only: the values of the script that are not tables cannot be used"
	noMethod = "read-only: a session has only user, legacy_name, settings and data, not "
	notTable = "table expected"
	notThere = "is not available; spectrum has data, jid, session, sessions and version here"
	missing  = "(a nil value)"
)

// Attempts, and the messages that refuse them.
var (
	assignments = map[string]string{
		`state.count = 2`:             noChange,
		`state.nested.x = 2`:          noChange,
		`state[1] = 2`:                noChange,
		`_G.state = nil`:              noChange,
		`_G.print = nil`:              noChange,
		`shared.x = 1`:                noChange,
		`child.count = 2`:             noChange,
		`spectrum.data.n = 6`:         noChange,
		`package.loaded.spectrum = 1`: noChange,
		`for k in pairs(state) do if type(k) == "table" then k.x = 1 end end`:                noChange,
		`local _, first = next(state.nested) next({ [state] = 1 }).x = 1`:                    noChange,
		`require("spectrum").send = nil`:                                                     noChange,
		`require("spectrum").data.n = 6`:                                                     noChange,
		`setmetatable({}, { __newindex = state }).count = 2`:                                 noChange,
		`select(2, pcall(error, state)).count = 2`:                                           noChange,
		`select(2, xpcall(function() error(state) end, function(e) return e end)).count = 2`: noChange,
		`while true do local x = state.count state.count = x end`:                            noChange,
		`stream.x = 1`:                         "read-only: the values of the script cannot be changed",
		`rawset(state, "count", 2)`:            notTable,
		`rawset(_G, "state", 1)`:               notTable,
		`setmetatable(state, {})`:              notTable,
		`setmetatable(state, nil)`:             notTable,
		`table.insert(state, 1)`:               notTable,
		`table.remove(state)`:                  notTable,
		`table.sort(state)`:                    notTable,
		`table.concat(state)`:                  notTable,
		`unpack(state)`:                        notTable,
		`getmetatable(state).__newindex = nil`: "attempt to index",
		`getmetatable(stream).__index = nil`:   "attempt to index",
		`getmetatable(_G).__index = nil`:       "attempt to index",
	}
	calls = map[string]string{
		`act()`:                    noCall,
		`state.act()`:              noCall,
		`state:act()`:              noCall,
		`fingerprint()`:            noCall,
		`shared()`:                 noCall,
		`state()`:                  noCall,
		`assert(pcall(state.act))`: noCall,
		`assert(select(2, pcall(pcall, state.act)))`:             noCall,
		`assert(xpcall(state.act, state.act))`:                   "error in error handling",
		`for x in state.act do end`:                              noCall,
		`setmetatable({}, { __index = state.act }).x.y = 1`:      noValue,
		`return setmetatable({}, { __add = state.act }) + 1`:     "attempt to perform arithmetic",
		`setmetatable({}, { __call = state.act })()`:             "attempt to call a table value",
		`tostring(setmetatable({}, { __tostring = state.act }))`: noCall,
		`string.gsub("x", "x", state.act)`:                       "bad argument #3",
		`("x"):gsub("x", shared)`:                                "bad argument #2",
		`table.sort({ 2, 1 }, state.act)`:                        "bad argument #2",
		`string.dump(state.act)`:                                 "bad argument #1",
		`string.harm()`:                                          missing,
		`("x"):harm()`:                                           missing,
		`getmetatable("").__index.harm()`:                        missing,
		`coroutine.wrap(state.act)()`:                            noCall,
		`coroutine.create(state.act)`:                            noCall,
		`load("calls = 2")()`:                                    noCall,
		`loadstring("calls = 2")()`:                              noCall,
		`setfenv(1, {})`:                                         noCall,
		`getfenv(0).state = 1`:                                   noCall,
		`debug.getregistry()`:                                    missing,
		`debug.setmetatable(state, nil)`:                         noCall,
		`debug.sethook()`:                                        missing,
		`dofile("x")`:                                            noCall,
		`loadfile("x")`:                                          noCall,
		`collectgarbage()`:                                       noCall,
		`newproxy(true)`:                                         missing,
		`module("x")`:                                            noCall,
		`io.open("x", "w")`:                                      noCall,
		`io.popen("true")`:                                       noCall,
		`os.execute("true")`:                                     missing,
		`os.remove("x")`:                                         missing,
		`os.exit()`:                                              missing,
		`os.getenv("HOME")`:                                      missing,
		`spectrum.send("query", {})`:                             notThere,
		`spectrum.spawn(print)`:                                  notThere,
		`spectrum.sleep(1)`:                                      notThere,
		`require("spectrum").send("query", {})`:                  noCall,
		`package.loaded.spectrum.send("query", {})`:              noCall,
		`require("spectrum.net").connect("localhost:1")`:         `read-only: the script has not loaded the module "spectrum.net"`,
		`stream:send(1)`:                                         noValue,
		`stream()`:                                               noCall,
		`shared < shared`:                                        "attempt to compare",
		`shared .. "x"`:                                          "attempt to concatenate",
		`-shared`:                                                "attempt to perform arithmetic",
	}
	ofSessions = map[string]string{
		`session("alice@localhost").data.n = 8`:               noChange,
		`sessions()[1].data.n = 8`:                            noChange,
		`session("alice@localhost").user = "x"`:               "read-only: sessions cannot be changed",
		`session("alice@localhost").data = {}`:                "read-only: sessions cannot be changed",
		`session("alice@localhost"):connected()`:              noMethod + "connected",
		`session("alice@localhost").conv_message`:             noMethod + "conv_message",
		`sessions()[1]:spawn(function() end)`:                 noMethod + "spawn",
		`sessions()[1].store`:                                 noMethod + "store",
		`spectrum.session("alice@localhost"):after(0, print)`: noMethod + "after",
		`getmetatable(sessions()[1]).__index.connected()`:     "attempt to index",
		`sessions()[1]()`:                                     noCall,
	}
)

// harmless are lines with their results, which change nothing but the line's own values.
var harmless = map[string]string{
	`state.nested`: "{ x = 1 }",
	`state.count, #state, state[2], state.nested.x, state.nothing`:                                              "1 2 20 1 nil",
	`child.count, rawequal(child, child), state == child.nothing`:                                               "1 true false",
	`tostring(shared):match("^table: "), shared.x`:                                                              "table:  nil",
	`shared == shared, shared == state, #shared`:                                                                "true false 0",
	`sessions(), spectrum.slep`:                                                                                 "{ [1] = session: alice@localhost } nil",
	`type(state), type(act), type(stream), type(session("alice@localhost"))`:                                    "table function userdata userdata",
	`act, print == _G.print`:                                                                                    "function: script.lua:5 false",
	`getmetatable(state), getmetatable(act)`:                                                                    "read-only read-only",
	`session("alice@localhost").data, session("alice@localhost").settings.color, sessions()[1].user`:            "{ n = 7 } blue alice@localhost",
	`session("bob@localhost"), spectrum.data.n, require("spectrum").data.n`:                                     "nil 5 5",
	`local n = 0 for k, v in pairs(state) do n = n + 1 end for i, v in ipairs(state) do n = n + v end return n`: "36",
	`local all = "" for k, v in pairs(state.nested) do all = all .. k .. v end for k, v in next, { y = 2, z = 3, a = 4 } do all = all .. k .. v end return all`: "x1y2z3a4",
	`state = 1 calls = 9 return state, calls`:               "1 9",
	`string.harm = 1 string.upper = nil return string.harm`: "1",
	`getmetatable("").__index = nil`:                        "",
	`spectrum.data = nil spectrum.send = print`:             "",
	`session("alice@localhost").settings.color = "red"`:     "",
	`math.randomseed(1) return os.time() > 0`:               "true",
	`setmetatable({}, { __index = state }).count`:           "1",
	`pcall(rawset, state, "count", 2)`:                      "false console:1: bad argument #1 to 'rawset' (table expected, got userdata)",
	`select("#", pcall(state.act))`:                         "2",
	`local t = {} t.x = state return t.x.count`:             "1",
}

// TestReadOnlyLinesChangeNothing tries ways around the read-only environment.
func TestReadOnlyLinesChangeNothing(t *testing.T) {
	st := luatest.Start(t, readOnlyScript)
	st.Login(alice)
	st.Expect("connected", nil)
	before := line(t, st, luabind.Line{Text: "fingerprint()"})
	if before.Error != "" || !strings.HasPrefix(before.Results[0], "0 1 1 2 5 7 blue X true nil ") {
		t.Fatalf("%+v", before)
	}
	for _, attempts := range []map[string]string{assignments, calls, ofSessions} {
		for text, refusal := range attempts {
			r := line(t, st, luabind.Line{Text: text, ReadOnly: true})
			if !strings.Contains(r.Error, refusal) {
				t.Errorf("%s\n got  %q %q\n want %q", text, r.Error, r.Results, refusal)
			}
		}
	}
	for text, want := range harmless {
		if r := line(t, st, luabind.Line{Text: text, ReadOnly: true}); r.Error != "" || strings.Join(r.Results, " ") != want {
			t.Errorf("%s\n got  %q %q\n want %q", text, r.Error, r.Results, want)
		}
	}
	if after := line(t, st, luabind.Line{Text: "fingerprint()"}); !slices.Equal(after.Results, before.Results) {
		t.Errorf("the state was %q and is %q", before.Results, after.Results)
	}
	line(t, st, luabind.Line{Text: `spectrum.send("query", { config = "end" })`})
	if got, _, _ := st.Sent.Any(); got != pb.WrapperMessage_TYPE_QUERY {
		t.Errorf("a line has sent %v", got)
	}
}
