-- Coroutines, as sections 2.11 and 5.2 of the manual have them.

test("values go in and out", function()
  local co = coroutine.create(function(a, b)
    local c = coroutine.yield(a + b)
    local d, e = coroutine.yield(c * 2)
    return d, e
  end)
  local function same(ok, ...) return ok, ... end
  local ok, v = coroutine.resume(co, 1, 2)
  assert(ok and v == 3)
  ok, v = coroutine.resume(co, 10)
  assert(ok and v == 20)
  local ok, x, y = coroutine.resume(co, "x", "y")
  assert(ok and x == "x" and y == "y" and coroutine.status(co) == "dead")
  local ok, e = coroutine.resume(co)
  assert(not ok and e == "cannot resume dead coroutine")
end)

test("yield returns as many values as are asked for", function()
  local co = coroutine.wrap(function() local a, b, c = coroutine.yield(1); return a, b == nil, c == nil end)
  co()
  local a, b, c = co(7)
  assert(a == 7 and b and c)
  co = coroutine.wrap(function() local q = 3; coroutine.yield(); local z = q + 1; return z end)
  co()
  assert(co(7, 8, 9, 10) == 4)
  co = coroutine.wrap(function() return select("#", coroutine.yield()) end)
  co()
  assert(co(nil, nil, nil) == 3)
  co = coroutine.wrap(function() local t = { 1, coroutine.yield() }; return #t end)
  co()
  assert(co(2, 3) == 3)
end)

test("yield in a tail call", function()
  local co = coroutine.wrap(function() return coroutine.yield(1) end)
  assert(co() == 1)
  local a, b = co(7, 8)
  assert(a == 7 and b == 8)
  local function deep(n) if n == 0 then return coroutine.yield("deep") end return deep(n - 1) end
  co = coroutine.wrap(function() local v = deep(3); return v .. "!" end)
  assert(co() == "deep" and co("back") == "back!")
end)

test("resume returns true alone when there is nothing more", function()
  assert(select("#", coroutine.resume(coroutine.create(function() end))) == 1)
  assert(select("#", coroutine.resume(coroutine.create(function() coroutine.yield() end))) == 1)
  assert(select("#", coroutine.resume(coroutine.create(function() return nil end))) == 2)
end)

test("wrap", function()
  local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
  local sum = 0
  for i in gen(10) do sum = sum + i end
  assert(sum == 55)
  local dead = coroutine.wrap(function() end)
  dead()
  fails("cannot resume dead coroutine", dead)
  local object = {}
  local _, e = pcall(coroutine.wrap(function() error(object) end))
  assert(e == object)
  local _, e = pcall(function() local f = coroutine.wrap(function() error("boom") end); f() end)
  assert(e:find("^[^:]+:%d+: [^:]+:%d+: boom$"), e)
end)

test("status", function()
  local co, inner
  co = coroutine.create(function()
    assert(coroutine.status(co) == "running")
    inner = coroutine.create(function() assert(coroutine.status(co) == "normal"); coroutine.yield() end)
    coroutine.resume(inner)
    assert(coroutine.status(inner) == "suspended")
    pcall(function() assert(coroutine.status(co) == "running") end)
  end)
  assert(coroutine.status(co) == "suspended")
  assert(coroutine.resume(co))
  assert(coroutine.status(co) == "dead" and coroutine.status(inner) == "suspended")
  local failed = coroutine.create(function() error("x") end)
  coroutine.resume(failed)
  assert(coroutine.status(failed) == "dead")
  fails("coroutine expected", coroutine.status, 1)
end)

test("running", function()
  assert(coroutine.running() == nil and pcall(function() assert(coroutine.running() == nil) end))
  local co
  co = coroutine.create(function()
    assert(coroutine.running() == co)
    pcall(function() assert(coroutine.running() == co) end)
    string.gsub("a", "a", function() assert(coroutine.running() == co) end)
    coroutine.yield()
    assert(coroutine.running() == co)
    return "done"
  end)
  assert(coroutine.resume(co))
  assert(coroutine.running() == nil)
  assert(select(2, coroutine.resume(co)) == "done")
end)

test("what is not suspended cannot be resumed", function()
  local co
  co = coroutine.create(function() return coroutine.resume(co) end)
  local ok, inner, e = coroutine.resume(co)
  assert(ok and inner == false and e:find("^cannot resume"), e)
  local outer
  outer = coroutine.wrap(function()
    local c = coroutine.wrap(function() return coroutine.resume(coroutine.running()) end)
    return c()
  end)
  assert(outer() == false)
  fails("coroutine expected", coroutine.resume, print)
end)

test("a yield across a call from C is an error, and no other damage", function()
  local message = "attempt to yield across metamethod/C-call boundary"
  local function across(body)
    local co = coroutine.create(function()
      local ok, e = pcall(body)
      coroutine.yield("between", ok, e)
      return "end"
    end)
    local ok, between, inner, e = coroutine.resume(co)
    assert(ok and between == "between" and inner == false and tostring(e):find(message, 1, true), tostring(e))
    local ok, last = coroutine.resume(co)
    assert(ok and last == "end" and coroutine.status(co) == "dead")
  end
  local yield = coroutine.yield
  local meta = setmetatable({}, {
    __index = function() return yield() end, __newindex = function() yield() end, __add = function() return yield() end,
    __concat = function() return yield() end, __eq = function() return yield() end, __lt = function() return yield() end,
    __unm = function() return yield() end, __tostring = function() return yield() end,
  })
  across(function() yield() end)
  across(function() return meta.x end)
  across(function() meta.x = 1 end)
  across(function() return meta + 1 end)
  across(function() return meta .. "x" end)
  across(function() return meta < setmetatable({}, getmetatable(meta)) end)
  across(function() return -meta end)
  across(function() return tostring(meta) end)
  across(function() for _ in function() return yield() end do end end)
  across(function() table.sort({ 3, 2, 1 }, function() return yield() end) end)
  across(function() string.gsub("abc", "%w", function() yield() end) end)
  local co = coroutine.wrap(function()
    local ok, e = pcall(function() return -setmetatable({}, { __unm = function() return yield(1) end }) end)
    return ok, e
  end)
  assert(co() == false)
end)

test("a yield within __call and tail calls is none", function()
  local callable = setmetatable({}, { __call = function(_, x) return coroutine.yield(x) end })
  local co = coroutine.wrap(function() local v = callable(5); return v end)
  assert(co() == 5 and co(6) == 6)
end)

test("yield outside of coroutines", function()
  fails("attempt to yield", coroutine.yield, 1)
  local co = coroutine.wrap(function() return pcall(coroutine.yield, 1) end)
  local ok, e = co()
  assert(ok == false and e:find("attempt to yield across"), e)
end)

test("coroutines within coroutines", function()
  local function nest(n)
    if n == 0 then return "bottom" end
    return coroutine.wrap(function() return nest(n - 1) .. n end)()
  end
  assert(nest(9) == "bottom123456789")
end)

test("variables are shared with coroutines", function()
  local x = 1
  local co = coroutine.wrap(function() x = 2; coroutine.yield(); x = x + 10 end)
  co()
  assert(x == 2)
  x = 5
  co()
  assert(x == 15)
end)

test("a producer and a consumer", function()
  local function producer() return coroutine.create(function() for _, v in ipairs({ "a", "b", "c" }) do coroutine.yield(v) end end) end
  local function filter(p) return coroutine.create(function()
    while true do
      local _, v = coroutine.resume(p)
      if not v then return end
      coroutine.yield(v:upper())
    end
  end) end
  local got, f = {}, filter(producer())
  while true do
    local _, v = coroutine.resume(f)
    if not v then break end
    got[#got + 1] = v
  end
  assert(table.concat(got) == "ABC")
end)
