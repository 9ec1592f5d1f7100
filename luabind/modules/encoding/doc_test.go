package encoding_test

import (
	"fmt"
	"os"
	"regexp"
	"testing"

	"spectrumlua/luabind/luatest"
)

// TestDocumentation runs each example of the module's page.
func TestDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../../docs/modules/encoding.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```lua\n(.*?)```").FindAllSubmatch(page, -1)
	if len(examples) == 0 {
		t.Fatal("the page has no examples")
	}
	for i, example := range examples {
		t.Run(fmt.Sprint(i+1), func(t *testing.T) { luatest.Run(t, string(example[1])) })
	}
}

// misuse calls whatever the module has with arguments of every kind. What comes
// out does not matter, as long as it is no internal error.
const misuse = `
local values = {
  true, false, 0, 1, -1, 2, 3.5, 64, 1e308, -1e308, 2^53, 0/0, 1/0, -1/0, "", "a", "1", "\255\0\128", "sha256", "utf-8",
  "(a)(b)?", "%Y", ("x"):rep(300), {}, { 1, 2, { 3 } }, { a = 1 }, { [0] = 1, [3] = 2 }, { a = { b = {} } }, print,
  coroutine.create(print), require "spectrum.json".null, require "spectrum", setmetatable({}, { __index = error }),
}
math.randomseed(7)
local function any() return values[math.random(#values + 1)] end
local tried = { n = 0 }
local function try(name, fn, ...)
  local ok, message = pcall(fn, ...)
  assert(ok or not tostring(message):find("internal error", 1, true), name .. ": " .. tostring(message))
  tried.n = tried.n + 1
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
`

func TestMisuse(t *testing.T) {
	luatest.Run(t, misuse+`
walk("encoding", require "spectrum.encoding")
assert(tried.n == 23 * 300, tostring(tried.n))
`)
}
