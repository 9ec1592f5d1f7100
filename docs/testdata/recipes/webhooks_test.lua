local test = require "spectrum.test"
local http = require "spectrum.http"
local spectrum = require "spectrum"

local function start(t)
  local listen = "127.0.0.1:" .. t:free_port()
  t:start { config = { webhooks = { listen = listen, token = "t0ken" } } }
  return function(body, token)
    return assert(http.post("http://" .. listen, body, { auth = { bearer = token or "t0ken" } })).status
  end
end

test.case("a request reaches the user's process", function(t)
  local post = start(t)
  local alice = t:login()
  alice:expect("connected")
  t.equal(post('{"to": "alice", "text": "hi"}'), 204)
  alice:expect("conv_message", { buddy_name = "service", message = "hi" })
  t.equal(post('{"to": "bob", "text": "hi"}'), 404)
  t.equal(post('{"to": "alice", "text": "hi"}', "guess"), 401)
  t.equal(post('{"to": 1}'), 400)
  t:reload()
  t.equal(post('{"to": "alice", "text": "again"}'), 204)
  alice:expect("conv_message", { message = "again" })
  alice:logout()
  t.equal(post('{"to": "alice", "text": "hi"}'), 404)
end)

test.case("the script takes the port as soon as it is free", function(t)
  local listen = "127.0.0.1:" .. t:free_port()
  local other = assert(http.serve(listen, function() return 500 end, { owner = spectrum }))
  t:start { config = { webhooks = { listen = listen, token = "t0ken" } } }
  local alice = t:login()
  alice:expect("connected")
  other:close()
  t:settle()
  t:advance(10)
  t:settle()
  local body, auth = '{"to": "alice", "text": "hi"}', { bearer = "t0ken" }
  local response = assert(http.post("http://" .. listen, body, { auth = auth }))
  t.equal(response.status, 204)
end)
