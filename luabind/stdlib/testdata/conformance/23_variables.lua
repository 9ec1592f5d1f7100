-- 2.3: global variables, local variables, fields, environments.

test("a variable is nil before it is assigned", function()
  local x
  assert(x == nil and neverAssigned == nil and ({}).field == nil)
end)

test("a global variable x is a field of the function's environment", function()
  local env = { tostring = tostring }
  local function f() x = 5 return x, tostring(x) end
  setfenv(f, env)
  local n, s = f()
  assert(n == 5 and s == "5" and env.x == 5 and getfenv(f) == env)
  assert(rawget(_G, "x") == nil)
end)

test("a function inherits the environment of the one that makes it", function()
  local env = {}
  local maker = setfenv(function() return function() return y end end, env)
  env.y = 7
  assert(maker()() == 7)
end)

test("locals are lexical: an inner function uses the variable itself", function()
  local x = 1
  local function inc() x = x + 1 end
  inc() inc()
  do local x = 100 inc() assert(x == 100) end
  assert(x == 4)
end)
