-- A small network for the soak. Each user has a connection to a server that echoes lines,
-- a task that reads from it, a timer, and rooms. PEER is the address of the server. Calls
-- nest less, slightly more, and much more than gopher-lua has preallocated.

local spectrum, net = require "spectrum", require "spectrum.net"
local big = require "soak_big" -- takes memory, so that a leaked old script shows

local depths = { 0, 1, 5, 6, 7, 8, 9, 15, 17, 40, 150 }
local ways = {}

function ways.plain(n, f)
  if n == 0 then return (f()) end
  local x = ways.plain(n - 1, f)
  return x
end

function ways.protected(n, f)
  return select(2, pcall(ways.plain, n, f))
end

function ways.raised(n, f)
  local _, why = pcall(ways.plain, n, function() error { f() } end)
  return why[1]
end

function ways.coroutine(n, f)
  local co = coroutine.wrap(function()
    return ways.plain(n, function()
      coroutine.yield()
      return f()
    end)
  end)
  co()
  return (co())
end

function ways.metamethod(n, f)
  return setmetatable({}, { __index = function() return ways.plain(n, f) end }).x
end

local names = { "plain", "protected", "raised", "coroutine", "metamethod" }

-- deep calls f at a depth and in a way that depend on a message's number.
local function deep(number, f)
  number = tonumber(number) or 0
  return ways[names[number % #names + 1]](depths[number % #depths + 1], f)
end

local rooms = spectrum.data.rooms or {}
spectrum.data.rooms = rooms

-- again repeats the lines without an answer. The server may receive a line twice.
local function again(data)
  local lines = {}
  for line in pairs(data.waiting) do lines[#lines + 1] = line .. "\n" end
  data.conn:write("\n" .. table.concat(lines))
end

-- reader reads lines from the server. If the server closes the connection, it connects
-- again. After a reload, a new reader does the same.
local function reader(session)
  session:spawn("reader", function()
    local data = session.data
    if data.conn then again(data) end
    while true do
      local line = data.conn and data.conn:read_line()
      if line then
        data.waiting[line] = nil
        session:conv_message { buddy_name = "peer", message = line }
      else
        if data.conn then data.conn:close() end
        data.conn = net.connect("PEER")
        if data.conn then again(data) else spectrum.sleep(0.01) end
      end
    end
  end)
end

-- job waits in a deep call until a reload or a message replaces it.
local function job(session, number)
  session:spawn("job", function()
    deep(number, function()
      spectrum.sleep(1000)
      return #big
    end)
  end)
end

local on = {}

function on.login(session)
  session.data.waiting, session.data.ticks = {}, 0
  session.data.conn = net.connect("PEER") -- if it fails, the reader connects
  session:every("tick", 1, function() session.data.ticks = session.data.ticks + 1 end)
  reader(session)
  session:connected()
end

function on.conv_message(session, m)
  local room = rooms[m.buddy_name]
  if room then
    local heard = 0
    for user in pairs(room) do
      if user ~= session.user then
        spectrum.session(user):conv_message { buddy_name = m.buddy_name, nickname = session.user, message = m.message }
        heard = heard + 1
      end
    end
    session:conv_message { buddy_name = "echo", message = m.message .. " " .. heard }
  elseif m.buddy_name == "echo" then
    local answer = deep(m.message, function() return m.message .. " 0" end)
    session:conv_message { buddy_name = "echo", message = answer }
  elseif m.buddy_name == "job" then
    job(session, m.message)
    session:conv_message { buddy_name = "echo", message = m.message .. " 0" }
  else
    session.data.waiting[m.message] = true
    if session.data.conn then session.data.conn:write(m.message .. "\n") end
  end
end

function on.join_room(session, m)
  rooms[m.room] = rooms[m.room] or {}
  rooms[m.room][session.user] = true
end

function on.leave_room(session, m)
  if rooms[m.room] then rooms[m.room][session.user] = nil end
end

function on.reload(session)
  if not session then
    spectrum.send("query", { config = "reloaded" })
    return
  end
  reader(session)
  job(session, session.data.ticks)
end

function on.logout(session)
  spectrum.send("query", { config = session.user })
end

return on
