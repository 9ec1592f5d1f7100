-- 5.9: the debug library.

test("getinfo of a function and of a level", function()
  local function f() return debug.getinfo(1, "nSlf") end
  local info = f()
  assert(info.func == f and info.name == "f" and info.namewhat == "local" and info.what == "Lua" and info.linedefined > 0 and info.currentline == info.linedefined and info.lastlinedefined == info.linedefined)
  local info = debug.getinfo(f)
  assert(info.func == f and info.currentline == -1 and info.nups == 0 and info.name == nil and info.namewhat == "")
  local info = debug.getinfo(print)
  assert(info.what == "C" and info.short_src == "[C]" and info.source == "=[C]" and info.linedefined == -1 and info.lastlinedefined == -1 and info.currentline == -1)
  local x, y = 1, 2
  assert(debug.getinfo(function() return x, y end, "u").nups == 2)
  assert(debug.getinfo(1000) == nil)
  fails("invalid option", debug.getinfo, 1, "X")
  fails("bad argument #1 to", debug.getinfo, "x")
end)

test("getinfo says how a function was called", function()
  local t = {}
  function t.field() return debug.getinfo(1, "n") end
  function t:method() return debug.getinfo(1, "n") end
  function globalFunction() return debug.getinfo(1, "n") end
  local field, method, global = t.field(), t:method(), globalFunction()
  assert(field.name == "field" and field.namewhat == "field")
  assert(method.name == "method" and method.namewhat == "method")
  assert(global.name == "globalFunction" and global.namewhat == "global")
  local up = function() return debug.getinfo(1, "n") end
  local info = (function() local i = up() return i end)()
  assert(info.name == "up" and info.namewhat == "upvalue")
  globalFunction = nil
end)

test("getinfo lists the lines that have code", function()
  local function f()
    local x = 1

    return x
  end
  local info = debug.getinfo(f, "LS")
  assert(info.activelines[info.linedefined + 1] and info.activelines[info.linedefined + 3] and not info.activelines[info.linedefined + 2])
end)

test("getlocal sees the variables that are active, with their values", function()
  local function names(level)
    local out = {}
    for i = 1, 100 do
      local name, value = debug.getlocal(level + 1, i)
      if not name then break end
      if not name:find("^%(") then out[#out + 1] = name .. "=" .. tostring(value) end
    end
    return table.concat(out, " ")
  end
  local function f(a, b)
    local c = 3
    do local d = 4 end
    local e = 5
    local text = names(1)
    return text
  end
  assert(f(1, 2) == "a=1 b=2 c=3 e=5", f(1, 2))
  local function g()
    for i = 1, 1 do local inner = i end
    local after = 1
    local text = names(1)
    return text
  end
  assert(g() == "after=1", g())
  local function h()
    do local gone = 1 end
    local text = names(1)
    return text
  end
  assert(h() == "", h())
  assert(debug.getlocal(1, 1000) == nil)
  fails("level out of range", debug.getlocal, 1000, 1)
end)

test("setlocal, getupvalue, setupvalue", function()
  local function f() local a = 1 assert(debug.setlocal(1, 1, 5) == "a") return a end
  assert(f() == 5)
  local x, y = 1, 2
  local function g() return x, y end
  local name, value = debug.getupvalue(g, 1)
  assert(name == "x" and value == 1 and debug.setupvalue(g, 2, 7) == "y" and y == 7 and debug.getupvalue(g, 3) == nil and debug.setupvalue(g, 3, 1) == nil)
end)

test("metatables and environments", function()
  local t = {}
  assert(debug.setmetatable(t, { __index = { x = 1 } }) and t.x == 1 and debug.getmetatable(t).__index.x == 1)
  local env = {}
  local f = debug.setfenv(function() return y end, env)
  assert(debug.getfenv(f) == env)
end)

test("traceback", function()
  local text = debug.traceback("message")
  assert(text:find("^message\nstack traceback:\n\t"), text)
  assert(debug.traceback("m", 1):find("in function") and debug.traceback():find("^stack traceback:"))
  local object = {}
  assert(debug.traceback(object) == object)
  local co = coroutine.create(function() local x = 1 coroutine.yield() end)
  coroutine.resume(co)
  assert(debug.traceback(co):find("stack traceback:") and debug.traceback(co, "m"):find("^m\n"))
end)
