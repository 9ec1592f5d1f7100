-- websocket_test.lua: the test plays a WebSocket server: the handshake and text frames
-- (RFC 6455).

local test = require "spectrum.test"
local crypto = require "spectrum.crypto"
local encoding = require "spectrum.encoding"
local json = require "spectrum.json"

local GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

local function handshake(conn)
  local key = conn:find_line("^Sec%-Web[Ss]ocket%-Key: (.+)$")
  conn:find_line("^$")
  conn:write_line(
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: " .. encoding.base64.encode(crypto.sha1(key .. GUID)),
    ""
  )
end

-- XOR of two bytes.
local function xor(a, b)
  local result, bit = 0, 1
  while a > 0 or b > 0 do
    if a % 2 ~= b % 2 then
      result = result + bit
    end
    a = math.floor(a / 2)
    b = math.floor(b / 2)
    bit = bit * 2
  end
  return result
end

-- Returns the next text as a table, or nil if the client closes the connection. Frames of
-- a client are masked. The texts here have fewer than 126 bytes.
local function receive(conn)
  local head = conn:read(2)
  if not head or head:byte(1) % 16 ~= 1 then
    return nil
  end
  local length = head:byte(2) - 128
  local mask, data = conn:read(4), conn:read(length)
  local text = {}
  for i = 1, length do
    text[i] = string.char(xor(data:byte(i), mask:byte((i - 1) % 4 + 1)))
  end
  return json.decode(table.concat(text))
end

local function send(conn, message)
  local text = json.encode(message)
  conn:write(string.char(129, #text), text)
end

-- Starts the script with a chat server that welcomes alice.
local function start(t, chat)
  local peer = t:serve(function(conn)
    handshake(conn)
    local login = receive(conn)
    if login.password ~= "secret" then
      send(conn, { type = "refused", why = "who are you?" })
      return
    end
    t.equal(login, { type = "login", name = "alice", password = "secret" })
    send(conn, { type = "welcome" })
    chat(conn)
  end)
  t:start { config = { websocket = { url = "ws://" .. peer.address .. "/chat" } } }
end

test.case("messages go in both directions", function(t)
  start(t, function(conn)
    send(conn, { type = "presence", name = "carol", online = true })
    local m = receive(conn)
    send(conn, { type = "message", from = m.to, text = m.text .. " to you" })
    receive(conn)
  end)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("buddy_changed", { buddy_name = "carol", status = "online" })
  alice:say("carol", "hello")
  alice:expect("conv_message", { buddy_name = "carol", message = "hello to you" })
end)

test.case("a wrong password", function(t)
  start(t, function() end)
  local alice = t:login { password = "guess" }
  alice:expect("disconnected", { error = "authentication_failed", message = "who are you?" })
end)

test.case("the server closes the connection", function(t)
  start(t, function() end)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("disconnected", { error = "network_error", message = t.pattern "^The server has closed the connection" })
end)
