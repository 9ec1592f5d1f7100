-- Where this library goes beyond Lua 5.1, as later versions of Lua do, and where
-- it stays behind on purpose.

test("assert and error take any value", function()
  local object = {}
  local _, e = pcall(assert, false, object)
  assert(e == object)
end)

test("xpcall hands arguments on", function()
  local ok, n = xpcall(function(...) return select("#", ...) end, error, 1, nil)
  assert(ok and n == 2)
end)

test("errors of functions of Go have a place, however they are called", function()
  local _, e = pcall(string.rep)
  assert(e:find("^script.lua:%d+: bad argument #1 to 'rep' %(string expected, got no value%)"), e)
  local _, e = pcall(require("spectrum").send)
  assert(e:find("^script.lua:%d+: bad argument"), e)
end)

test("load takes strings, and an environment", function()
  assert(load("return x", "=c", "t", { x = 5 })() == 5 and load("return 1")() == 1)
  local f, e = load("return 1", "=c", "b")
  assert(f == nil and e:find("attempt to load a text chunk"), e)
end)

test("compiled Lua is not loaded, and nothing compiles to it", function()
  local f, e = loadstring("\27Lua\81\0\1\4\4\4\8\0")
  assert(f == nil and e:find("compiled Lua cannot be loaded"), e)
  f, e = load(function() return "\27Lua" end)
  assert(f == nil and tostring(e):find("compiled Lua cannot be loaded") or true)
  fails("unable to dump given function", string.dump, function() end)
end)

test("integers are written in full", function()
  assert(tostring(1e15) == "1000000000000000" and tostring(2 ^ 53) == "9007199254740992" and string.format("%s", 123456789012345) == "123456789012345")
  assert(tostring(-0.0) == "0")
end)

test("inf and nan are no numerals, a minus counts in any base", function()
  assert(tonumber("inf") == nil and tonumber("nan") == nil and tonumber("infinity") == nil and tonumber("-ff", 16) == -255)
end)

test("%s takes any value", function()
  assert(string.format("%s %s %s", nil, true, setmetatable({}, { __tostring = function() return "me" end })) == "nil true me")
  fails("'tostring' must return a string", string.format, "%s", setmetatable({}, { __tostring = function() return 1 end }))
end)

test("math.log takes a base", function()
  assert(math.log(8, 2) == 3 and math.log(1000, 10) > 2.999)
end)

test("coroutines of functions of Go", function()
  local co = coroutine.create(math.max)
  local ok, v = coroutine.resume(co, 3, 9)
  assert(ok and v == 9 and coroutine.status(co) == "dead" and coroutine.running() == nil)
  local y = coroutine.wrap(coroutine.yield)
  assert(y(1) == 1 and y(2) == 2)
end)

test("positions far outside", function()
  local s = "hello"
  assert(s:sub(-1e308, 1e308) == s and s:sub(0 / 0) == s and (""):rep(1e9) == "" and s:byte(1e308) == nil and s:find("l", 1e308) == nil)
  fails("too many results to unpack", unpack, {}, -1e308, 1e308)
  fails("position out of bounds", table.insert, {}, 0, 1)
  fails("position out of bounds", table.insert, {}, 1e9, 1)
end)

test("a huge key takes no huge memory", function()
  local before = collectgarbage("count")
  local t = {}
  for i = 1, 20 do t[60000000 + i] = i end
  assert(t[60000020] == 20 and collectgarbage("count") - before < 1024 and table.maxn(t) == 60000020)
end)

test("a list has an end", function()
  local t = {}
  t[1048575] = 1
  table.insert(t, 2)
  assert(#t == 1048576)
  fails("the list is full", table.insert, t, 3)
end)

test("the number of a month may have zeros in front", function()
  assert(os.time({ year = "2000", month = "01", day = "08", hour = 0 }) == os.time({ year = 2000, month = 1, day = 8, hour = 0 }))
  fails("number expected", os.time, { year = 2000, month = "may", day = 1 })
  fails("time out of range", os.date, "%c", 1e300)
end)

test("what is not there", function()
  assert(os.exit == nil and os.setenv == nil and debug.sethook == nil and debug.getregistry == nil and newproxy == nil and channel == nil)
  assert(package.loadlib == nil and _printregs == nil)
end)

test("commands are for spectrum.process", function()
  fails("use spectrum.process.start", os.execute, "ls")
  fails("use spectrum.process.start", io.popen, "ls")
  assert(os.execute() == 0)
end)

test("standard input is empty, and the standard files stay open", function()
  assert(io.read() == nil and io.read("*a") == "" and io.stdin:read(5) == nil and io.lines()() == nil)
  local ok, e = io.stdout:close()
  assert(ok == nil and e:find("cannot be closed"))
  assert(io.stderr:write("") == true and io.write("") == true)
end)

test("a local variable can only be set by its number", function()
  local function f() local a = 1; return debug.setlocal(1, 0, 5), debug.setlocal(1, -5, 5), debug.setlocal(1, 150, 5), a end
  local x, y, z, a = f()
  assert(x == nil and y == nil and z == nil and a == 1)
end)

test("protected metatables stay", function()
  fails("cannot change a protected metatable", debug.setmetatable, io.stdout, {})
  assert(getmetatable(io.stdout) == "file" and debug.getmetatable(io.stdout) == "file")
end)

test("setfenv does not change what all share", function()
  fails("cannot change environment", setfenv, 0, {})
  fails("cannot change environment", debug.setfenv, print, {})
  assert(getfenv(0) == _G)
end)
