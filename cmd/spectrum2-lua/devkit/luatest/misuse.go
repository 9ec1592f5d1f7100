package luatest

import (
	"fmt"
	"testing"
)

// misuse calls all functions of a module with values of all kinds. They may fail, but not
// with an internal error.
const misuse = `
local values = {
  true, false, 0, 1, -1, 2, 3.5, 64, 1e308, -1e308, 2^53, 0/0, 1/0, -1/0, "", "a", "1", "\255\0\128", "sha256", "utf-8",
  "(a)(b)?", "%%Y", "rfc1123", "Europe/Berlin", "+02:00", ("x"):rep(300), {}, { 1, 2, { 3 } }, { a = 1 }, { [0] = 1, [3] = 2 },
  { a = { b = {} } }, print, coroutine.create(print), require "spectrum.json".null, require "spectrum",
  setmetatable({}, { __index = error }),
}
math.randomseed(7)
local function any() return values[math.random(#values + 1)] end
local tried = 0
local function try(name, fn, ...)
  local ok, message = pcall(fn, ...)
  assert(ok or not tostring(message):find("internal error", 1, true), name .. ": " .. tostring(message))
  tried = tried + 1
end
local function walk(name, value, object)
  if type(value) == "function" then
    for _ = 1, 300 do
      if object ~= nil and math.random(3) > 1 then
        try(name, value, object, unpack({ any(), any(), any() }, 1, math.random(0, 3)))
      else
        try(name, value, unpack({ any(), any(), any(), any() }, 1, math.random(0, 4)))
      end
    end
  elseif type(value) == "table" then
    for k, v in pairs(value) do walk(name .. "." .. tostring(k), v) end
  end
end
local module = require %q
walk("module", module)
assert(tried == %d * 300, "the module has " .. tried / 300 .. " functions")
`

// Misuse calls each function of a module, which must have the given number of functions,
// with arguments of every kind. No call may panic. rest may call walk(name, function,
// object) for more objects of the module.
func Misuse(t *testing.T, module string, functions int, rest string) {
	t.Helper()
	Run(t, fmt.Sprintf(misuse, module, functions)+rest)
}
