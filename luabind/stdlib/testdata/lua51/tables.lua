-- Tables, as section 5.5 of the manual has them.

test("concat", function()
  assert(table.concat({ 1, 2, 3 }) == "123" and table.concat({ "a", 2.5 }, ", ") == "a, 2.5" and table.concat({}, "x") == "")
  assert(table.concat({ 1, 2, 3 }, ",", 2) == "2,3" and table.concat({ 1, 2, 3 }, ",", 2, 2) == "2" and table.concat({ 1, 2, 3 }, ",", 3, 2) == "")
  assert(table.concat({ [0] = "z", "a" }, "-", 0) == "z-a" and table.concat({ 0.1 + 0.2 }) == "0.3")
  fails("invalid value %(table%) at index 2 in table for 'concat'", table.concat, { 1, {}, 3 })
  fails("invalid value %(nil%) at index 3 in table for 'concat'", table.concat, { 1, 2 }, ",", 1, 3)
end)

test("insert", function()
  local t = { 1, 2, 3 }
  table.insert(t, 4)
  table.insert(t, 1, 0)
  table.insert(t, 3, 1.5)
  assert(table.concat(t, " ") == "0 1 1.5 2 3 4")
  table.insert(t, 7, "end")
  assert(t[7] == "end" and #t == 7)
  t = { 1, 2, 3 }
  t[3] = nil
  table.insert(t, "x")
  assert(t[3] == "x" and #t == 3)
  fails("wrong number of arguments to 'insert'", table.insert, {})
  fails("wrong number of arguments to 'insert'", table.insert, {}, 1, 2, 3)
  fails("table expected", table.insert, nil, 1)
end)

test("remove", function()
  local t = { 1, 2, 3, 4 }
  assert(table.remove(t) == 4 and table.remove(t, 1) == 1 and table.concat(t, " ") == "2 3" and table.remove(t, 2) == 3 and #t == 1)
  assert(table.remove({}) == nil and table.remove({ 1 }, 5) == nil and table.remove({ 1 }, 0) == nil)
  t = { 1, 2, 3 }
  t[3] = nil
  assert(table.remove(t) == 2 and #t == 1)
end)

test("sort", function()
  local t = { 5, 2, 8, 1, 9, 3 }
  table.sort(t)
  assert(table.concat(t, " ") == "1 2 3 5 8 9")
  table.sort(t, function(a, b) return a > b end)
  assert(table.concat(t, " ") == "9 8 5 3 2 1")
  t = { "b", "a", "C", "" }
  table.sort(t, nil)
  assert(table.concat(t, " ") == " C a b")
  local many = {}
  for i = 1, 1000 do many[i] = (i * 7919) % 1009 end
  table.sort(many)
  for i = 2, #many do assert(many[i - 1] <= many[i]) end
  local o = {}
  for i, v in ipairs({ 3, 1, 2 }) do o[i] = setmetatable({ v = v }, { __lt = function(a, b) return a.v < b.v end }) end
  local mt = getmetatable(o[1])
  for _, x in ipairs(o) do setmetatable(x, mt) end
  table.sort(o)
  assert(o[1].v == 1 and o[3].v == 3)
  fails("attempt to compare", table.sort, { 3, 1, "x" })
  fails("function expected", table.sort, { 1, 2 }, 5)
end)

test("maxn, getn, foreach", function()
  assert(table.maxn({}) == 0 and table.maxn({ 1, 2, [10] = 1, [2.5] = 1, x = 1 }) == 10 and table.maxn({ [2.5] = 1 }) == 2.5)
  assert(table.getn({ 1, 2 }) == 2)
  local n = 0
  assert(table.foreach({ a = 1, b = 2 }, function() n = n + 1 end) == nil and n == 2)
  assert(table.foreachi({ 5, 6, 7 }, function(i, v) if v == 6 then return i end end) == 2)
  fails("'setn' is obsolete", table.setn, {}, 1)
end)
