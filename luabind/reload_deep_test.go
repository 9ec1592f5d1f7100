package luabind_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/pb"
)

// deepScript is a script whose handlers, tasks and timers nest calls to a depth, each in
// another way. They wait there on request.
func deepScript(depth int) string {
	return fmt.Sprintf(`
local spectrum = require "spectrum"
local data = spectrum.data
data.gate = data.gate or spectrum.channel()
data.waiting = data.waiting or 0
local depth = %d

local function wait()
  if data.open then return end
  data.waiting = data.waiting + 1
  return (data.gate:receive())
end

local ways = {}
function ways.plain(n, f)
  if n == 0 then return (f()) end
  local x = ways.plain(n - 1, f)
  return x
end
function ways.pcall(n, f)
  return select(2, pcall(ways.plain, n, f))
end
function ways.raises(n, f)
  return (pcall(ways.plain, n, function() f() error { f } end))
end
function ways.coroutine(n, f)
  local co = coroutine.wrap(function() ways.plain(n, function() coroutine.yield(1) return f() end) end)
  co()
  return (co())
end
function ways.metamethod(n, f)
  local t = setmetatable({}, { __index = function() return ways.plain(n, f) end })
  return (t.x)
end
function ways.sort(n, f)
  table.sort({ 2, 1 }, function(a, b) ways.plain(n, f) return a < b end)
end

local function work(f)
  for _, name in ipairs { "plain", "pcall", "raises", "coroutine", "metamethod", "sort" } do ways[name](depth, f) end
end

local function job(session)
  session:spawn("job", function() ways.plain(depth, function() spectrum.sleep(1000) end) end)
end

local on = {}
function on.login(session)
  session.data.text = "plain"
  session:every("tick", 0.001, function() work(function() end) end)
  session:connected()
end
function on.conv_message(session, m)
  work(function() end)
  if m.message == "wait" then ways.plain(depth, wait) end
  if m.message == "job" then job(session) end
  session:conv_message { buddy_name = "b", message = m.message }
end
function on.logout(session) work(function() end) end
function on.reload(session)
  if not session then return end
  work(function() end)
  session:every("tick", 0.001, function() work(function() end) end)
  job(session)
end
function on.query(m)
  data.open = m.config == "open"
  for i = 1, data.waiting do data.gate:send(true) end
  data.waiting = 0
  spectrum.send("query", { config = "done" })
end
return on`, depth)
}

// TestDeepCallsKeepNoGeneration reloads under traffic, in each order of the events around
// a reload. The calls need one, two or many segments of a call stack. Each old generation
// must be collected.
func TestDeepCallsKeepNoGeneration(t *testing.T) {
	users := []string{"a@localhost", "b@localhost", "c@localhost"}
	every := 5 // each step is the first in one of the orders, and the last in one
	if testing.Short() || race.Enabled {
		every = 37
	}
	for _, depth := range []int{1, 6, 8, 12, 150} {
		t.Run(fmt.Sprintf("depth %d", depth), func(t *testing.T) {
			st := luatest.Start(t, deepScript(depth))
			for _, u := range users {
				st.Login(u)
				st.Expect("connected", nil)
			}
			say := func(text string) {
				for _, u := range users {
					st.Say(u, "b", text)
				}
			}
			steps := map[string]func(){
				"reload": func() {
					if err := st.Host.Load(); err != nil {
						t.Fatal(err)
					}
				},
				"message": func() { say("x") },
				"wait":    func() { st.Say(users[0], "b", "wait") },
				"task":    func() { say("job") },
				"logout":  func() { st.Logout(users[1]); st.Login(users[1]) },
			}
			for i, order := range permutations([]string{"reload", "message", "wait", "task", "logout"}) {
				if i%every != 0 {
					continue
				}
				ask(st, "shut")
				for _, step := range append(order, "reload") {
					steps[step]()
				}
				settle(t, st, users)
				if !collected(st) {
					t.Fatalf("in the order %v, generations %v stay in memory", order, st.Host.OldGenerations())
				}
				st.Log.Reset()
			}
		})
	}
}

// settle ends all waits and returns when the newest generation has answered each user.
func settle(t *testing.T, st *luatest.Fixture, users []string) {
	t.Helper()
	ask(st, "open")
	const end = "end"
	for _, u := range users {
		st.Say(u, "b", end)
		for {
			var m pb.ConversationMessage
			st.Expect("conv_message", &m)
			if m.GetMessage() == end && m.GetUserName() == u {
				break
			}
		}
	}
}

// collected reports whether all old generations are collected. Replaced tasks may still be
// ending, so it waits up to 5 s.
func collected(st *luatest.Fixture) bool {
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if len(st.Host.OldGenerations()) == 0 {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

func permutations(of []string) (all [][]string) {
	if len(of) == 0 {
		return [][]string{nil}
	}
	for i, first := range of {
		for _, rest := range permutations(append(slices.Clone(of[:i]), of[i+1:]...)) {
			all = append(all, append([]string{first}, rest...))
		}
	}
	return all
}

func TestPermutationsAreAll(t *testing.T) {
	var got []string
	for _, p := range permutations([]string{"1", "2", "3"}) {
		got = append(got, strings.Join(p, ""))
	}
	if want := "123 132 213 231 312 321"; strings.Join(got, " ") != want {
		t.Errorf("got %v", got)
	}
}
