-- webhook_test.lua: the test plays the service. It receives the script's requests and
-- posts to the script.

local test = require "spectrum.test"
local http = require "spectrum.http"
local json = require "spectrum.json"

-- Starts the script with a service that answers with a status. Returns a list of the
-- requests to the service, and a function that posts to the script.
local function start(t, status)
  local heard = {}
  local service = assert(http.serve("127.0.0.1:0", function(request)
    heard[#heard + 1] = { auth = request.headers.authorization, message = json.decode(request.body) }
    return status
  end))
  local listen = "127.0.0.1:" .. t:free_port()
  t:start {
    config = { webhook = { service = "http://" .. service.address .. "/messages", listen = listen, token = "t0ken" } },
  }
  local function post(body, token)
    return assert(http.post("http://" .. listen, body, { auth = { bearer = token or "t0ken" } })).status
  end
  return heard, post
end

test.case("a user's message is posted to the service", function(t)
  local heard = start(t, 204)
  local alice = t:login()
  alice:say("carol", "hello")
  t.eventually(function()
    return #heard > 0
  end)
  alice:never("conv_message")
  t.equal(heard, { { auth = "Bearer t0ken", message = { from = "alice", to = "carol", text = "hello" } } })
end)

test.case("the user learns that a message was not delivered", function(t)
  start(t, 418)
  local alice = t:login()
  alice:say("carol", "hello")
  alice:expect("conv_message", { buddy_name = "carol", message = "Not delivered: the service answers 418" })
end)

test.case("the user gets the service's message", function(t)
  local _, post = start(t, 204)
  local alice = t:login()
  alice:expect("connected")
  t.equal(post('{"to": "alice", "from": "carol", "text": "hi"}'), 204)
  alice:expect("conv_message", { buddy_name = "carol", message = "hi" })
end)

test.case("requests without the token or without a message are refused", function(t)
  local _, post = start(t, 204)
  local alice = t:login()
  alice:expect("connected")
  t.equal(post('{"to": "alice", "from": "carol", "text": "hi"}', "guess"), 401)
  t.equal(post("{"), 400)
  t.equal(post('{"to": "nobody", "from": "carol", "text": "hi"}'), 404)
  alice:never("conv_message")
end)
