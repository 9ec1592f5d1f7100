-- 2.11: coroutines.

test("values pass in and out", function()
  local log = {}
  local function foo(a) log[#log + 1] = "foo" .. a return coroutine.yield(2 * a) end
  local co = coroutine.create(function(a, b)
    log[#log + 1] = "co" .. a .. b
    local r = foo(a + 1)
    log[#log + 1] = "r" .. r
    local r, s = coroutine.yield(a + b, a - b)
    log[#log + 1] = "s" .. r .. s
    return b, "end"
  end)
  local function resume(...) return table.concat({ tostring((select(1, coroutine.resume(co, ...)))) }, " ") end
  local _, x = coroutine.resume(co, 1, 10)
  assert(_ and x == 4)
  local _, x, y = coroutine.resume(co, "r")
  assert(_ and x == 11 and y == -9)
  local _, x, y = coroutine.resume(co, "x", "y")
  assert(_ and x == 10 and y == "end")
  local ok, e = coroutine.resume(co, "x", "y")
  assert(not ok and e == "cannot resume dead coroutine")
  assert(table.concat(log, " ") == "co110 foo2 rr sxy")
end)

test("status", function()
  local co, other
  co = coroutine.create(function()
    assert(coroutine.status(co) == "running" and coroutine.running() == co)
    other = coroutine.create(function() assert(coroutine.status(co) == "normal") end)
    assert(coroutine.resume(other))
    coroutine.yield()
  end)
  assert(coroutine.status(co) == "suspended")
  assert(coroutine.resume(co) and coroutine.status(co) == "suspended" and coroutine.status(other) == "dead")
  coroutine.resume(co)
  assert(coroutine.status(co) == "dead")
end)

test("an error ends the coroutine and is resume's second result", function()
  local object = {}
  local co = coroutine.create(function() error(object) end)
  local ok, e = coroutine.resume(co)
  assert(not ok and e == object and coroutine.status(co) == "dead")
  local co = coroutine.create(function() local t = nil return t.x end)
  ok, e = coroutine.resume(co)
  assert(not ok and e:find(":%d+: attempt to index local 't' %(a nil value%)"), e)
end)

test("wrap raises what goes wrong", function()
  local f = coroutine.wrap(function(...) local a = coroutine.yield(...) error(a, 0) end)
  local a, b = f(1, 2)
  assert(a == 1 and b == 2)
  local ok, e = pcall(f, "why")
  assert(not ok and e:find("why"))
  ok, e = pcall(function() local x = coroutine.wrap(function() error(5, 0) end)() end)
  assert(not ok and e:find(":%d+: 5$"), e)
  ok, e = pcall(f)
  assert(not ok and e:find("cannot resume dead coroutine"))
end)

test("a coroutine yields from nested calls, and in a loop", function()
  local function walk(t) for _, v in ipairs(t) do if type(v) == "table" then walk(v) else coroutine.yield(v) end end end
  local out = {}
  for v in coroutine.wrap(function() walk { 1, { 2, { 3 } }, 4 } end) do out[#out + 1] = v end
  assert(table.concat(out, " ") == "1 2 3 4")
end)

test("a closure outlives its coroutine", function()
  local co = coroutine.wrap(function() local x = 1 coroutine.yield(function() x = x + 1 return x end) x = 10 end)
  local f = co()
  assert(f() == 2)
  co()
  assert(f() == 11)
end)

test("yield does not cross a metamethod or a function of the library", function()
  local co = coroutine.create(function() table.sort({ 3, 2, 1 }, function() coroutine.yield() end) end)
  local ok, e = coroutine.resume(co)
  assert(not ok and e:find("attempt to yield across metamethod/C%-call boundary"), e)
end)
