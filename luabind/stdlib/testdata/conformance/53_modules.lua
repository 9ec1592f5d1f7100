-- 5.3: modules. luabind has tests of modules in files.

test("require calls package.preload's function once, with the name", function()
  local calls, name = 0, nil
  package.preload["conf.a"] = function(...) calls, name = calls + 1, ... return { x = 1 } end
  local a = require "conf.a"
  assert(a.x == 1 and require("conf.a") == a and calls == 1 and name == "conf.a" and package.loaded["conf.a"] == a)
end)

test("a module that returns nothing is true, or what it has put into package.loaded", function()
  package.preload["conf.b"] = function() end
  assert(require "conf.b" == true and package.loaded["conf.b"] == true)
  package.preload["conf.c"] = function(name) package.loaded[name] = "mine" end
  assert(require "conf.c" == "mine")
  package.preload["conf.d"] = function(name) package.loaded[name] = "mine" return "returned" end
  assert(require "conf.d" == "returned" and package.loaded["conf.d"] == "returned")
end)

test("a module that is false is loaded each time", function()
  local calls = 0
  package.preload["conf.e"] = function() calls = calls + 1 return false end
  assert(require "conf.e" == false and package.loaded["conf.e"] == false)
  assert(require "conf.e" == false and calls == 2)
end)

test("module makes a table, the environment of its caller", function()
  package.preload["conf.f"] = function(...)
    local setfenv, module = setfenv, module
    module(..., package.seeall)
    function hello() return "hello from " .. _NAME end
    value = tostring(5)
  end
  local f = require "conf.f"
  assert(f == conf.f and f.hello() == "hello from conf.f" and f.value == "5" and f._M == f and f._NAME == "conf.f" and f._PACKAGE == "conf.")
  assert(package.loaded["conf.f"] == f and rawget(_G, "hello") == nil)
end)

test("modules do not share a table", function()
  for _, name in ipairs { "conf.g", "conf.h", "confi" } do
    package.preload[name] = function(...) module(..., package.seeall) own = ... end
  end
  local g, h, i = require "conf.g", require "conf.h", require "confi"
  assert(g ~= h and h ~= i and g.own == "conf.g" and h.own == "conf.h" and i.own == "confi" and i._PACKAGE == "" and confi == i)
end)

test("module calls its options with the table", function()
  package.preload["conf.i"] = function(...)
    module(..., function(m) m.first = 1 end, function(m) m.second = m.first + 1 end)
  end
  local m = require "conf.i"
  assert(m.first == 1 and m.second == 2 and m.print == nil)
end)

test("a name that is taken is a conflict", function()
  confTaken = 5
  local ok, e = pcall(function() module("confTaken.x") end)
  assert(not ok and e:find("name conflict for module 'confTaken.x'"), e)
  confTaken = nil
end)

test("require of a module that requires itself fails", function()
  package.preload["conf.j"] = function() return require "conf.j" end
  assert(not pcall(require, "conf.j"))
  package.loaded["conf.j"] = nil
end)

test("package has its fields", function()
  assert(type(package.path) == "string" and type(package.cpath) == "string" and type(package.loaded) == "table" and type(package.preload) == "table")
  assert(package.loaded._G == _G and package.loaded.string == string and package.loaded.coroutine == coroutine)
end)
