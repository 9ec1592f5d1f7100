-- webhook.lua: a network with an HTTP API. The script posts a user's messages to the
-- service, and the service posts messages for the user to the script. It teaches
-- spectrum.http, as client and as server. The service is invented:
--
--   we POST    [webhook] service   {"from": "alice", "to": "carol", "text": "hi"}
--   it POSTs   [webhook] listen    {"to": "alice", "from": "carol", "text": "hello"}
--
-- with the header `Authorization: Bearer TOKEN` in both directions.

local spectrum = require "spectrum"
local http = require "spectrum.http"
local json = require "spectrum.json"
local crypto = require "spectrum.crypto"
local config = spectrum.config

spectrum.backend_config { registration = { needPassword = false } }

local service = config.get("webhook.service", "http://127.0.0.1:8081/messages")
local listen = config.get("webhook.listen", "127.0.0.1:8080")
local token = config.get("webhook.token", "")

-- The sessions of the users who are online, by their names on the network.
local function session_of(name)
  for _, session in ipairs(spectrum.sessions()) do
    if session.legacy_name == name then
      return session
    end
  end
end

-- Handles a request from the service. The result is a status, headers and a body.
local function receive(request)
  if not crypto.equal(request.headers.authorization or "", "Bearer " .. token) then
    return 401
  end
  local m, why = json.decode(request.body)
  if not m or type(m.text) ~= "string" then
    return 400, nil, why or "no text"
  end
  local session = session_of(m.to)
  if not session then
    return 404, nil, "not online"
  end
  session:conv_message { buddy_name = m.from, message = m.text }
  return 204
end

local server, why = http.serve(listen, receive)
if not server then
  error(why, 0) -- logins fail with this text until the admin repairs the config
end

local on = {}

function on.login(session)
  session:connected()
end

function on.conv_message(session, m)
  local response, problem = http.post(service, nil, {
    json = { from = session.legacy_name, to = m.buddy_name, text = m.message },
    auth = { bearer = token },
    timeout = 10,
  })
  if response and response.status < 300 then
    return
  end
  session:conv_message {
    buddy_name = m.buddy_name,
    message = "Not delivered: " .. (problem or ("the service answers " .. response.status)),
  }
end

return on
