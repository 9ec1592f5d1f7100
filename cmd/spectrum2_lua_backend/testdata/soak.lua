-- A small network for the soak: each user has a connection to a server that sends
-- back his lines, a task that reads it, a timer, and rooms. PEER is the server.

local spectrum, net = require "spectrum", require "spectrum.net"

local rooms = spectrum.data.rooms or {}
spectrum.data.rooms = rooms

-- again sends what is not answered yet: it may come twice.
local function again(data)
  local lines = {}
  for line in pairs(data.waiting) do lines[#lines + 1] = line .. "\n" end
  data.conn:write("\n" .. table.concat(lines))
end

-- reader reads what the server sends. When the server has hung up, it connects anew;
-- so does the one that takes its place at a reload.
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

local on = {}

function on.login(session)
  session.data.waiting, session.data.ticks = {}, 0
  session.data.conn = net.connect("PEER") -- or the reader does it
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
  if session then reader(session) end
end

function on.logout(session)
  spectrum.send("query", { config = session.user })
end

return on
