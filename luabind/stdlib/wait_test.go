package stdlib_test

import (
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// A task can wait in any code: other tasks run meanwhile, and it then continues. Each body
// runs in 200 tasks at once. The function wait waits and returns its argument.
func TestWaitingAnywhere(t *testing.T) {
	cases := []struct{ name, body string }{
		{"pcall", `local ok, v = pcall(wait, i); assert(ok and v == i)`},
		{"pcall of an error", `local ok, v = pcall(function() error(wait(i), 0) end); assert(not ok and tonumber(v) == i)`},
		{"pcalls within pcalls", `
			local function nest(n) if n == 0 then return wait(i) end local ok, v = pcall(nest, n - 1); assert(ok); return v end
			assert(nest(10) == i)`},
		{"xpcall and its handler", `
			local ok, v = xpcall(function() wait(1); error({ wait(i) }) end, function(e) return wait(e[1]) end)
			assert(not ok and v == i)`},
		{"variables shared across a pcall", `
			local x = 0
			local function add() x = x + wait(1) end
			pcall(function() add(); error("x") end)
			add()
			assert(x == 2)`},
		{"coroutine.wrap", `
			local co = coroutine.wrap(function(a) local b = coroutine.yield(wait(a)); return wait(b) end)
			assert(co(i) == i and co(i + 1) == i + 1)`},
		{"coroutines within coroutines", `
			local inner = coroutine.wrap(function() for k = 1, 3 do coroutine.yield(wait(k)) end end)
			local outer = coroutine.wrap(function() for k = 1, 3 do coroutine.yield(wait(inner())) end end)
			for k = 1, 3 do assert(outer() == k) end`},
		{"a pcall in a coroutine", `
			local co = coroutine.wrap(function() local ok, v = pcall(wait, i); coroutine.yield(v); error("end") end)
			assert(co() == i)
			assert(not pcall(co))`},
		{"a coroutine made at load", `
			local got = shared(i)
			assert(got == i)`},
		{"generic for", `
			local n = 0
			for k in function(_, k) k = k + wait(1); if k <= 3 then return k end end, nil, 0 do n = n + k end
			assert(n == 6)`},
		{"for over coroutine.wrap", `
			local n = 0
			for k in coroutine.wrap(function() for k = 1, 3 do coroutine.yield(wait(k)) end end) do n = n + k end
			assert(n == 6)`},
		{"table.sort", `
			local t = { 3, 1, i + 3, 2 }
			table.sort(t, function(a, b) return wait(a) < wait(b) end)
			assert(t[1] == 1 and t[2] == 2 and t[3] == 3 and t[4] == i + 3)`},
		{"string.gsub with a function", `
			local s, n = ("a" .. i .. "b"):gsub("%w", function(c) return wait(c:upper()) end)
			assert(s == "A" .. i .. "B" and n == #s)`},
		{"string.gsub with a table", `
			local t = setmetatable({}, { __index = function(_, k) return wait(k .. i) end })
			assert(("x"):gsub("%a", t) == "x" .. i)`},
		{"table.foreach", `
			local n = 0
			table.foreach({ 1, 2, 3 }, function(_, v) n = n + wait(v) end)
			assert(n == 6)`},
		{"load", `
			local pieces, k = { "return ", tostring(i) }, 0
			assert(load(function() k = k + 1; return wait(pieces[k]) end)() == i)`},
		{"tostring and print", `
			local o = setmetatable({}, { __tostring = function() return wait("me" .. i) end })
			assert(tostring(o) == "me" .. i and string.format("<%s>", o) == "<me" .. i .. ">")
			print(o)`},
		{"__index and __newindex", `
			local t = setmetatable({}, { __index = function(_, k) return wait(k) end, __newindex = function(t, k, v) rawset(t, k, wait(v)) end })
			t.x = i
			assert(t.x == i and t.y == "y" and t[i] == i)`},
		{"arithmetic", `
			local m = {}
			for _, name in ipairs { "add", "sub", "mul", "div", "mod", "pow" } do m["__" .. name] = function(a, b) return wait(name) end end
			m.__unm = function() return wait("unm") end
			m.__len = function() return wait(i) end
			local o = setmetatable({}, m)
			assert(o + 1 == "add" and 1 - o == "sub" and o * o == "mul" and o / 2 == "div" and o % 2 == "mod" and o ^ 2 == "pow" and -o == "unm" and #o == i)`},
		{"comparisons", `
			local m = { __eq = function(a, b) return wait(a.v) == b.v end, __lt = function(a, b) return wait(a.v) < b.v end, __le = function(a, b) return wait(a.v) <= b.v end }
			local function new(v) return setmetatable({ v = v }, m) end
			assert(new(1) == new(1) and new(1) ~= new(2) and new(1) < new(2) and new(2) <= new(2) and not (new(2) > new(3)))`},
		{"__concat", `
			local o = setmetatable({}, { __concat = function(a, b) return wait("c" .. (type(a) == "string" and a or b)) end })
			assert("a" .. o == "ca" and o .. "b" == "cb" and "x" .. o .. "y" == "xcy")`},
		{"__call", `
			local o = setmetatable({}, { __call = function(_, v) return wait(v) end })
			assert(o(i) == i and select(2, pcall(o, i)) == i)
			local function tail(v) return o(v) end
			assert(tail(i) == i)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			luatest.Run(t, strings.ReplaceAll(`
local spectrum = require "spectrum"
local turns = 0
local function wait(v) turns = turns + 1; spectrum.sleep(turns % 3 / 1000); return v end
local made = {}
for i = 1, 200 do made[i] = coroutine.create(function(v) return wait(v) end) end
local function shared(i) local ok, v = coroutine.resume(made[i], i); assert(ok, v); return v end
local tasks = {}
for i = 1, 200 do
  tasks[i] = spectrum.spawn(function()
    assert(coroutine.running() == nil)
    BODY
    assert(coroutine.running() == nil)
    return i
  end)
end
for i = 1, 200 do
  local ok, v = tasks[i]:join()
  assert(ok and v == i, v)
end`, "BODY", c.body))
		})
	}
}

// A coroutine that waits in a binding is active and not "suspended". Another task that
// resumes it gets an error: the binding does not run twice.
func TestWaitingCoroutineCannotBeResumed(t *testing.T) {
	luatest.Run(t, `
local spectrum = require "spectrum"
local runs, started, gate = 0, spectrum.channel(2), spectrum.channel()
local co = coroutine.create(function() runs = runs + 1; started:send(true); gate:receive(); return "done" end)
local first = spectrum.spawn(function() return coroutine.resume(co) end)
started:receive()
assert(runs == 1 and coroutine.status(co) == "normal", coroutine.status(co))
local ok, e = coroutine.resume(co)
assert(not ok and e == "cannot resume non-suspended coroutine", e)
gate:send(true)
local _, ok, v = first:join()
assert(ok and v == "done" and coroutine.status(co) == "dead" and runs == 1)

local w = coroutine.wrap(function() started:send(true); gate:receive() end)
local second = spectrum.spawn(function() w() end)
started:receive()
ok, e = pcall(w)
assert(not ok and e:find("cannot resume non-suspended coroutine", 1, true), e)
gate:send(true)
assert(second:join())`)
}

// A resumed coroutine has the context of the task that resumes it: it stops when that task
// is cancelled, and another task can continue it.
func TestCoroutinesBelongToTheTaskThatResumesThem(t *testing.T) {
	luatest.Run(t, `
local spectrum = require "spectrum"
local co = coroutine.create(function()
  while true do coroutine.yield("one"); local n = 0; while n < 1000 do n = n + 1 end end
end)
assert(select(2, coroutine.resume(co)) == "one")
for _ = 1, 3 do
  local task = spectrum.spawn(function() return coroutine.resume(co) end)
  local _, ok, v = task:join()
  assert(ok and v == "one", v)
end
local started = spectrum.channel(1)
local waits = coroutine.create(function() started:send(true); spectrum.sleep(100) end)
local task = spectrum.spawn(function() return coroutine.resume(waits) end)
started:receive()
task:cancel()
task:join()
assert(coroutine.status(waits) == "dead")`)
}

func TestHandlerTimeoutReachesEverywhere(t *testing.T) {
	cases := []struct{ name, code string }{
		{"a pattern", `("a"):rep(30000):find(("a*"):rep(8) .. "b")`},
		{"gsub with a pattern", `("a"):rep(30000):gsub(("a*"):rep(8) .. "b", "")`},
		{"gmatch", `for _ in ("a"):rep(30000):gmatch(("a-"):rep(8) .. "b") do end`},
		{"a pcall loop", `while true do pcall(function() while true do end end) end`},
		{"an xpcall loop", `while true do xpcall(function() while true do end end, function(e) while true do end end) end`},
		{"a coroutine", `coroutine.wrap(function() while true do end end)()`},
		{"a coroutine made at load", `made()`},
		{"a loop of coroutines", `while true do coroutine.resume(coroutine.create(function() while true do end end)) end`},
		{"a metamethod", `local _ = setmetatable({}, { __index = function() while true do end end }).x`},
		{"sorting", `local t = {} for i = 1, 1e5 do t[i] = i end while true do table.sort(t) end`},
		{"comparisons", `table.sort({ 3, 2, 1 }, function() while true do end end)`},
		{"an iterator", `for _ in function() return 1 end do end`},
		{"a gsub callback", `("abc"):gsub("%w", function() while true do end end)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
local made = coroutine.wrap(function() while true do end end)
function on.query(m)
  if m.config == "spin" then
    `+c.code+`
  end
  spectrum.send("query", { config = "fine" })
end
return on`, "handler_timeout=1") // for on.query with "fine" too, while the other cases compute
			query(st, "spin")
			st.ExpectLog("error", "script.lua:", "it ran for 1s without waiting (handler_timeout)")
			query(st, "go on")
			st.ExpectQuery("fine")
		})
	}
}
