-- 2.5: operators, precedence, constructors, calls, function definitions.

test("2.5.1: arithmetic", function()
  assert(7 + 2 == 9 and 7 - 2 == 5 and 7 * 2 == 14 and 7 / 2 == 3.5 and 2 ^ 0.5 == math.sqrt(2) and -(-3) == 3)
  assert(7 % 3 == 1 and -7 % 3 == 2 and 7 % -3 == -2 and -7 % -3 == -1 and 5.5 % 2 == 1.5)
  assert(1 / 0 == math.huge and -1 / 0 == -math.huge and 0 / 0 ~= 0 / 0)
  local a, b = -13, 4
  assert(a % b == a - math.floor(a / b) * b)
end)

test("2.5.2: comparison", function()
  assert(1 == 1.0 and "0" ~= 0 and "a" < "b" and "a" < "aa" and "Z" < "a" and "" < "a" and not ("b" <= "a") and 2 > 1 and 2 >= 2)
  assert("a\0a" < "a\0b" and "a" < "a\0")
  fails("attempt to compare number with string", function() return 1 < "2" end)
  fails("attempt to compare two table values", function() return {} < {} end)
  fails("attempt to compare two nil values", function() return nil < nil end)
  local t = { [10] = 1, ["10"] = 2 }
  assert(t[10] == 1 and t["10"] == 2)
end)

test("2.5.3: and, or and not, which evaluate no more than they need", function()
  local function never() error("evaluated") end
  assert((10 or never()) == 10 and (nil or "a") == "a" and (nil and never()) == nil and (false and never()) == false)
  assert((false or nil) == nil and (10 and 20) == 20 and (1 and nil or 3) == 3)
  assert(not nil == true and not false == true and not 0 == false and not not nil == false)
  local x, y = 1, nil
  assert((x and y) == nil and (y or x) == 1 and (x and 2 or 3) == 2 and (y and 2 or 3) == 3)
end)

test("2.5.3: a constant that decides nothing leaves the other operand as it is", function()
  local x = 1
  local function set() x = 5 return 1 end
  assert((nil or x) - set() == 4)
  x = 1
  assert((true and x) * set() == 5)
  x = 1
  assert(((nil or x) == set()) == false)
end)

test("2.5.4: concatenation", function()
  assert("a" .. "b" .. 1 .. 2 == "ab12" and "" .. "" == "")
end)

test("2.5.5: the length of strings is in bytes, that of a list its last index", function()
  assert(#"" == 0 and #"a\0b" == 3 and #{} == 0 and #{ 1, 2, 3 } == 3 and #{ nil } == 0)
  local t = {}
  for i = 1, 100 do t[i] = i assert(#t == i) end
  for i = 100, 1, -1 do t[i] = nil assert(#t == i - 1) end
  fails("attempt to get length of a number value", function() return #5 end)
end)

test("2.5.6: precedence", function()
  assert(2 + 3 * 4 == 14 and (2 + 3) * 4 == 20 and 2 ^ 3 ^ 2 == 512 and -2 ^ 2 == -4 and 2 ^ -1 == 0.5)
  assert(not 1 == 2 == false and 1 .. 2 == "12" and 1 + 1 .. "" == "2" and "a" .. "b" == "ab")
  assert((1 or false and nil) == 1 and 1 < 2 == true and -3 % 5 == 2 and 2 * 3 % 4 == 2 and #"ab" + 1 == 3 and -"2" + 0 == -2)
end)

test("2.5.7: constructors", function()
  local function f() return 1, 2, 3 end
  local t = { "a", x = 1, "b", [30] = 23; 45, f(), f() }
  assert(t[1] == "a" and t[2] == "b" and t[3] == 45 and t[4] == 1 and t[5] == 1 and t[7] == 3 and t.x == 1 and t[30] == 23)
  assert(#{ f(), (f()) } == 2 and #{ f(), } == 3 and #{ (f()) } == 1 and #{ f(), nil } == 1)
  local function v(...) return { ... }, { ..., "x" }, { "x", ... } end
  local a, b, c = v(7, 8)
  assert(#a == 2 and #b == 2 and b[1] == 7 and #c == 3 and c[3] == 8)
  local items = {}
  for i = 1, 300 do items[i] = tostring(i) end
  local t = assert(loadstring("return { " .. table.concat(items, ", ") .. " }"))()
  assert(#t == 300 and t[51] == 51 and t[300] == 300)
  local t = assert(loadstring("return { " .. table.concat(items, ", ") .. ", ... }"))(301, 302)
  assert(#t == 302 and t[302] == 302)
end)

test("2.5.8: calls", function()
  local t = { n = 5 }
  function t:get(x) return self.n + (x or 0) end
  function t.plain(x) return x end
  assert(t:get(1) == 6 and t.get(t, 2) == 7 and t.plain(3) == 3 and t:get() == 5)
  local function one(x) return x end
  assert(one "text" == "text" and one [[long]] == "long" and one { 1 }[1] == 1 and ("x"):rep(3) == "xxx")
  local function count(...) return select("#", ...) end
  local function f() return 1, 2, 3 end
  assert(count(f()) == 3 and count(f(), f()) == 4 and count((f())) == 1 and count(nil, nil) == 2 and count() == 0)
end)

test("2.5.8: a tail call needs no room", function()
  local function loop(n) if n == 0 then return "end" end return loop(n - 1) end
  assert(loop(100000) == "end")
end)

test("2.5.9: parameters are adjusted, the rest is ...", function()
  local function f(a, b) return a, b end
  local a, b = f(3)
  assert(a == 3 and b == nil)
  a, b = f(3, 4, 5)
  assert(a == 3 and b == 4)
  local function g(a, b, ...) return a, b, select("#", ...), (...) end
  local a, b, n, first = g(1)
  assert(a == 1 and b == nil and n == 0 and first == nil)
  a, b, n, first = g(1, 2, 3, nil)
  assert(b == 2 and n == 2 and first == 3)
  local x, y, z = 1, 2, 3
  local function h(...) local x, n, m = 0, 5, "m" x = (...) return x, n, m end
  x, y, z = h("A", "B")
  assert(x == "A" and y == 5 and z == "m")
  assert(loadstring("function f() return ... end") == nil, "... only in a function that has it")
end)
