-- Calls whatever a script can call with all pairs of wrong arguments, and with
-- random ones. It may raise, fail, and wait; what it may not do is told: an internal
-- error, or a wait that nothing ends. What to call comes in at the mark below.

local spectrum = require "spectrum"

local pcall, find, tostring, random, unpack = pcall, string.find, tostring, math.random, unpack
math.randomseed(7)

-- MAKERS make new arguments for each call, so that a call cannot change a table of the
-- next one.
local MAKERS = {
  function() return nil end,
  function() return true end,
  function() return 0 end,
  function() return -1 end,
  function() return 2.5 end,
  function() return 1e300 end,
  function() return 0 / 0 end,
  function() return "" end,
  function() return "a\0\255" end,
  function() return "127.0.0.1:0" end,
  function() return "conv_message" end,
  function() return {} end,
  function() return { "x", { 2 } } end,
  function() return { user_name = "bob@localhost", buddy_name = 7, message = {} } end,
  function() return setmetatable({}, { __index = error, __newindex = error, __tostring = error, __len = error, __metatable = 1 }) end,
  function() return function(...) return ... end end,
  function() return function() spectrum.sleep(0) error({}) end end,
  function() return coroutine.create(function() coroutine.yield(1) end) end,
  function() return spectrum.channel(1) end,
  function() return setmetatable({}, { __tostring = function() return {} end }) end,
}
local KINDS, RANDOM = #MAKERS, 60
-- THOROUGH is false where the race detector makes all of this slow.
local THOROUGH = true
local PAIRS = THOROUGH and KINDS * KINDS or 0
local CALLS = 1 + KINDS + PAIRS + RANDOM

-- arguments makes those of call number n.
local function arguments(n)
  if n == 1 then
    return 0
  elseif n <= 1 + KINDS then
    return 1, { MAKERS[n - 1]() }
  elseif n <= 1 + KINDS + PAIRS then
    n = n - 2 - KINDS
    return 2, { MAKERS[n % KINDS + 1](), MAKERS[(n - n % KINDS) / KINDS + 1]() }
  end
  local args, count = {}, random(2, 5)
  for i = 1, count do
    args[i] = MAKERS[random(KINDS)]()
  end
  return count, args
end

local problems = {}

local function judge(name, n, ok, message)
  if not ok and type(message) == "string" and find(message, "internal error", 1, true) then
    problems[#problems + 1] = name .. ", call " .. n .. ": " .. message
  end
end

-- PATIENCE is how many calls of one function may wait before the others are left
-- out: it waits whatever it is given.
local PATIENCE = THOROUGH and 25 or 5

-- each runs call(1) to call(last) in a task; a call that waits is cancelled, and
-- the next one goes on.
local function each(last, call)
  local at, task, waited = 0, nil, 0
  local done = spectrum.channel(1)
  local function work()
    while at < last do
      at = at + 1
      call(at)
    end
    done:send(true)
  end
  local seen
  task = spectrum.spawn(work)
  while not done:receive(0.002) do
    if seen == at then
      task:cancel()
      local _, problem = task:join(8)
      if problem == "timeout" then
        problems[#problems + 1] = "call " .. at .. " cannot be cancelled"
        return
      end
      waited = waited + 1
      if at >= last or waited > PATIENCE then return end
      task = spectrum.spawn(work)
    end
    seen = at
  end
end

-- try calls a function with all arguments; make, if given, makes the object
-- whose method it is.
local function try(name, fn, make)
  local object
  each(CALLS, function(n)
    local count, args = arguments(n)
    if make then
      if n % 25 == 1 then object = make() end
      judge(name, n, pcall(fn, object, unpack(args or {}, 1, count)))
      if n > 1 + KINDS then return end
    end
    judge(name, n, pcall(fn, unpack(args or {}, 1, count)))
  end)
  spectrum.send("query", { config = "tried " .. name })
end

local function walk(name, value)
  if type(value) == "function" then
    try(name, value)
  elseif type(value) == "table" then
    local names = {}
    for key, inner in pairs(value) do
      if type(key) == "string" and inner ~= _G and inner ~= package.loaded then names[#names + 1] = key end
    end
    table.sort(names)
    for _, key in ipairs(names) do walk(name .. "." .. key, rawget(value, key)) end
  end
end

-- methods tries the methods of an object, whose names are given.
local function methods(class, make, names)
  for _, name in ipairs(names) do
    local member = make()[name]
    if type(member) == "function" then
      try(class .. ":" .. name, member, make)
    else
      spectrum.send("query", { config = "tried " .. class .. "." .. name })
    end
  end
end

-- options gives a call each option with each value.
local function options(name, call, base, keys)
  each(#keys * KINDS, function(n)
    local given = {}
    for k, v in pairs(base) do given[k] = v end
    given[keys[(n - 1 - (n - 1) % KINDS) / KINDS + 1]] = MAKERS[(n - 1) % KINDS + 1]()
    judge(name, n, pcall(call, given))
  end)
  spectrum.send("query", { config = "tried " .. name })
end

local function run(session)
  --[[SUBJECT]]
  for _, problem in ipairs(problems) do spectrum.send("query", { config = problem }) end
  spectrum.send("query", { config = "done" })
end

local on = {}
function on.login(session)
  session:connected()
  if session.user == "alice@localhost" then session:spawn("misuse", run, session) end
end
function on.conv_message(session, m)
  session:conv_message { buddy_name = "b", message = m.message }
end
return on
