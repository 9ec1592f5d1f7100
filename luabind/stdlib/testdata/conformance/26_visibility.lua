-- 2.6 and 2.7: visibility, closures, errors.

test("2.6: each execution of a local statement makes a new variable", function()
  local a = {}
  local x = 20
  for i = 1, 10 do
    local y = 0
    a[i] = function() y = y + 1 return x + y end
  end
  assert(a[1]() == 21 and a[1]() == 22 and a[2]() == 21)
  x = 30
  assert(a[2]() == 32)
end)

test("2.6: closures share a variable", function()
  local function pair()
    local n = 0
    return function() n = n + 1 return n end, function() return n end, function() return function() n = n * 2 return n end end
  end
  local inc, get, double = pair()
  inc() inc()
  assert(get() == 2 and double()() == 4 and inc() == 5 and get() == 5)
  local inc2, get2 = pair()
  assert(get2() == 0)
end)

test("2.6: a closure in a loop that break leaves keeps its variables", function()
  local get, set
  for i = 1, 5 do
    local v = i
    get, set = function() return v end, function(x) v = x end
    if i == 3 then break end
  end
  set(10)
  assert(get() == 10)
  local i = 0
  repeat
    local c = i
    get = function() return c end
    i = i + 1
  until c == 2
  assert(get() == 2)
end)

test("2.6: 60 upvalues", function()
  local source = {}
  for i = 1, 60 do source[#source + 1] = "local u" .. i .. " = " .. i end
  source[#source + 1] = "return function() return 0"
  for i = 1, 60 do source[#source + 1] = " + u" .. i end
  source[#source + 1] = " end"
  assert(assert(loadstring(table.concat(source, "\n")))()() == 1830)
end)

test("2.7: an error ends the protected call and nothing else", function()
  local x = 1
  local ok, e = pcall(function() x = 2 error("why", 0) x = 3 end)
  assert(not ok and e == "why" and x == 2)
  local object = { code = 5 }
  ok, e = pcall(error, object)
  assert(not ok and e == object)
end)

test("2.7: errors name what was used", function()
  local t, f, up = {}, nil, nil
  fails("attempt to index local 'f' %(a nil value%)", function() local f = f return f.x end)
  fails("attempt to index upvalue 'up' %(a nil value%)", function() return up.x end)
  fails("attempt to index global 'neverAssigned' %(a nil value%)", function() return neverAssigned.x end)
  fails("attempt to index field 'conn' %(a nil value%)", function() return t.conn.x end)
  fails("attempt to call field 'callback' %(a nil value%)", function() t.callback() end)
  fails("attempt to call method 'run' %(a nil value%)", function() t:run() end)
  fails("attempt to call global 'neverAssigned' %(a nil value%)", function() neverAssigned() end)
  fails("attempt to perform arithmetic on field 'n' %(a nil value%)", function() return t.n + 1 end)
  fails("attempt to concatenate local 'a' %(a table value%)", function() local a = {} return "x" .. a end)
  fails("attempt to get length of upvalue 'up' %(a nil value%)", function() return #up end)
  fails("attempt to index a string value", function() ("x").y = 1 end)
  fails("attempt to index local 's' %(a string value%)", function() local s = "x" s.y = 1 end)
  fails("attempt to concatenate local 'a' %(a table value%)", function()
    local a, b = {}, setmetatable({}, { __concat = function() return "x" end })
    return a .. "y" .. b
  end)
  fails("attempt to index field '%?' %(a nil value%)", function() local key = "k" return t[key].x end)
end)
