-- bench.lua: the script for all measurements except echoes. Each user has a connection
-- to the peer, and a task that waits for a line that never arrives.

local spectrum = require "spectrum"
local net = require "spectrum.net"

local peer = assert(spectrum.config.get("bench.peer"), "[bench] peer is missing")

local waiting = 0 -- how many tasks are in read_line

local on = {} -- the handlers, by the name of the message they are for

local function read(session)
  local conn = session.data.conn
  session:spawn("reader", function()
    while true do
      waiting = waiting + 1
      local line = conn:read_line()
      waiting = waiting - 1
      if not line then return end
    end
  end)
end

function on.login(session)
  session.data.conn = assert(net.connect(peer))
  read(session)
  session:connected()
end

local data = spectrum.data
data.reloaded = data.reloaded or 0 -- how often on.reload was called for a session

function on.reload(session)
  if not session then return end
  read(session)
  data.reloaded = data.reloaded + 1
end

local function nothing() end

-- Starts n tasks, a hundred at a time, and waits for the end of each.
local function run_tasks(session, n)
  while n > 0 do
    local tasks = {}
    for i = 1, math.min(n, 100) do
      tasks[i] = session:spawn(nothing)
    end
    for _, task in ipairs(tasks) do
      assert(task:join())
    end
    n = n - #tasks
  end
  return "done"
end

-- Stores, or reads, n values of a hundred keys, one after the other.
local stored = {}

function stored.set(store, n)
  for i = 0, n - 1 do
    assert(store:set("key" .. i % 100, "value " .. i))
  end
end

function stored.get(store, n)
  for i = 0, n - 1 do
    assert(store:get("key" .. i % 100))
  end
end

-- Sends one message of a room to all users, to this one last.
local function tell_room(session)
  for _, other in ipairs(spectrum.sessions()) do
    if other ~= session then
      other:conv_message { buddy_name = "room@bench", nickname = "alice", message = "hello, everybody" }
    end
  end
  return "hello, everybody"
end

-- Some messages are questions of the bench, all others are echoed.
local function answer(session, text)
  if text == "reloaded" then return tostring(data.reloaded) end
  if text == "room" then return tell_room(session) end
  if text == "waiting" then return tostring(waiting) end
  local what, values = text:match("^([gs]et) (%d+)$")
  if what then
    stored[what](spectrum.store("bench"), tonumber(values))
    return "done"
  end
  local n = text:match("^tasks (%d+)$")
  if n then return run_tasks(session, tonumber(n)) end
  return text
end

function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = answer(session, m.message) }
end

return on
