package luabind_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/pb"
)

// reload replaces the script and loads it.
func reload(t *testing.T, st *luatest.Fixture, script string) {
	t.Helper()
	st.Write("script.lua", script)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
}

// answering returns a script that runs the code load, and answers a query with the field
// of spectrum.data that the query names.
func answering(load string) string {
	return `
local spectrum = require "spectrum"
local data = spectrum.data
local function tell(what) spectrum.send("query", { config = what }) end
local on = {}
function on.query(m) tell(tostring(data[m.config])) end
function on.login(session) session:connected() end
` + load + "\nreturn on"
}

func ask(st *luatest.Fixture, what string) string {
	st.Receive("query", &pb.BackendConfig{Config: proto.String(what)})
	return st.Query()
}

// TestALoadDefersItsEffects starts tasks and timers and sends messages while the script
// loads. They begin after the script has taken over, and never if the load fails.
func TestALoadDefersItsEffects(t *testing.T) {
	for _, c := range []struct{ name, load string }{
		{"a task", `spectrum.spawn(function() data.done = true; tell "done" end)`},
		{"a task with a name", `spectrum.spawn("reader", function() data.done = true; tell "done" end)`},
		{"a timer", `spectrum.after(0, function() data.done = true; tell "done" end)`},
		{"a timer that runs again and again", `spectrum.every("tick", 0.001, function() if not data.done then data.done = true; tell "done" end end)`},
		{"a message", `tell "done"; data.done = true`},
		{"a task of a session", `spectrum.session("alice@localhost"):spawn(function() data.done = true; tell "done" end)`},
		{"a timer of a session", `spectrum.session("alice@localhost"):after(0, function() data.done = true; tell "done" end)`},
		{"a message of a session", `spectrum.session("alice@localhost"):buddy_removed { buddy_name = "done" }; data.done = true; tell "done"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			st := luatest.Start(t, answering(""))
			st.Login(alice)
			st.Expect("connected", nil)
			st.Write("script.lua", answering(c.load+"\nspectrum.sleep(0.02)\nerror 'no'"))
			if err := st.Host.Load(); err == nil {
				t.Fatal("the script has loaded")
			}
			if got := ask(st, "x"); got != "nil" { // "done" would have come first
				t.Fatalf("the load was not rolled back: %s", got)
			}
			reload(t, st, answering(c.load+"\ndata.done = nil; spectrum.sleep(0.02); data.early = data.done"))
			st.ExpectQuery("done")
			if got := ask(st, "early"); got != "nil" && !strings.Contains(c.name, "message") {
				t.Error("it began before the script took over")
			}
		})
	}
}

// TestDeferredTasksCanBeCancelled cancels deferred tasks and timers during the load.
func TestDeferredTasksCanBeCancelled(t *testing.T) {
	st := luatest.Start(t, answering(`
local t = spectrum.spawn("a", function() tell "a task" end)
assert(t.name == "a")
t:cancel()
local ok, why = t:join()
assert(ok == nil and why:find "cancelled", why)
spectrum.after(0, function() tell "a timer" end):cancel()
local t2 = spectrum.spawn(function() end)
local ok, why = pcall(t2.join, t2)
assert(not ok and why:find "script.lua" == nil or why:find "join cannot wait for it yet", why)
`))
	if got := ask(st, "x"); got != "nil" {
		t.Errorf("%s has started", got)
	}
}

// The old generation has named tasks and timers. The new generation replaces some of them.
func TestTakeoverReplacesNamedTasks(t *testing.T) {
	script := func(n string) string {
		return answering(`
local wake = spectrum.channel()
spectrum.spawn("kept` + n + `", function() data.kept` + n + ` = true; wake:receive() end)
spectrum.spawn("replaced", function() tell "running ` + n + `"; wake:receive() end)
spectrum.every("tick", 0.001, function() data.tick = "` + n + `" end)
spectrum.every(0.001, function() data.unnamed = "` + n + `" end)
spectrum.every("other` + n + `", 0.001, function() data.other` + n + ` = (data.other` + n + ` or 0) + 1 end)
`)
	}
	st := luatest.Start(t, script("1"))
	st.ExpectQuery("running 1")
	reload(t, st, script("2"))
	st.ExpectQuery("running 2")
	if st.Host.Sessions().Process().Task("kept1") == nil {
		t.Error("a task that was not replaced has ended")
	}
	for _, key := range []string{"tick", "unnamed"} {
		for ask(st, key) != "2" { // 1 never comes back, or this never ends
			runtime.Gosched()
		}
	}
	before := ask(st, "other1")
	for ask(st, "other1") == before {
		runtime.Gosched()
	}
}

func TestBrokenSaveChangesNothing(t *testing.T) {
	st := luatest.Start(t, answering("data.version = 1"))
	st.Write("script.lua", answering("local x = nil\nx()"))
	if err := st.Host.Load(); err == nil {
		t.Fatal("the script has loaded")
	}
	st.ExpectLog("error", "script.lua:9: ", "so generation 1 keeps running")
	if got := ask(st, "version"); got != "1" {
		t.Errorf("version %s", got)
	}
	reload(t, st, answering("data.version = 2"))
	st.ExpectLog("info", "generation 2, sha256 ")
}

// on.reload() waits. Each on.reload(session) starts only when it has returned, and later
// messages of the session wait for on.reload(session).
func TestReloadHandlersRunInOrder(t *testing.T) {
	st := luatest.Start(t, answering(""))
	for _, user := range []string{"a@localhost", "b@localhost"} {
		st.Login(user)
		st.Expect("connected", nil)
	}
	reload(t, st, answering(`
function on.reload(session)
  if not session then
    spectrum.sleep(0.05)
    data.order = "process"
    return
  end
  data.order = data.order .. " session"
end
function on.conv_message(session, m) tell(data.order) end`))
	st.Say("a@localhost", "x", "y")
	if got := st.Query(); !strings.HasPrefix(got, "process session") {
		t.Errorf("got %s", got)
	}
}

// TestHandlerThatWaitsEndsInItsGeneration reloads while a handler waits. The handler ends
// in the old generation, and the new one handles the queued messages.
func TestHandlerThatWaitsEndsInItsGeneration(t *testing.T) {
	script := func(n string) string {
		return answering(`
data.version = "` + n + `"
function on.conv_message(session, m)
  local before = data.version
  if m.message == "wait" then tell "waits"; data.gate = spectrum.channel(); data.gate:receive() end
  session:conv_message { buddy_name = "b", message = m.message .. " " .. before .. "` + n + `" }
end
function on.buddy_removed() data.gate:send(true) end`)
	}
	st := luatest.Start(t, script("1"))
	st.Login("bob@localhost")
	st.Login(alice)
	st.Say(alice, "b", "wait")
	st.ExpectQuery("waits")
	for i := range 3 {
		st.Say(alice, "b", fmt.Sprint(i))
	}
	reload(t, st, script("2"))
	st.Receive("buddy_removed", &pb.Buddy{UserName: proto.String("bob@localhost"), BuddyName: proto.String("b")})
	st.ExpectSaid("wait 11")
	for i := range 3 {
		st.ExpectSaid(fmt.Sprint(i) + " 22")
	}
}

// TestErrorsSayWhichGeneration lets a task of an old generation fail.
func TestErrorsSayWhichGeneration(t *testing.T) {
	st := luatest.Start(t, answering(`
data.gate = spectrum.channel()
spectrum.spawn("old", function() data.gate:receive(); error "oops" end)`))
	reload(t, st, answering(`spectrum.spawn(function() data.gate:send(true) end)`))
	st.ExpectLog("error", "error in the task old (generation 1, which is not the newest)", "script.lua:10: oops")
}

// TestOldFunctionsInDataTablesAreLogged keeps functions in the data tables.
func TestOldFunctionsInDataTablesAreLogged(t *testing.T) {
	st := luatest.Start(t, answering(`
data.deep = { { callback = function() end } }
data.plain = { 1, 2, "three" }
data.ours = spectrum.sleep
function on.login(session) session.data.hook = function() end; session:connected() end`))
	for i := range 3 {
		st.Login(fmt.Sprintf("user%d@localhost", i))
		st.Expect("connected", nil)
	}
	reload(t, st, answering("data.fresh = function() end"))
	st.ExpectLog("warning", "generation 1 of the script is still in memory: spectrum.data.deep[1].callback is a function of it")
	st.ExpectLog("warning", "generation 1 of the script is still in memory: session.data.hook of 3 sessions is a function of it")
	for _, word := range []string{"data.fresh", "data.ours", "data.plain"} {
		if strings.Contains(st.Log.String(), word+" is") {
			t.Errorf("the log has %s:\n%s", word, st.Log.String())
		}
	}
}

// TestReloadLoadsModulesAgain changes a module that the script requires.
func TestReloadLoadsModulesAgain(t *testing.T) {
	st := luatest.New(t, answering(`data.version = require "lib.version"`))
	st.Mkdir("lib")
	for _, version := range []string{"1", "2"} {
		st.Write("lib/version.lua", "return "+version)
		if err := st.Host.Load(); err != nil {
			t.Fatal(err)
		}
		if got := ask(st, "version"); got != version {
			t.Errorf("version %s, not %s", got, version)
		}
	}
	st.ExpectLog("generation 2, sha256 ", ", and a file that it requires (sha256 ")
	lines := regexp.MustCompile(`generation \d, (sha256 \w+), and a file that it requires \(sha256 (\w+)\)`).FindAllStringSubmatch(st.Log.String(), -1)
	if len(lines) != 2 || lines[0][1] != lines[1][1] || lines[0][2] == lines[1][2] {
		t.Errorf("the log has the same version for both texts of the module: %q", lines)
	}
	st.Write("lib/version.lua", "return (")
	if err := st.Host.Load(); err == nil || !strings.Contains(err.Error(), "lib/version.lua:1: ") {
		t.Errorf("got %v", err)
	}
	want := filepath.Join(st.Dir, "lib", "version.lua")
	if files := st.Host.Files(); len(files) != 2 || files[0] != want {
		t.Errorf("the files are %v", files)
	}
}

// heap returns the bytes in use after garbage collections.
func heap() int64 {
	for range 3 { // cleanups may free more
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestReloadsDoNotGrowTheHeap reloads a script many times. The script uses tasks, timers,
// channels and coroutines. Memory stays at the needs of one generation.
func TestReloadsDoNotGrowTheHeap(t *testing.T) {
	reloads := 1000
	if testing.Short() || race.Enabled {
		reloads = 100
	}
	const script = `
local lib = require "lib"
local events = spectrum.channel(10)
local big = {}
for i = 1, 1000 do big[i] = i end
local co = coroutine.wrap(function() while true do coroutine.yield(#big) end end)
co()
setmetatable(big, { __index = function() return lib end })
spectrum.spawn("worker", function() while true do events:receive() end end)
spectrum.spawn(function() pcall(error, big) end)
spectrum.every("tick", 0.01, function() return big end)
spectrum.every(10, function() return big end)
spectrum.after(0, function() data.count = (data.count or 0) + #big end)
events:send(big)
data.notes = { "plain" }
function on.conv_message(session) session:conv_message { buddy_name = "b", message = "here" } end
function on.reload(session)
  if session then
    session.data.seen = (session.data.seen or 0) + co()
    session:spawn("reader", function() while true do events:receive(100) end end)
    session:every("beat", 10, function() return big end)
    session:after(100, function() return big end)
  end
end`
	st := luatest.New(t, answering(script))
	st.Write("lib.lua", "return { f = function() return 1 end }")
	again := func(n int) {
		for range n {
			if err := st.Host.Load(); err != nil {
				t.Fatal(err)
			}
			st.Log.Reset()
		}
	}
	again(1)
	for i := range 3 {
		st.Login(fmt.Sprintf("user%d@localhost", i))
		st.Expect("connected", nil)
	}
	rest := func() { // returns after on.reload has run for all sessions
		for i := range 3 {
			st.Say(fmt.Sprintf("user%d@localhost", i), "b", "x")
			st.ExpectSaid("here")
		}
	}
	again(20)
	rest()
	before, goroutines := heap(), runtime.NumGoroutine()
	again(reloads)
	rest()
	// Replaced tasks may still be ending, so the memory is measured several times.
	var grown int64
	more := 0
	for range 1000 {
		grown, more = heap()-before, runtime.NumGoroutine()-goroutines
		if grown <= 300<<10 && more <= 20 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("after %d reloads, %d kB and %d goroutines more", reloads, grown>>10, more)
}

// TestLogNamesTheHoldersOfAnOldGeneration keeps a value of an old generation. A minute
// later, the log must name its holder and nothing else.
func TestLogNamesTheHoldersOfAnOldGeneration(t *testing.T) {
	const held = "it is held by "
	keep := `local function old() return data end ` // has an upvalue of the old script
	for _, c := range []struct{ name, load, next, want string }{
		{"nothing", ``, ``, ""},
		{"a task", `spectrum.spawn("old", function() spectrum.sleep(1000) end)`, ``, held + "the task old; spawn a task of the same name in on.reload"},
		{"a task without a name", `spectrum.spawn(function() spectrum.sleep(1000) end)`, ``, held + "a handler or a task without a name; "},
		{"a task with nested calls", `spectrum.spawn("old", function() table.sort({ 2, 1 }, function() spectrum.sleep(1000) end) end)`, ``, held + "the task old; "},
		{"a session's task", `local s = spectrum.session(alice) if s then s:spawn("old", function() spectrum.sleep(1000) end) end`, ``, held + "the task old of alice@localhost; "},
		{"a timer", `spectrum.every("old", 1000, function() return data end)`, ``, held + "the timer old"},
		{"a session's timer", `local s = spectrum.session(alice) if s then s:every("old", 1000, function() return data end) end`, ``, held + "the timer old of alice@localhost"},
		{"a connection", `spectrum.connection("old", { connect = function() return nil, data end, line = print, delay = 1000, delay_max = 1000 })`, ``, held + "the connection old"},
		{"a session's connection", `local s = spectrum.session(alice) if s then s:connection("old", { connect = function() return nil, data end, line = print, delay = 1000, delay_max = 1000 }) end`, ``, held + "the connection old of alice@localhost"},
		{"several", `for i = 1, 7 do spectrum.every("t" .. i, 1000, function() return data end) end`, ``, held + "the timer t1, the timer t2, the timer t3, the timer t4, the timer t5 and 2 more"},
		{"a function in a data table", keep + `data.x = { hook = old }`, ``, held + "spectrum.data.x.hook"},
		{"a coroutine", `data.co = coroutine.create(function() end)`, ``, held + "spectrum.data.co"},
		{"a function of the library", `data.f = table.concat`, ``, held + "spectrum.data.f"},
		{"a function in a channel", keep + `data.c = spectrum.channel(1) data.c:send(old)`, ``, held + "spectrum.data.c (a value in it)"},
		{"a function in a function", keep + `data.hook = old`, `local before = data.hook data.hook = function() return before() end`, held + "spectrum.data.hook (its variable before)"},
		{"a variable of a handler", keep + `data.hook = old`, `local before = data.hook data.hook = nil function on.exit() return before() end`, held + "on.exit (its variable before)"},
		{"a metatable", keep + `data.t = setmetatable({}, { __index = old })`, ``, held + "getmetatable(spectrum.data.t).__index"},
		{"a key that is no name", keep + `data["a-b"] = { old }`, ``, held + `spectrum.data["a-b"][1]`},
		{"a holder that the search does not find", `data.next = ("x"):gmatch "x"`, ``, "its holder is unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				const prologue = `local alice = "alice@localhost" local function old() end `
				st := luatest.NewIn(t, dir, answering(""))
				defer st.Close()
				if err := st.Host.Load(); err != nil {
					t.Fatal(err)
				}
				st.Login(alice)
				st.Expect("connected", nil)
				reload(t, st, answering(prologue+c.load)) // generation 2
				synctest.Wait()
				reload(t, st, answering(prologue+c.next))
				st.Log.Reset()
				time.Sleep(30 * time.Second)
				synctest.Wait()
				if strings.Contains(st.Log.String(), "still in memory") {
					t.Error("the log has the line too early")
				}
				time.Sleep(200 * time.Second)
				synctest.Wait()
				log := st.Log.String()
				if got := strings.Count(log, "still in memory"); got != min(len(c.want), 1) {
					t.Errorf("the log has %q", log)
				}
				if c.want != "" && !strings.Contains(log, "generation 2 of the script is still in memory: "+c.want) {
					t.Errorf("the log has %q, not %q", log, c.want)
				}
			})
		})
	}
}

// TestLoadThatNeverEndsIsCancelled loads a script that waits forever.
func TestLoadThatNeverEndsIsCancelled(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		st := luatest.NewIn(t, dir, answering("spectrum.channel():receive()"))
		defer st.Close()
		if err := st.Host.Load(); err == nil || !strings.Contains(err.Error(), "script.lua:8: stopped: the script took longer than 1m0s to load") {
			t.Errorf("got %v", err)
		}
		reload(t, st, answering(""))
	})
}
