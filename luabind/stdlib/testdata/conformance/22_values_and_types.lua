-- 2.2: the types, coercion between strings and numbers.

test("there are eight types", function()
  assert(type(nil) == "nil" and type(true) == "boolean" and type(1) == "number" and type("") == "string")
  assert(type(print) == "function" and type({}) == "table" and type(coroutine.create(function() end)) == "thread")
end)

test("nil and false are false, all else is true", function()
  local function truth(v) if v then return true end return false end
  assert(not truth(nil) and not truth(false) and truth(0) and truth("") and truth({}) and truth(0 / 0))
end)

test("tables, functions and threads are references", function()
  local a = {}
  local b = a
  b.x = 1
  assert(a.x == 1 and a == b and {} ~= {} and (function() end) ~= (function() end))
end)

test("any value but nil and NaN is a key", function()
  local t, key = {}, {}
  t[key], t[1.5], t[true], t[print], t["1"], t[1] = "table", "fraction", "boolean", "function", "text", "number"
  assert(t[key] == "table" and t[1.5] == "fraction" and t[true] == "boolean" and t[print] == "function" and t["1"] == "text" and t[1] == "number")
  fails("index is nil", function() t[nil] = 1 end)
  fails("index is NaN", function() t[0 / 0] = 1 end)
  assert(t[nil] == nil and t[0 / 0] == nil)
end)

test("a.name is a['name']", function()
  local a = { name = 1 }
  a["other"] = 2
  assert(a["name"] == a.name and a.other == 2)
end)

test("2.2.1: a string in arithmetic is a number, a number in a concatenation a string", function()
  assert("10" + 1 == 11 and "0x10" * "2" == 32 and " 5 " - 1 == 4 and -"2" == -2 and "2" ^ "3" == 8 and "7" % 4 == 3 and "1e1" / 2 == 5)
  assert(1 .. 2 == "12" and 1.5 .. "" == "1.5" and -3 .. "x" == "-3x")
  fails("arithmetic on", function() return "abc" + 1 end)
  fails("concatenate", function() return "abc" .. nil end)
  fails("concatenate", function() return {} .. "abc" end)
end)
