-- lines.lua: a network with a line-based protocol over TCP. It teaches lasting connections:
-- a user stays online while the server is away, and a reload keeps the connection. The
-- protocol is invented, but real ones look similar.
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
  session:conv_message { buddy_name = name, message = text }
end

function said.ONLINE(session, name)
  session:update_buddy { buddy_name = name, status = "online" }
end

function said.OFFLINE(session, name)
  session:update_buddy { buddy_name = name, status = "none" }
end

-- Starts the connection. After a reload, gives the open connection these functions.
local function connect(session)
  session.data.network = session:connection("network", {
    connect = function()
      return net.connect(server, { tls = tls, timeout = 10 })
    end,
    login = function(conn)
      conn:write("LOGIN ", session.legacy_name, " ", session.data.password, "\n")
      local answer, why = conn:read_line()
      if not answer then
        return nil, why
      end
      return answer == "OK", answer:sub(4), "authentication_failed"
    end,
    online = function()
      session:connected()
    end,
    line = function(line)
      local word, rest = line:match("^(%u+) ?(.*)$")
      if said[word] then
        said[word](session, rest)
      end
    end,
    lost = function(why, _, failures)
      if failures == 1 then
        session:conv_message { buddy_name = "server", message = "The server is away: " .. why }
      end
    end,
  })
end

function on.login(session, m)
  session.data.password = m.password
  connect(session)
end

function on.reload(session)
  if session then
    connect(session)
  end
end

function on.conv_message(session, m)
  for line in m.message:gmatch("[^\r\n]+") do
    session.data.network:send("TO ", m.buddy_name, " ", line, "\n")
  end
end

return on
