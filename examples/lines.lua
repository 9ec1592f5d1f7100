-- lines.lua: a network with a line-based protocol over TCP. It teaches waiting: each user
-- has a connection, a task reads from it, and a handler writes to it. The protocol is
-- invented, but real ones look similar.
--
--   we say                  the server says
--   LOGIN name password     OK, or NO and why
--   TO name text            FROM name text
--                           ONLINE name, OFFLINE name

local spectrum = require "spectrum"
local net = require "spectrum.net"

local server = spectrum.config.get("lines.server", "127.0.0.1:7000")
local tls = spectrum.config.bool("lines.tls", false)

local on = {}

-- Handlers of the server's lines, by their first word.
local said = {}

function said.FROM(session, rest)
  local name, text = rest:match("^(%S+) (.*)$")
  if name then
    session:conv_message { buddy_name = name, message = text }
  end
end

function said.ONLINE(session, name)
  session:update_buddy { buddy_name = name, status = "online" }
end

function said.OFFLINE(session, name)
  session:update_buddy { buddy_name = name, status = "none" }
end

-- The task that reads. It ends when the connection ends or the user logs out.
local function read(session, conn)
  local line, why
  repeat
    line, why = conn:read_line()
    local word, rest = (line or ""):match("^(%u+) ?(.*)$")
    if said[word] then
      said[word](session, rest)
    end
  until not line
  session:disconnected { error = "network_error", message = "The server has closed the connection: " .. why }
end

function on.login(session, m)
  local conn, why = net.connect(server, { tls = tls, timeout = 10 })
  if not conn then
    session:disconnected { error = "network_error", message = why }
    return
  end
  conn:write("LOGIN ", m.legacy_name, " ", m.password, "\n")
  local answer = conn:read_line() or "NO answer"
  if answer ~= "OK" then
    session:disconnected { error = "authentication_failed", message = answer:sub(4) }
    return
  end
  session.data.conn = conn
  session:connected()
  session:spawn("reader", read, session, conn)
end

function on.conv_message(session, m)
  for line in m.message:gmatch("[^\r\n]+") do
    session.data.conn:write("TO ", m.buddy_name, " ", line, "\n")
  end
end

return on
