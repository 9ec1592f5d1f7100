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

-- Starts the script with a server that accepts each login and then calls a function with the
-- number of the connection.
local function with_servers(t, server)
  local peer = t:serve(function(conn, n)
    conn:expect_line("^LOGIN alice secret$")
    conn:write_line("OK")
    server(conn, n)
  end)
  t:start { config = { lines = { server = peer.address } } }
  return peer
end

test.case("the server goes away and returns", function(t)
  local peer = with_servers(t, function(conn, n)
    if n == 1 then
      return -- and close the connection
    end
    conn:expect_line("^TO carol are you there$")
    conn:write_line("FROM carol I am")
    conn:expect_close()
  end)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("conv_message", { buddy_name = "server", message = t.pattern "^The server is away: closed" })
  alice:say("carol", "are you there") -- waits for the connection
  t:advance(2)
  alice:expect("connected")
  alice:expect("conv_message", { buddy_name = "carol", message = "I am" })
  alice:never("disconnected")
  t.equal(peer.count, 2)
end)

test.case("the server is away at the login", function(t)
  local peer = t:serve(function() end)
  peer:close()
  t:start { config = { lines = { server = peer.address } } }
  local alice = t:login()
  alice:expect("conv_message", { message = t.pattern "^The server is away: .*refused" })
  t:advance(3600)
  alice:never("conv_message") -- the user gets the reason once
end)

test.case("a reload keeps the connection and its unread lines", function(t)
  local peer
  peer = with_servers(t, function(conn)
    conn:write("FROM carol the first half")
    conn:expect_line("^TO carol go on$")
    conn:write_line(" and the second", "FROM carol another line")
    conn:expect_close()
  end)
  local alice = t:login()
  alice:expect("connected")
  t:settle()
  t:reload()
  alice:say("carol", "go on")
  alice:expect("conv_message", { message = "the first half and the second" })
  alice:expect("conv_message", { message = "another line" })
  t.equal(peer.count, 1)
end)

test.case("a line that the script cannot handle does not stop the next one", function(t)
  with_servers(t, function(conn)
    conn:write_line("FROM carol", "FROM carol " .. ("x"):rep(600000), "FROM carol still here")
    conn:expect_close()
  end)
  local alice = t:login()
  alice:expect("connected")
  t:expect_error("the field buddy_name is missing")
  t:log("skipped a line of more than 65536 bytes")
  alice:expect("conv_message", { message = "still here" })
  alice:never("disconnected")
end)
