-- lines_test.lua: the test plays the server, with a function for each connection.

local test = require "spectrum.test"

-- Starts the script with a server that accepts alice's login and then calls a function.
local function with_server(t, server)
  local peer = t:serve(function(conn)
    conn:expect_line("^LOGIN alice secret$")
    conn:write_line("OK")
    server(conn)
  end)
  t:start { config = { lines = { server = peer.address } } }
  return peer
end

test.case("messages go in both directions", function(t)
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

test.case("contacts go online and offline", function(t)
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

test.case("the server refuses a wrong password", function(t)
  local peer = t:serve(function(conn)
    conn:read_line()
    conn:write_line("NO wrong password")
  end)
  t:start { config = { lines = { server = peer.address } } }
  local alice = t:login { password = "guess" }
  alice:expect("disconnected", { error = "authentication_failed", message = "wrong password" })
end)

test.case("the server closes the connection", function(t)
  with_server(t, function() end)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("disconnected", { error = "network_error", message = t.pattern "^The server has closed the connection" })
end)

test.case("the server does not accept connections", function(t)
  local peer = t:serve(function() end)
  peer:close()
  t:start { config = { lines = { server = peer.address } } }
  t:login():expect("disconnected", { error = "network_error", message = t.pattern "refused" })
end)
