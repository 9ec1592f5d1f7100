-- 2.4: chunks, blocks, assignment, control structures, for, function calls, local.

test("2.4.1: a chunk is an anonymous function with variable arguments", function()
  local f = assert(loadstring("local a, b = ... return b, a, select('#', ...)"))
  local b, a, n = f(1, 2, 3)
  assert(a == 1 and b == 2 and n == 3 and assert(loadstring(""))() == nil)
end)

test("2.4.2: a block ends the life of its locals", function()
  local x = 1
  do local x = 2 assert(x == 2) end
  assert(x == 1)
end)

test("2.4.3: values are adjusted to the variables", function()
  local function three() return 1, 2, 3 end
  local a, b, c, d = three()
  assert(a == 1 and c == 3 and d == nil)
  a, b = three(), 10
  assert(a == 1 and b == 10)
  a, b, c = 0, three()
  assert(a == 0 and b == 1 and c == 2)
  a, b, c = (three())
  assert(a == 1 and b == nil and c == nil)
  a, b = 1
  assert(a == 1 and b == nil)
end)

test("2.4.3: all expressions are evaluated before the assignment", function()
  local i, a = 3, {}
  i, a[i] = i + 1, 20
  assert(i == 4 and a[3] == 20 and a[4] == nil)
  local x, y, z = 1, 2, 3
  x, y, z = y, z, x
  assert(x == 2 and y == 3 and z == 1)
  local t = { 1, 2 }
  t[1], t[2] = t[2], t[1]
  assert(t[1] == 2 and t[2] == 1)
end)

test("2.4.4: while, repeat, if", function()
  local n = 0
  while n < 3 do n = n + 1 end
  assert(n == 3)
  while false do n = 100 end
  repeat local last = n n = n + 1 until last >= 5
  assert(n == 6)
  if nil then n = 1 elseif n == 6 then n = 2 else n = 3 end
  assert(n == 2)
  if false then n = 9 elseif nil then n = 10 else n = 11 end
  assert(n == 11)
end)

test("2.4.4: a branch that a constant rules out does not run", function()
  local sum = 0
  for _, v in ipairs { 1, 2 } do
    if false then local unused = v sum = 100 end
    sum = sum + v
  end
  for k in pairs { a = 1 } do
    if nil then local a, b, c = 1, 2, 3 end
    assert(k == "a")
  end
  assert(sum == 3)
end)

test("2.4.4: break leaves the innermost loop, return the function", function()
  local seen = {}
  for i = 1, 3 do
    for j = 1, 3 do
      if j == 2 then break end
      seen[#seen + 1] = i * 10 + j
    end
  end
  assert(table.concat(seen, " ") == "11 21 31")
  assert((function() for i = 1, 5 do while true do repeat return i until true end end end)() == 1)
  assert(loadstring("break") == nil and loadstring("while true do local function f() break end end") == nil)
  assert(loadstring("return 1 local x") == nil)
end)

test("2.4.5: the numeric for evaluates its three expressions once", function()
  local calls, seen = 0, {}
  local function n(v) calls = calls + 1 return v end
  for i = n(1), n(7), n(3) do seen[#seen + 1] = i end
  assert(calls == 3 and table.concat(seen, " ") == "1 4 7")
  for i = 1, 0 do error("not reached") end
  for i = 3, 1, -1 do seen[#seen + 1] = i end
  assert(table.concat(seen, " ") == "1 4 7 3 2 1")
  for i = 1, 2 do i = i * 10 seen[#seen + 1] = i end
  assert(table.concat(seen, " ") == "1 4 7 3 2 1 10 20", "assigning to the variable does not change the loop")
  local halves = 0
  for i = 0, 1, 0.25 do halves = halves + i end
  assert(halves == 2.5)
  fails("'for' initial value must be a number", function() for i = {}, 1 do end end)
  fails("'for' limit must be a number", function() for i = 1, "x" do end end)
  fails("'for' step must be a number", function() for i = 1, 2, {} do end end)
end)

test("2.4.5: each iteration has a variable of its own", function()
  local f = {}
  for i = 1, 3 do f[i] = function() i = i + 1 return i end end
  assert(f[1]() == 2 and f[1]() == 3 and f[2]() == 3)
  for k, v in ipairs { "a", "b" } do f[k] = function() return v end end
  assert(f[1]() == "a" and f[2]() == "b")
end)

test("2.4.5: the generic for calls the function with the state and the last value", function()
  local log = {}
  local function iter(s, c)
    log[#log + 1] = tostring(s) .. "/" .. tostring(c)
    if c == nil or c < 2 then return (c or 0) + 1 end
  end
  for i in iter do end
  for i in iter, "s" do end
  for i in iter, "s", 1 do end
  assert(table.concat(log, " ") == "nil/nil nil/1 nil/2 s/nil s/1 s/2 s/1 s/2", table.concat(log, " "))
  local count = 0
  for k, v in next, { 1, 2, x = 3 } do count = count + v end
  for k, v in next, { 1, 2, x = 3 } do count = count + v end
  assert(count == 12)
  for a, b, c in (function() return 1, 2, 3 end) do assert(a == 1 and b == 2 and c == 3) break end
  fails("attempt to call a nil value", function() for i in nil do end end)
end)

test("2.4.7: local declarations, and attributes of their scope", function()
  local x = 10
  local x = x + 1
  assert(x == 11)
  local f = function() return f end
  assert(f() == nil, "the name is not visible in its own value")
  local function g() return g end
  assert(g() == g)
end)

test("2.4: 200 locals and no more", function()
  local names = {}
  for i = 1, 200 do names[i] = "local v" .. i .. " = " .. i .. " " end
  local f = assert(loadstring(table.concat(names) .. "return v1 + v200"))
  assert(f() == 201)
  local f, e = loadstring(table.concat(names) .. "local one return 1")
  assert(f == nil and e:find(":1: ") and e:find("local variables"), e)
end)
