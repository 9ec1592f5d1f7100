-- 5.5: tables.

test("concat", function()
  assert(table.concat {} == "" and table.concat({ 1, "a", 2.5 }) == "1a2.5" and table.concat({ 1, 2, 3 }, ", ") == "1, 2, 3")
  assert(table.concat({ 1, 2, 3 }, "-", 2) == "2-3" and table.concat({ 1, 2, 3 }, "-", 2, 2) == "2" and table.concat({ 1, 2, 3 }, "-", 3, 2) == "")
  fails("invalid value %(table%) at index 2 in table for 'concat'", table.concat, { 1, {}, 3 })
  fails("invalid value %(nil%) at index 1", table.concat, {}, "", 1, 1)
end)

test("insert and remove", function()
  local t = { 1, 2 }
  table.insert(t, 3)
  table.insert(t, 1, 0)
  assert(table.concat(t, " ") == "0 1 2 3" and table.remove(t) == 3 and table.remove(t, 1) == 0 and table.concat(t, " ") == "1 2")
  assert(table.remove({}) == nil and select("#", table.remove({})) == 0 and table.remove(t, 5) == nil and #t == 2)
  fails("wrong number of arguments to 'insert'", table.insert, t)
  fails("wrong number of arguments to 'insert'", table.insert, t, 1, 2, 3)
end)

test("maxn, getn, foreach, foreachi", function()
  assert(table.maxn { 1, 2, [10] = 3, [1.5] = 4 } == 10 and table.maxn {} == 0 and table.getn { 1, 2 } == 2)
  assert(table.foreach({ a = 5 }, function(k, v) return k .. v end) == "a5")
  local n = 0
  table.foreachi({ 1, 2, 3 }, function(i, v) n = n + i * v end)
  assert(n == 14)
end)

test("sort", function()
  local t = { 3, 1, 2 }
  table.sort(t)
  assert(table.concat(t, " ") == "1 2 3")
  table.sort(t, function(a, b) return a > b end)
  assert(table.concat(t, " ") == "3 2 1")
  local words = { "b", "a", "C" }
  table.sort(words)
  assert(table.concat(words) == "Cab")
  fails("attempt to compare", table.sort, { 1, "x" })
  local big = {}
  for i = 1, 500 do big[i] = (i * 7919) % 1009 end
  table.sort(big)
  for i = 2, 500 do assert(big[i - 1] <= big[i]) end
end)
