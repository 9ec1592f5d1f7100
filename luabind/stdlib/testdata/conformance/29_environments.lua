-- 2.9 and 2.10: environments; garbage collection, as far as a script can tell.

test("setfenv and getfenv by level", function()
  local env = setmetatable({}, { __index = _G })
  local function f()
    setfenv(1, env)
    z = 1
    return getfenv(1), getfenv()
  end
  local a, b = f()
  assert(a == env and b == env and env.z == 1 and rawget(_G, "z") == nil)
  assert(getfenv(0) == _G and getfenv(print) == _G)
  fails("cannot change environment", setfenv, print, {})
  fails("invalid level", getfenv, 1000)
  fails("level must be non%-negative", getfenv, -1)
end)

test("a loaded chunk has the global environment", function()
  local f = assert(loadstring("globalOfChunk = 1 return getfenv(1)"))
  assert(f() == _G and globalOfChunk == 1)
  globalOfChunk = nil
end)

test("collectgarbage answers", function()
  assert(type(collectgarbage("count")) == "number" and collectgarbage() == 0 and collectgarbage("collect") == 0)
  fails("invalid option", collectgarbage, "nonsense")
end)
