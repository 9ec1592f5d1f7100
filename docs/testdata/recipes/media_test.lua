local test = require "spectrum.test"
local http = require "spectrum.http"

-- A network whose files need a login.
local function start(t)
  local seen = {}
  local server = assert(http.serve("127.0.0.1:0", function(r)
    table.insert(seen, r.method .. " " .. r.path)
    if r.headers.authorization ~= "Bearer secret" then return 403 end
    if r.method == "POST" then
      if #r.body > 100 then return 413 end
      return 201, r.headers["content-type"] .. ":" .. r.body
    end
    return "a picture"
  end))
  t:start { config = { media = { server = "http://" .. server.address } } }
  return seen
end

test.case("a picture is downloaded when the user opens it", function(t)
  local seen = start(t)
  local alice = t:login()
  local picture = alice:expect("conv_message", { buddy_name = "carol", id = "7" }).attachment[1]
  t.same(picture, { name = "cat.png", mime_type = "image/png", size = 9 })
  t.equal(seen, {})
  t.equal(alice:fetch(picture), "a picture")
  t.equal(alice:fetch(picture), "a picture")
  t.equal(seen, { "GET /media/7" })
end)

test.case("another login cannot open the picture", function(t)
  start(t)
  local alice = t:login { password = "wrong" }
  local _, status = alice:fetch(alice:expect("conv_message").attachment[1])
  t.equal(status, 502)
end)

test.case("the user sends a file", function(t)
  start(t)
  local alice = t:login()
  local m = alice:send_file("carol", { data = "hello", mime_type = "text/plain" })
  alice:expect("sent", { id = m.id, network_id = "text/plain:hello" })
end)

test.case("the network refuses a file", function(t)
  start(t)
  local alice = t:login()
  local m = alice:send_file("carol", { data = ("x"):rep(101) })
  alice:expect("sent", { id = m.id, error = "the network answers with the status 413" })
end)
