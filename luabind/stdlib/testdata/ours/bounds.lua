-- Bounds: what would take too much memory, time or stack is an error. The tests
-- run with max_string = 1M.

local big = ("x"):rep(700 * 1024)

test("strings", function()
  local tooLarge = "resulting string too large"
  fails(tooLarge, string.rep, "ab", 1e10)
  fails(tooLarge, string.rep, "ab", 1e300)
  fails(tooLarge, string.rep, big, 2)
  fails("max_string", string.rep, big, 2)
  fails(tooLarge, string.format, "%s%s", big, big)
  fails(tooLarge, string.format, "%q%q", big, big)
  fails(tooLarge, table.concat, { big, big })
  fails(tooLarge, table.concat, { 1, 2, 3 }, big)
  fails(tooLarge, string.gsub, "aa", "a", big)
  fails(tooLarge, string.gsub, "aa", "a", "%0" .. big)
  fails(tooLarge, string.gsub, "aa", "a", function() return big end)
  fails(tooLarge, string.gsub, big, "x", "yy")
  fails(tooLarge, string.gsub, "a" .. big, "^a", big)
  fails(tooLarge, os.date, "!" .. ("%A"):rep(2e5), 6 * 86400)
  fails(tooLarge, io.read, 1e10)
  assert(#big:upper() == #big)
end)

test("a string made by ..", function()
  local big = ("x"):rep(2 ^ 20 - 100)
  assert(#(big .. ("x"):rep(100)) == 2 ^ 20)
  assert(#(big .. 1 .. 2) == 2 ^ 20 - 98)
  local function fails(text, fn)
    local ok, e = pcall(fn)
    assert(not ok and tostring(e):find(text, 1, true), e)
  end
  fails("script.lua:35: '..': resulting string too large (more than 1048576 bytes; [lua] max_string allows no more)",
    function() return big .. big end)
  fails("max_string", function() return "a" .. big .. ("x"):rep(100) end)
  fails("max_string", coroutine.wrap(function() return 1 .. big .. big end))
  local joined = setmetatable({}, { __concat = function(a, b) return (type(a) == "string" and a or b) .. big end })
  assert(#("x" .. joined) == #big + 1)
  fails("max_string", function() return big .. joined end)
  fails("attempt to concatenate local 'nothing'", function() local nothing; return big .. nothing end)
end)

test("a file that is too large", function()
  local name = os.tmpname()
  local f = io.open(name, "w")
  f:seek("set", 2 * 1024 * 1024)
  f:write("x")
  f:close()
  f = io.open(name)
  local data, e = f:read("*a")
  assert(data == nil and e:find("max_string"), e)
  f:seek("set")
  data, e = f:read("*l")
  assert(data == nil and e:find("max_string"), e)
  f:close()
  os.remove(name)
end)

test("sources", function()
  local f, e = load(function() return ("x"):rep(1e5) end)
  assert(f == nil and e:find("too long"), e)
  f, e = loadstring("return " .. ("("):rep(5e5))
  assert(f == nil and e:find("more than 5000 levels of nesting"), e)
end)

test("an order that contradicts itself ends in some order", function()
  local t = {}
  for i = 1, 5000 do t[i] = i % 97 end
  table.sort(t, function() return true end)
  table.sort(t, function() return false end)
  table.sort(t, function(a, b) return a <= b end)
  local n = 0
  table.sort(t, function() n = n + 1; return n % 3 == 0 end)
  assert(#t == 5000)
  local nan = 0 / 0
  table.sort({ 3, nan, 1, nan, 2 })
end)

test("a table that changes while it is sorted", function()
  local t = {}
  for i = 1, 100 do t[i] = i * 7 % 101 end
  table.sort(t, function(a, b) t[#t + 1] = 0; table.remove(t, 1); return a < b end)
end)
