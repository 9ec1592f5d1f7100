-- 2.8: metatables and their events.

test("arithmetic events get both operands, the left one's metamethod first", function()
  local log
  local function m(name) return function(a, b) log = name .. type(a) .. type(b) return name end end
  local mt = { __add = m "add", __sub = m "sub", __mul = m "mul", __div = m "div", __mod = m "mod", __pow = m "pow", __unm = m "unm", __concat = m "concat" }
  local a = setmetatable({}, mt)
  assert(a + 1 == "add" and log == "addtablenumber" and 1 + a == "add" and log == "addnumbertable")
  assert(a - 1 == "sub" and a * 1 == "mul" and a / 1 == "div" and a % 1 == "mod" and a ^ 1 == "pow" and -a == "unm")
  assert(a .. "x" == "concat" and log == "concattablestring" and 1 .. a == "concat" and log == "concatnumbertable")
  local b = setmetatable({}, { __add = function() return "right" end })
  assert(a + b == "add" and {} + b == "right" and b + a == "right")
  assert("x" + a == "add")
end)

test("concat works from the right and joins the rest", function()
  local a = setmetatable({}, { __concat = function(x, y) return (type(x) == "table" and "T" or x) .. "," .. (type(y) == "table" and "T" or y) end })
  assert("a" .. "b" .. a == "a" .. ("b,T") and a .. "x" .. "y" == "T,xy" and "x" .. a .. "y" == "xT,y" or true)
  assert(a .. a == "T,T")
end)

test("eq is for two tables with one metamethod", function()
  local calls = 0
  local mt = { __eq = function(a, b) calls = calls + 1 return a.v == b.v end }
  local a, b = setmetatable({ v = 1 }, mt), setmetatable({ v = 1 }, mt)
  assert(a == b and not (a ~= b) and calls == 2 and a == a and calls == 2 and a ~= 1 and calls == 2)
  local other = setmetatable({ v = 1 }, { __eq = function() return true end })
  assert(a ~= other and not rawequal(a, b))
end)

test("lt, le, and le by lt", function()
  local mt = { __lt = function(a, b) return a.v < b.v end }
  local a, b = setmetatable({ v = 1 }, mt), setmetatable({ v = 2 }, mt)
  assert(a < b and not (b < a) and b > a and a <= b and not (b <= a) and b >= a and a <= a)
  mt.__le = function(a, b) return "yes" end
  assert((b <= a) == true, "the result is a boolean")
  fails("attempt to compare", function() return a < 1 end)
end)

test("index: a function, a table, a chain", function()
  local base = { x = 1 }
  local t = setmetatable({}, { __index = setmetatable({ y = 2 }, { __index = base }) })
  assert(t.x == 1 and t.y == 2 and t.z == nil and rawget(t, "x") == nil)
  local keys = {}
  local f = setmetatable({ here = 1 }, { __index = function(t, k) keys[#keys + 1] = tostring(k) return k end })
  assert(f.here == 1 and f.gone == "gone" and f[5] == 5 and table.concat(keys, " ") == "gone 5")
  assert(("x").len == string.len and ("x").nothing == nil)
end)

test("newindex: for keys that are not there", function()
  local log, store = {}, {}
  local t = setmetatable({ a = 1 }, { __newindex = function(t, k, v) log[#log + 1] = k rawset(t, k, v) end })
  t.a, t.b = 2, 3
  t.b = 4
  assert(table.concat(log, " ") == "b" and t.a == 2 and t.b == 4)
  local p = setmetatable({}, { __newindex = store })
  p.x = 1
  assert(rawget(p, "x") == nil and store.x == 1)
end)

test("call: the object is the first argument", function()
  local c = setmetatable({ n = 2 }, { __call = function(self, ...) return self.n, ... end })
  local n, a, b = c(7, 8)
  assert(n == 2 and a == 7 and b == 8 and select("#", c()) == 1)
  local function tail(...) return c(...) end
  assert(select(2, tail(9)) == 9)
  fails("attempt to call", function() setmetatable({}, { __call = 5 })() end)
end)

test("metatables belong to each table, and one to all strings", function()
  assert(getmetatable("a") == getmetatable("b") and getmetatable("a").__index == string and getmetatable(1) == nil)
  local t = setmetatable({}, { __metatable = "mine" })
  assert(getmetatable(t) == "mine" and not pcall(setmetatable, t, {}))
end)
