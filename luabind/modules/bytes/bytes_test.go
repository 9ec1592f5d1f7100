package bytes_test

import (
	"os"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestExamples(t *testing.T) {
	luatest.RunExamples(t, "../../../docs/reference/modules/bytes.md")
}

func TestMisuse(t *testing.T) { luatest.Misuse(t, "spectrum.bytes", 12, "") }

// script is the start of each test.
const script = luatest.Same + `
local bytes = require "spectrum.bytes"
`

// TestSameAsLua53 compares with results of Lua 5.3, which testdata/generate.lua writes.
func TestSameAsLua53(t *testing.T) {
	st := luatest.New(t, script+`
local names = { lrotate = "rol", rrotate = "ror" }
local wrong, count = {}, 0
local function equal(a, b) return a == b or (a ~= a and b ~= b) end
local function check(case)
  local name, arguments, want, why = case[1], case[2], case[3], case[4]
  local fn = bytes[names[name] or name]
  if name == "unpack" then
    arguments = { arguments[1], arguments[2], arguments[3] or 1, { bigints = "string" } }
  end
  local got = { pcall(fn, unpack(arguments, 1, name == "unpack" and 4 or #arguments)) }
  local ok = table.remove(got, 1)
  count = count + 1
  if not want then
    local message = tostring(got[1])
    return not ok and message:find(why[1], 1, true) and (not why[2] or message:find("#" .. why[2] .. " to ", 1, true)), message
  end
  if not ok or #got ~= #want then
    return false, tostring(got[1])
  end
  for i = 1, #want do
    if not equal(got[i], want[i]) then return false, "result " .. i .. " is " .. tostring(got[i]) end
  end
  return true
end
for i, case in ipairs(require "lua53") do
  local ok, message = check(case)
  if not ok and #wrong < 20 then
    wrong[#wrong + 1] = ("case %d, %s %q: %s"):format(i, case[1], tostring(case[2][1]), message)
  end
end
assert(#wrong == 0, table.concat(wrong, "\n"))
assert(count > 4000, count)
return {}
`)
	text, err := os.ReadFile("testdata/lua53.lua")
	if err != nil {
		t.Fatal(err)
	}
	st.Write("lua53.lua", string(text))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
}

func TestIntegersBeyond2To53(t *testing.T) {
	luatest.Run(t, script+`
local id = ("\255"):rep(8)
fails("bytes.unpack: the integer 18446744073709551615 is beyond 2^53, where Lua's numbers are not exact: pass { bigints = \"string\" } as argument 4",
  bytes.unpack, "<I8", id)
same(bytes.unpack("<I8", id, 1, { bigints = "string" }), "18446744073709551615")
same(bytes.unpack("<I8", id, 1, { bigints = "number" }), 2^64)
same(bytes.unpack("<i8", id), -1)
same(bytes.unpack("<i8", "\0\0\0\0\0\0\0\128", nil, { bigints = "string" }), "-9223372036854775808")
same(bytes.unpack("<i8", "\0\0\0\0\0\0\32\0"), 2^53)
same(bytes.unpack("<i8", "\0\0\0\0\0\0\224\255"), -2^53)
fails("9007199254740993", bytes.unpack, "<i8", "\1\0\0\0\0\0\32\0")
fails("-9007199254740993", bytes.unpack, "<i8", "\255\255\255\255\255\255\223\255")
-- A small integer is a number in each mode.
same(type(bytes.unpack("b", "\1", 1, { bigints = "string" })), "number")

same(bytes.pack("<I8", "18446744073709551615"), id)
same(bytes.pack("<I8", "0xffffffffffffffff"), id)
same(bytes.pack("<i8", "-9223372036854775808"), "\0\0\0\0\0\0\0\128")
same(bytes.pack("<I16", "18446744073709551615"), id .. ("\0"):rep(8))
fails("integer overflow", bytes.pack, "<i8", "9223372036854775808")
fails("the integer has more than 64 bits", bytes.pack, "<I8", "18446744073709551616")
fails("the integer has more than 64 bits", bytes.pack, "<i8", "-9223372036854775809")
fails("the number 9007199254740994 is beyond 2^53, where Lua's numbers are not exact: pass the digits as a string",
  bytes.pack, "<i8", 2^53 + 2)
for _, wrong in ipairs { "", " ", "-", "0x", "0xg", "inf", "nan", "1_000", "1e", "--1", "0x1_0", "1,5", "\0", "1\0" } do
  fails("number expected, got string", bytes.pack, "<i8", wrong)
  fails("number expected, got string", bytes.pack, "<d", wrong)
end
`)
}

func TestErrorsNameTheArgument(t *testing.T) {
	luatest.Run(t, script+`
fails("bad argument #1 to pack (invalid format option 'q' at byte 2)", function() bytes.pack("iq", 1) end)
fails("bad argument #3 to pack (integer overflow)", function() bytes.pack("bb", 1, 128) end)
fails("bad argument #2 to unpack (data string too short)", function() bytes.unpack("i4", "abc") end)
fails("bad argument #2 to unpack (unfinished string for format 'z')", function() bytes.unpack("z", "abc") end)
fails("bad argument #1 to packsize (variable-length format)", function() bytes.packsize "s2" end)
fails("bad argument #3 to unpack (integer expected, got 1.5)", function() bytes.unpack("b", "a", 1.5) end)
fails('bytes.unpack has no option "bigint"; did you mean "bigints"?', bytes.unpack, "b", "a", 1, { bigint = "string" })
fails('bytes.unpack: bigints: "error", "string" or "number" expected, got "text"', bytes.unpack, "b", "a", 1, { bigints = "text" })
fails("bad argument #2 to band (integer up to 2^53 expected, got 1.5)", function() bytes.band(1, 1.5) end)
fails("bad argument #1 to bnot (integer up to 2^53 expected", function() bytes.bnot(2^60) end)
fails('spectrum.bytes has no "packsise"; did you mean "packsize"?', function() return bytes.packsise end)
`)
}

func TestLongDataIsBounded(t *testing.T) {
	luatest.Run(t, script+`
fails("the result would be too long: at most 1048576 bytes are allowed (max_string)", bytes.pack, "c2000000000", "")
fails("max_string", bytes.pack, "s4", ("x"):rep(2^20))
fails("max_string", bytes.pack, ("x"):rep(2^20 - 2) .. "s8", "")
same(#bytes.pack(("x"):rep(2^20)), 2^20)
same(bytes.packsize(("x"):rep(2^20)), 2^20)
fails("format result too large", bytes.packsize, ("c2000000000"):rep(2))
fails("more than 8000 results", bytes.unpack, ("b"):rep(8001), ("x"):rep(8001))
same(select("#", bytes.unpack(("b"):rep(8000), ("x"):rep(8000))), 8001)
fails("data string too short", bytes.unpack, "s8", ("\255"):rep(8))
fails("data string too short", bytes.unpack, "c2147483639c2147483639", "x")
`, "max_string = 1048576")
}
