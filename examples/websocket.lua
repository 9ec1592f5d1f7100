-- websocket.lua: a chat server with JSON over a WebSocket. It teaches
-- spectrum.websocket: a socket for each user, a task that receives, and what to do when
-- the connection ends. The protocol is invented:
--
--   we send      {"type": "login", "name": …, "password": …}
--                {"type": "message", "to": …, "text": …}
--   it sends     {"type": "welcome"} or {"type": "refused", "why": …}
--                {"type": "message", "from": …, "text": …}
--                {"type": "presence", "name": …, "online": true}

local spectrum = require "spectrum"
local websocket = require "spectrum.websocket"
local json = require "spectrum.json"

local url = spectrum.config.get("websocket.url", "ws://127.0.0.1:8082/chat")

local on = {}

-- Handlers of the server's messages, by type.
local received = {}

function received.message(session, m)
  session:conv_message { buddy_name = m.from, message = m.text }
end

function received.presence(session, m)
  session:update_buddy { buddy_name = m.name, status = m.online and "online" or "none" }
end

-- The task that receives. It ends when the socket closes or the user logs out.
local function receive(session, socket)
  local text, why = socket:receive()
  while text do
    local m = json.decode(text)
    if m and received[m.type] then
      received[m.type](session, m)
    end
    text, why = socket:receive()
  end
  session:disconnected { error = "network_error", message = "The server has closed the connection: " .. why }
end

function on.login(session, m)
  local socket, why = websocket.connect(url, { timeout = 10 })
  if not socket then
    session:disconnected { error = "network_error", message = why }
    return
  end
  socket:send(json.encode { type = "login", name = m.legacy_name, password = m.password })
  local answer = json.decode(socket:receive(10) or "{}") or {}
  if answer.type ~= "welcome" then
    session:disconnected { error = "authentication_failed", message = answer.why or "The server does not answer." }
    return
  end
  session.data.socket = socket
  session:connected()
  session:spawn("receiver", receive, session, socket)
end

function on.conv_message(session, m)
  session.data.socket:send(json.encode { type = "message", to = m.buddy_name, text = m.message })
end

return on
