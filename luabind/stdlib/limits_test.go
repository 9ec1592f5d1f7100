package stdlib_test

import (
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

func query(st *luatest.Fixture, text string) {
	st.Receive("query", &pb.BackendConfig{Config: proto.String(text)})
}

// Recursion without end is an error at the script's line that can be caught,
// soon, wherever it goes through.
func TestEndlessRecursion(t *testing.T) {
	cases := []struct{ name, code string }{
		{"plain", `local function f() f() return 1 end f()`},
		{"with many variables", `local function f(a, b, c, d, e, g, h, i, j, k) local l, m, n, o, p, q, r, s, t, u = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10; f(a, b, c, d, e, g, h, i, j, k) return u end f()`},
		{"with more and more arguments", `local function f(...) f(1, ...) return 1 end f()`},
		{"with more and more arguments in a tail call", `local function f(...) return f(` + strings.Repeat("1, ", 120) + `...) end f()`},
		{"of two functions", `local g local function f() g() return 1 end function g() f() return 1 end f()`},
		{"through pcall", `local function f() local ok, e = pcall(f); if not ok then error(e, 0) end end f()`},
		{"through xpcall", `local function f() local ok, e = xpcall(f, function(e) return e end); if not ok then error(e, 0) end end f()`},
		{"through a handler of xpcall", `local function h(e) error(e, 0) end local function f() local ok, e = xpcall(error, function() f() end); if not ok then error("stack overflow in a handler", 0) end end f()`},
		{"through __index", `local t = setmetatable({}, { __index = function(t, k) return t[k] end }) local _ = t.x`},
		{"through __newindex", `local t = setmetatable({}, { __newindex = function(t, k, v) t[k] = v end }) t.x = 1`},
		{"through __add", `local t t = setmetatable({}, { __add = function(a, b) return a + b end }) local _ = t + 1`},
		{"through __concat", `local t = setmetatable({}, { __concat = function(a, b) return a .. b end }) local _ = t .. "x"`},
		{"through __eq", `local m = { __eq = function(a, b) return a == b end } local _ = setmetatable({}, m) == setmetatable({}, m)`},
		{"through __lt", `local m = { __lt = function(a, b) return a < b end } local _ = setmetatable({}, m) < setmetatable({}, m)`},
		{"through __call", `local t = setmetatable({}, { __call = function(t) local _ = t() return 1 end }) t()`},
		{"through __tostring", `local t = setmetatable({}, { __tostring = function(t) return tostring(t) end }) tostring(t)`},
		{"through __tostring and print", `local t = setmetatable({}, { __tostring = function(t) print(t) return "x" end }) print(t)`},
		{"through __tostring and the log", `local t = setmetatable({}, { __tostring = function(t) require("spectrum.log").info(t) return "x" end }) require("spectrum.log").info(t)`},
		{"through table.sort", `local function f(a, b) table.sort({ 1, 2 }, f) return true end f()`},
		{"through string.gsub", `local function f() return (("a"):gsub("a", f)) end f()`},
		{"through string.format", `local t = setmetatable({}, { __tostring = function(t) return (string.format("%s", t)) end }) tostring(t)`},
		{"through table.foreach", `local function f() table.foreach({ 1 }, f) end f()`},
		{"through an iterator", `local function f() for _ in f do end end f()`},
		{"through load", `local function f() local fn, e = load(f) if not fn then error(e, 0) end end f()`},
		{"through coroutine.wrap", `local function f() return coroutine.wrap(f)() end f()`},
		{"through coroutine.resume", `local function f() local ok, e = coroutine.resume(coroutine.create(f)); if not ok then error(e, 0) end end f()`},
		{"through coroutines and deep calls", `local function f(n) if n > 0 then return (f(n - 1)) end return coroutine.wrap(f)(1500) end f(1500)`},
		{"through pcalls and deep calls", `local function f(n) if n > 0 then return (f(n - 1)) end local ok, e = pcall(f, 1500) error(e, 0) end f(1500)`},
		{"in a coroutine", `local function f() f() return 1 end local ok, e = coroutine.resume(coroutine.create(f)) error(e, 0)`},
		{"through require", `package.preload.a = function() package.loaded.a = nil return require "a" end require "a"`},
		{"through dofile and loadstring", `function again() return assert(loadstring("return (again())"))() end again()`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function on.query(m)
  if m.config == "bare" then
    `+c.code+`
  end
  local ok, e = pcall(function() `+c.code+` end)
  spectrum.send("query", { config = tostring(e) })
end
return on`)
			begin := luatest.CPUTime(t)
			query(st, "caught")
			answer := st.Query()
			took := luatest.CPUTime(t) - begin
			if !isOverflow(answer) {
				t.Errorf("got the error %q", answer)
			}
			if took > 5*time.Second {
				t.Errorf("it took %v of processor time", took)
			}
			t.Logf("%v: %s", took, answer)
			query(st, "bare")
			st.ExpectLog("error", "on.query", "overflow")
			query(st, "again")
			if again := st.Query(); !isOverflow(again) {
				t.Errorf("the second time the error is %q", again)
			}
		})
	}
}

var overflow = regexp.MustCompile(`^(script.lua:\d+: |\[string "[^"]*"\]:1: )*.*stack overflow`)

func isOverflow(text string) bool { return overflow.MatchString(text) }

// Many handlers can fail in deep recursion: their threads are replaced.
func TestRecursionLeavesNothingBehind(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function on.query(m)
  local function deep() deep() return 1 end
  local function pcalls() pcall(pcalls) pcall(deep) return 1 end
  local ok = pcall(deep)
  coroutine.resume(coroutine.create(deep))
  spectrum.send("query", { config = tostring(ok) })
end
return on`)
	run := func(n int) {
		for range n {
			query(st, "go")
			st.ExpectQuery("false")
		}
	}
	run(20)
	before := memory()
	run(200)
	if after := memory(); after > before+8<<20 {
		t.Errorf("memory went from %d kB to %d kB", before>>10, after>>10)
	}
}

func memory() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// Unfinished coroutines and protected calls do not leak memory or goroutines.
func TestCoroutinesAndPcallsDoNotLeak(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function on.query(m)
  for _ = 1, 1000 do
    local co = coroutine.wrap(function() for i = 1, 10 do coroutine.yield(i) end end)
    co()
    pcall(error, "x")
    xpcall(error, function(e) return e end)
  end
  spectrum.send("query", { config = "done" })
end
return on`)
	run := func(n int) {
		for range n {
			query(st, "go")
			st.ExpectQuery("done")
		}
	}
	run(3)
	goroutines, before := runtime.NumGoroutine(), memory()
	run(20)
	if after := memory(); after > before+8<<20 {
		t.Errorf("memory went from %d kB to %d kB", before>>10, after>>10)
	}
	if n := runtime.NumGoroutine(); n > goroutines+2 {
		t.Errorf("goroutines went from %d to %d", goroutines, n)
	}
}
