-- lines_test.lua: the server is played by the test, one function for each
-- connection.

local test = require "spectrum.test"

-- Starts the script with a server that welcomes alice and then does as it is
-- told.
local function with_server(t, server)
  local peer = t:serve(function(conn)
    conn:expect_line("^LOGIN alice secret$")
    conn:write_line("OK")
    server(conn)
  end)
  t:start { config = { lines = { server = peer.address } } }
  return peer
end

test.case("what is said goes both ways", function(t)
  local peer = with_server(t, function(conn)
    conn:write_line("FROM carol hello there")
    conn:expect_line("^TO carol two$")
    conn:expect_line("^TO carol lines$")
    conn:expect_close()
  end)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("conv_message", { buddy_name = "carol", message = "hello there" })
  alice:say("carol", "two\nlines")
  t:settle()
  alice:logout()
  peer:wait()
end)

test.case("contacts come and go", function(t)
  with_server(t, function(conn)
    conn:write_line("ONLINE carol", "OFFLINE carol", "SOMETHING else")
    conn:expect_close()
  end)
  local alice = t:login()
  alice:expect("buddy_changed", { buddy_name = "carol", status = "online" })
  alice:expect("buddy_changed", { buddy_name = "carol", status = "none" })
  alice:expect("connected")
  alice:never()
end)

test.case("a wrong password is the server's to refuse", function(t)
  local peer = t:serve(function(conn)
    conn:read_line()
    conn:write_line("NO wrong password")
  end)
  t:start { config = { lines = { server = peer.address } } }
  local alice = t:login { password = "guess" }
  alice:expect("disconnected", { error = "authentication_failed", message = "wrong password" })
end)

test.case("a server that goes away", function(t)
  with_server(t, function() end)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("disconnected", { error = "network_error", message = t.pattern "^The server is gone" })
end)

test.case("a server that is not there", function(t)
  local peer = t:serve(function() end)
  peer:close()
  t:start { config = { lines = { server = peer.address } } }
  t:login():expect("disconnected", { error = "network_error", message = t.pattern "refused" })
end)
