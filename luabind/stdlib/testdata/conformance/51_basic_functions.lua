-- 5.1: basic functions. testdata/lua51/base.lua has more of them.

test("load reads pieces until nil or an empty one", function()
  local pieces = { "return ", "1", " + 1", nil }
  local i = 0
  assert(load(function() i = i + 1 return pieces[i] end)() == 2)
  i, pieces = 0, { "return 5", "", "nonsense" }
  assert(load(function() i = i + 1 return pieces[i] end)() == 5)
  i, pieces = 0, { "return ", 7 }
  assert(load(function() i = i + 1 return pieces[i] end)() == 7, "a number is a piece")
  assert(load(function() end)() == nil)
end)

test("load returns nil and the message if the reader fails", function()
  local f, e = load(function() error("the reader fails", 0) end)
  assert(f == nil and e:find("^the reader fails"))
  local object = {}
  f, e = load(function() error(object) end)
  assert(f == nil and e == object)
  f, e = load(function() return {} end)
  assert(f == nil and e:find("reader function must return a string"))
  f, e = load(function() return true end)
  assert(f == nil and e:find("reader function must return a string"))
  local first = true
  f, e = load(function() if first then first = false return "x =" end end, "=chunk")
  assert(f == nil and e:find("^chunk:1: "), e)
  local n, up = 0, 5
  load(function() n = n + 1 up = up + 1 if n == 2 then error("x") end return "  " end)
  assert(n == 2 and up == 7)
end)

test("loadstring names its chunk", function()
  local f, e = loadstring("x = = 1", "@file.lua")
  assert(f == nil and e:find("^file.lua:1: "), e)
  f, e = loadstring("x = = 1")
  assert(e:find('^%[string "x = = 1"%]:1: '), e)
  f, e = loadstring("\n\nx = = 1", "=name")
  assert(e:find("^name:3: "), e)
  local ok, e = pcall(assert(loadstring("error('a')", "=chunk")))
  assert(e == "chunk:1: a")
end)

test("next goes through all pairs, and fails for a key that was never there", function()
  assert(next({}) == nil and next({ 5 }) == 1 and select("#", next({})) == 1)
  local t, count = { 1, 2, 3, a = 4, b = 5 }, 0
  for k, v in next, t do count = count + v t[k] = nil end
  assert(count == 15 and next(t) == nil)
  fails("invalid key to 'next'", next, {}, "never")
  fails("invalid key to 'next'", next, { a = 1 }, {})
  fails("invalid key to 'next'", next, {}, 1)
  fails("invalid key to 'next'", next, { 1, 2 }, 100)
end)

test("a loop may remove the keys that it sees", function()
  local t, seen = { 1, 2, 3, x = 4, y = 5 }, 0
  for k in next, t do
    seen = seen + 1
    if k == 3 then table.remove(t) table.remove(t) table.remove(t) end
  end
  assert(seen == 5 and #t == 0, seen)
  t, seen = { 1, 2, 3, x = 4 }, 0
  for k in pairs(t) do
    seen = seen + 1
    if k == 3 then table.remove(t) end
  end
  assert(seen == 4, seen)
end)

test("ipairs stops at the first nil", function()
  local n = 0
  for i, v in ipairs { 1, 2, nil, 4 } do n = n + v end
  assert(n == 3)
  local f, t, zero = ipairs { 1 }
  assert(type(f) == "function" and t[1] == 1 and zero == 0)
  local f, t, start = pairs { 1 }
  assert(type(f) == "function" and t[1] == 1 and start == nil)
end)

test("select, unpack, type, assert", function()
  assert(select(-1, 1, 2, 3) == 3 and select("#", unpack({ 1, nil, 3 }, 1, 3)) == 3 and unpack({ 1, 2 }, 2) == 2 and select("#", unpack {}) == 0)
  fails("value expected", type)
  fails("index out of range", select, 0)
  local a, b = assert(1, 2)
  assert(a == 1 and b == 2)
end)

test("tostring and tonumber", function()
  local mt = { __tostring = function(t) return "T" .. t.n end }
  assert(tostring(setmetatable({ n = 1 }, mt)) == "T1" and tostring(-1.5) == "-1.5" and tostring("x") == "x")
  assert(tonumber("0x1p4") == 16 or tonumber("0x1p4") == nil)
  assert(tonumber("z", 36) == 35 and tonumber("11", 2) == 3 and tonumber("9", 8) == nil and tonumber("") == nil)
end)

test("rawget, rawset, rawequal pass by metatables", function()
  local t = setmetatable({}, { __index = function() return 1 end, __newindex = function() error("no") end })
  rawset(t, "x", 5)
  assert(rawget(t, "x") == 5 and rawget(t, "y") == nil and t.y == 1)
end)

test("error takes levels", function()
  local function f() error("m", 2) end
  local function g() f() end
  local _, e = pcall(g)
  assert(e:find(":%d+: m$"))
  local _, e = pcall(function() error() end)
  assert(e == nil)
  local _, e = pcall(function() error("m", 0) end)
  assert(e == "m")
  local _, e = pcall(function() error(5, 0) end)
  assert(e == 5)
  local _, e = pcall(function() error(5) end)
  assert(e:find(":%d+: 5$"))
end)
