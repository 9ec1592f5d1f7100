-- The basic functions, as section 5.1 of the manual has them.

test("assert returns its arguments", function()
  local a, b, c = assert(1, "x", nil)
  assert(a == 1 and b == "x" and c == nil)
  fails("assertion failed!", assert, false)
  fails("why", assert, nil, "why")
end)

test("error adds the place that its level says", function()
  local function at(level) error("oops", level) end
  local _, e = pcall(at, 0)
  assert(e == "oops")
  _, e = pcall(at, 1)
  assert(e:find("^[^:]+:%d+: oops$"), e)
  local function outer() at(2) end
  local _, line = pcall(function() error("x") end)
  _, e = pcall(outer)
  assert(e:find("^[^:]+:%d+: oops$") and tonumber(e:match(":(%d+):")) == tonumber(line:match(":(%d+):")) - 1, e)
  _, e = pcall(at, 50)
  assert(e == "oops", e)
end)

test("error takes any value", function()
  local object = {}
  local _, e = pcall(error, object)
  assert(e == object)
  _, e = pcall(error)
  assert(e == nil)
  _, e = pcall(error, nil)
  assert(e == nil)
  _, e = pcall(error, 42, 0)
  assert(tostring(e) == "42")
end)

test("errors that begin with a blank stay as they are", function()
  local function raise() error(" x", 0) end
  local function same(e) return e end
  for name, call in pairs {
    error = { error, " x" },
    level = { error, " x", 0 },
    wrap = { coroutine.wrap(raise) },
    pcall = { function() local _, e = pcall(error, " x"); error(e, 0) end },
    sort = { table.sort, { 1, 2 }, raise },
    gsub = { string.gsub, "a", "a", raise },
    tostring = { tostring, setmetatable({}, { __tostring = raise }) },
    load = { pcall, load, raise },
  } do
    local results = { pcall(unpack(call)) }
    local e = results[#results]
    assert(e == " x", name .. ": " .. tostring(e))
  end
  local _, e = xpcall(raise, function(e) return "<" .. e .. ">" end)
  assert(e == "< x>", e)
  local _, e = xpcall(function() error(" x", 2) end, same)
  assert(e == " x", e)
end)

test("pcall", function()
  local ok, a, b = pcall(function(...) return select("#", ...), ... end, 7, nil)
  assert(ok and a == 2 and b == 7)
  assert(select("#", pcall(function() end)) == 1)
  fails("attempt to call", pcall, nil)
  local callable = setmetatable({}, { __call = function(self, x) return self, x end })
  local ok, s, x = pcall(callable, 5)
  assert(ok and s == callable and x == 5)
end)

test("an error leaves the variables of who goes on as they were", function()
  local x = 1
  local function get() return x end
  local function set(v) x = v end
  pcall(error, "boom")
  x = 2
  assert(get() == 2)
  pcall(function() local t = nil; return t.x end)
  set(3)
  assert(x == 3)
  xpcall(function() pcall(error, "in"); x = 4; error("x") end, function(e) return e end)
  assert(x == 4 and get() == 4)
  for i = 1, 3 do
    local up = i
    local inc = function() up = up + 1 end
    pcall(error)
    inc()
    assert(up == i + 1)
  end
end)

test("a closure that outlives an error keeps its variables", function()
  local saved
  xpcall(function() local y = 5; saved = function() return y end; error("x") end, function(e) return e end)
  local function noise(a, b, c, d, e, f) local z = { a, b, c, d }; return z end
  noise(1, 2, 3, 4, 5, 6)
  assert(saved() == 5)
  pcall(function() local y = 6; saved = function() y = y + 1; return y end; error({}) end)
  noise(1, 2, 3, 4, 5, 6)
  assert(saved() == 7 and saved() == 8)
end)

test("xpcall", function()
  local ok, e = xpcall(function() error("boom", 0) end, function(m) return m:upper() end)
  assert(not ok and e == "BOOM")
  local ok, a = xpcall(function() return 1 end, error)
  assert(ok and a == 1)
  local _, trace = xpcall(function() local t = nil; return t.x end, function(m) return debug.traceback(m) end)
  assert(trace:find("stack traceback:", 1, true) and trace:find(":%d+: attempt to index"), trace)
  local ok, e = xpcall(error, function() error("x") end)
  assert(not ok and e == "error in error handling", e)
  local x = 1
  local _, seen = xpcall(function() local inner = 5; x = 2; error(function() return inner end) end, function(f) return f() + x end)
  assert(seen == 7)
end)

test("protected calls within each other", function()
  local function nest(n)
    if n == 0 then error("bottom", 0) end
    local ok, e = pcall(nest, n - 1)
    assert(not ok)
    error(e .. n, 0)
  end
  local _, e = pcall(nest, 9)
  assert(e == "bottom123456789", e)
end)

test("select", function()
  assert(select("#") == 0 and select("#", nil, nil) == 2)
  assert(select(2, "a", "b", "c") == "b" and select(-1, "a", "b") == "b")
  assert(select("#", select(4, 1, 2, 3)) == 0)
  assert(select("2", "a", "b") == "b")
  fails("index out of range", select, 0)
  fails("index out of range", select, -3, 1)
end)

test("tonumber", function()
  assert(tonumber("10") == 10 and tonumber("  0x1F ") == 31 and tonumber("1e2") == 100 and tonumber(".5") == 0.5 and tonumber("5.") == 5)
  assert(tonumber("-0x10") == -16 and tonumber("+7") == 7 and tonumber("010") == 10 and tonumber("\t\n\v 1\r") == 1)
  assert(tonumber("") == nil and tonumber("0x") == nil and tonumber("1e") == nil and tonumber("1 2") == nil and tonumber("--1") == nil)
  assert(tonumber("1_000") == nil and tonumber("0b1") == nil and tonumber("one") == nil and tonumber({}) == nil and tonumber(true) == nil)
  assert(tonumber("1e999") == math.huge and tonumber("1e-999") == 0)
  assert(tonumber("10", 2) == 2 and tonumber("zZ", 36) == 1295 and tonumber("0xff", 16) == 255 and tonumber("8", 8) == nil and tonumber("7", 8) == 7)
  assert(tonumber(10, 16) == 16 and tonumber(" 11 ", 2) == 3)
  fails("value expected", tonumber)
  fails("base out of range", tonumber, "1", 37)
end)

test("tostring", function()
  assert(tostring(nil) == "nil" and tostring(true) == "true" and tostring(12) == "12" and tostring("x") == "x")
  assert(tostring(0.1) == "0.1" and tostring(0.1 + 0.2) == "0.3" and tostring(1 / 3) == "0.33333333333333" and tostring(-1.5) == "-1.5")
  assert(tostring(1e100) == "1e+100" and tostring(1e-10) == "1e-10" and tostring(1 / 0) == "inf" and tostring(-1 / 0) == "-inf")
  assert(tostring(0 / 0):find("nan") and tostring({}):find("^table: ") and tostring(print):find("^function: "))
  assert(tostring(setmetatable({}, { __tostring = function() return "me" end })) == "me")
  fails("value expected", tostring)
end)

test("metatables", function()
  local t = setmetatable({}, { __metatable = "no" })
  assert(getmetatable(t) == "no" and getmetatable({}) == nil and getmetatable("").__index == string)
  fails("cannot change a protected metatable", setmetatable, t, {})
  fails("table expected", setmetatable, 1, {})
  fails("table expected", setmetatable, "", {})
  fails("nil or table expected", setmetatable, {}, 1)
  fails("nil or table expected", setmetatable, {})
end)

test("raw access", function()
  local t = setmetatable({}, { __index = function() return 1 end, __newindex = error, __eq = function() return true end })
  assert(rawget(t, "x") == nil and t.x == 1 and rawset(t, "x", 2) == t and rawget(t, "x") == 2)
  assert(not rawequal(t, {}) and rawequal(t, t) and rawequal("a", "a"))
  fails("table index is nil", rawset, {}, nil, 1)
  fails("table index is NaN", rawset, {}, 0 / 0, 1)
  fails("value expected", rawequal, 1)
end)

test("next, pairs, ipairs", function()
  assert(next({}) == nil and next({ 5 }) == 1 and select(2, next({ 5 })) == 5)
  local n, sum = 0, 0
  for k, v in pairs({ 1, 2, x = 3, [2.5] = 4 }) do n, sum = n + 1, sum + v end
  assert(n == 4 and sum == 10)
  n = 0
  for i, v in ipairs({ 1, 2, nil, 4 }) do n = n + 1; assert(i == v) end
  assert(n == 2)
  local t = { a = 1, b = 2, c = 3 }
  for k in pairs(t) do t[k] = nil end
  assert(next(t) == nil)
  fails("table expected", ipairs)
  fails("table expected", pairs, nil)
end)

test("unpack", function()
  local a, b, c = unpack({ 1, 2, 3 })
  assert(a == 1 and b == 2 and c == 3)
  assert(select("#", unpack({}, 1, 3)) == 3 and select("#", unpack({ 1 }, 2)) == 0 and unpack({ 1, 2 }, 2) == 2)
  assert(unpack({ [-1] = "x" }, -1, -1) == "x" and select("#", unpack({}, 1, 7000)) == 7000)
  fails("too many results to unpack", unpack, {}, 1, 1e7)
end)

test("load and loadstring", function()
  assert(loadstring("return 1 + 1")() == 2 and loadstring("return ...")(7) == 7)
  local f, e = loadstring("x =", "=chunk")
  assert(f == nil and e:find("^chunk:1:"), e)
  f, e = loadstring("x x", "@chunk")
  assert(f == nil and e:find("^chunk:1:"), e)
  f, e = loadstring("error('boom')", "=named")
  local _, e = pcall(f)
  assert(e == "named:1: boom", e)
  local pieces = { "return ", "4", "2", nil }
  local i = 0
  assert(load(function() i = i + 1; return pieces[i] end)() == 42)
  assert(load(function() return nil end)() == nil)
  f, e = load(function() return {} end)
  assert(f == nil and e:find("reader function must return a string"), e)
  _, e = pcall(load, function() error("stop", 0) end)
  fails("string expected", loadstring)
end)

test("environments", function()
  local function f() return y end
  assert(getfenv(f) == _G and getfenv(1) == _G and getfenv() == _G and getfenv(0) == _G and getfenv(print) == _G)
  assert(setfenv(f, { y = 5 }) == f and f() == 5)
  local function change() setfenv(2, setmetatable({ z = 1 }, { __index = _G })) end
  local function user() change(); return z end
  assert(user() == 1)
  fails("cannot change environment", setfenv, print, {})
  fails("invalid level", getfenv, 50)
end)

test("module", function()
  local f = assert(loadstring("module('some.thing', package.seeall); function hello() return type(1) end"))
  f()
  assert(some.thing.hello() == "number" and package.loaded["some.thing"] == some.thing)
  assert(some.thing._NAME == "some.thing" and some.thing._PACKAGE == "some." and some.thing._M == some.thing)
end)

test("collectgarbage", function()
  assert(collectgarbage("count") > 0 and collectgarbage() == 0)
  fails("invalid option", collectgarbage, "nonsense")
end)

test("arguments of the wrong kind", function()
  fails("bad argument #1 to '%S+' %(value expected%)", type)
  fails("table expected, got nil", next, nil)
  fails("number expected, got string", string.rep, "x", "y")
  fails("string expected, got no value", string.len)
end)
