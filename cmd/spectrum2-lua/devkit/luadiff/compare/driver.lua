-- The driver runs in the reference. It runs many programs, each in its own environment,
-- and writes their output. It reads the programs from standard input, each after a line
-- with its length. The first one is the prelude.
local messages = ... == "messages"
if jit then jit.off() end
local write, flush = io.write, io.flush

local function receive()
  local length = io.read("*n")
  if not length then return nil end
  io.read(1)
  return length == 0 and "" or io.read(length)
end

local function environment()
  local env = {}
  for k, v in pairs(_G) do
    if type(v) == "table" and k ~= "_G" then
      local copy = {}
      for name, member in pairs(v) do copy[name] = member end
      v = copy
    end
    env[k] = v
  end
  env._G = env
  return env
end

local prelude = receive()
-- The hook stops endless programs, also inside coroutines.
local limit = tonumber((select(2, ...)))
local stopped

local function watch()
  debug.sethook(function()
    stopped = true
    error("the reference has run too long", 0)
  end, "", limit)
end

local function watched(f)
  if type(f) ~= "function" then return f end
  return function(...)
    watch()
    return f(...)
  end
end

for source in receive do
  local env = environment()
  local function emit(line) write("\2", line, "\n") end
  local chunk, why = loadstring(source, "=p")
  if not chunk then
    write("\3", why, "\n")
  else
    setfenv(chunk, env)
    local run = setfenv(assert(loadstring(prelude, "=prelude")), env)(emit, messages)
    env.coroutine.create = function(f) return coroutine.create(watched(f)) end
    env.coroutine.wrap = function(f) return coroutine.wrap(watched(f)) end
    stopped = false
    watch()
    run(chunk)
    debug.sethook()
    if stopped then write("\4it has run too long\n") end
  end
  write("\1\n")
  flush()
end
