package luabind_test

import (
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// TestEachIsolatesErrors runs spectrum.each with functions that fail. The script checks
// what it sees, and the log shows the errors.
func TestEachIsolatesErrors(t *testing.T) {
	cases := []struct {
		name, script string
		logged       []string // words of one log line; nil: no error
	}{
		{"a reader that ends returns its reason", `
local lines, seen = { "a", "b" }, {}
local why, code = spectrum.each(function()
  if lines[1] then return table.remove(lines, 1) end
  return nil, "closed", 7
end, function(...) seen[#seen + 1] = table.concat({ ... }, " ") end)
assert(why == "closed" and code == 7 and table.concat(seen, ",") == "a,b")
assert(select("#", spectrum.each(function() end, print)) == 0)
assert(select("#", spectrum.each(function() return nil end, print)) == 0)`, nil},
		{"extra arguments precede all results of next", `
local n = 0
spectrum.each(function() n = n + 1; if n == 1 then return "text", "binary" end end, function(a, b, item, kind, ...)
  assert(a == 1 and b == nil and item == "text" and kind == "binary" and select("#", ...) == 0)
  n = 10
end, 1, nil)
assert(n == 11)`, nil},
		{"false is an item", `
local n = 0
spectrum.each(function() n = n + 1; if n < 3 then return false end end, function(item) assert(item == false) end)
assert(n == 3)`, nil},
		{"an error is logged with the item, and the next item follows", `
local n, seen = 0, {}
spectrum.each(function() n = n + 1; if n <= 3 then return "line\1 " .. n end end, function(line)
  if n == 2 then error("cannot parse") end
  seen[#seen + 1] = line
end)
assert(#seen == 2 and seen[2] == "line\1 3")`,
			[]string{`error in the function of spectrum.each: script.lua:4: cannot parse`, `in the function of spectrum.each`, `item=line\x01 2`}},
		{"a long item is shortened between two characters", `
local n = 0
spectrum.each(function() n = n + 1; if n == 1 then return "a" .. ("é"):rep(1e5) end end, error)`,
			[]string{"item=a" + strings.Repeat("é", 99) + "…"}},
		{"a table shows its fields, but no secret", `
local n = 0
spectrum.each(function() n = n + 1; if n == 1 then return { id = 7, text = "x\ny", password = "hunter3", deep = { { 1 } } } end end,
  function(m) return m.missing.field end)`,
			[]string{`item={ deep = { 1 = {…} }, id = 7, password = ***, text = "x\ny" }`}},
		{"an error of next is raised", `
local ok, err = pcall(spectrum.each, function() error("broken") end, print)
assert(not ok and err == "script.lua:2: broken", err)`, nil},
		{"variables of functions that continue are shared after an error", `
local n, sum = 0, 0
spectrum.each(function() n = n + 1; if n <= 3 then return n end end, function(i) sum = sum + i; error("x") end)
assert(sum == 6 and n == 4)`, []string{"error in the function of spectrum.each"}},
		{"it may wait, in coroutines too", `
local n = 0
local co = coroutine.wrap(function()
  spectrum.each(function() spectrum.sleep(0); n = n + 1; if n <= 3 then return n end end, function() spectrum.sleep(0) end)
  return "done"
end)
assert(co() == "done" and n == 4)`, nil},
		{"calls that nest without end are an error", `
local depth = 0
local function deep()
  depth = depth + 1
  local n = 0
  spectrum.each(function() n = n + 1; if n == 1 then return 1 end end, deep)
end
deep()
assert(depth > 10 and depth < 200, depth)`, []string{"stack overflow"}},
		{"wrong arguments are errors", `
for _, call in ipairs { { nil, print }, { print }, { print, 1 }, { "x", print } } do
  local ok, err = pcall(spectrum.each, call[1], call[2])
  assert(not ok and err:find("bad argument"), err)
end`, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			st := luatest.Run(t, "local spectrum = require 'spectrum' "+c.script)
			if c.logged != nil {
				st.ExpectLog(c.logged...)
			} else if text := st.Log.String(); strings.Contains(text, "error in") {
				t.Errorf("the log has an error:\n%s", text)
			}
		})
	}
}

func TestEachEndsWithItsTask(t *testing.T) {
	luatest.Run(t, `
local spectrum = require "spectrum"
local items, ended = 0, "not yet"
for _, where in ipairs { "next", "fn" } do
  local begun = spectrum.channel(1)
  local task = spectrum.spawn(function()
    ended = spectrum.each(function()
      items = items + 1
      if where == "next" then begun:send(true); spectrum.sleep(1000) end
      return items
    end, function()
      begun:send(true)
      spectrum.sleep(1000)
    end)
  end)
  begun:receive()
  task:cancel()
  local ok, why = task:join()
  assert(not ok and why:find("the task was cancelled", 1, true), why)
end
assert(items == 2 and ended == "not yet", items)`)
}

func TestEachIsStoppedIfItNeverWaits(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
spectrum.spawn(function() spectrum.each(function() return 1 end, function() end) end)
return {}`, "handler_timeout = 0.1")
	st.ExpectLog("error in a task", "handler_timeout")
}
