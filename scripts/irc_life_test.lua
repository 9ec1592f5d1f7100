-- irc_life_test.lua: a reload of the script and a logout, in each state of a connection, and the
-- pauses between attempts.

local test = require "spectrum.test"
local spectrum = require "spectrum"
local fake = require "irc.fakeserver"

test.script "irc.lua"

test.case("a reload in the middle of the registration", function(t)
  local reloaded = spectrum.channel()
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS * :away-notify")
    fake.reach(conn)
    conn:write(":irc.example.net CAP * LS :ser")
    assert(reloaded:receive(60))
    conn:write_line("ver-time")
    conn:expect_line("^CAP REQ :away%-notify server%-time$")
    fake.say(conn, "CAP * ACK :away-notify server-time")
    conn:expect_line("^CAP END$")
    fake.welcome(conn, "alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server) }
  local alice = t:login()
  fake.await(t)
  t:reload()
  reloaded:send(true)
  alice:expect("connected")
  t.equal(server.count, 1)
end)

test.case("a reload while the link waits for the next attempt", function(t)
  local server = fake.start(t, { config = { reconnect_delay = 80 } }, function(conn, n)
    if n == 2 then
      fake.reach(conn)
      fake.hold(conn)
    end
  end)
  local alice = t:login()
  alice:expect("connected")
  alice:expect("conv_message", { message = t.pattern("The next attempt is in %d+ seconds") })
  t:advance(20)
  t:reload()
  t.equal(server.count, 1)
  t:advance(60)
  fake.await(t)
  t.equal(server.count, 2)
end)

test.case("a reload while lines wait for the flood control", function(t)
  local server = fake.start(t, { config = { flood_lines = 1, flood_seconds = 2 } }, function(conn)
    fake.enter(conn, "alice", "#lua", "")
    for i = 1, 3 do
      conn:expect_line("^PRIVMSG #lua " .. i .. "$", 5)
    end
    fake.say(conn, "NOTICE alice :all")
    fake.hold(conn)
  end)
  local alice = t:login()
  alice:expect("connected")
  fake.join(alice, "#lua")
  alice:expect("room_subject_changed")
  alice:say("#lua", "1\n2\n3")
  t:settle()
  t:reload()
  for _ = 1, 4 do
    t:advance(2)
  end
  alice:expect("conv_message", { message = "all" })
  t.equal(server.count, 1)
end)

test.case("a logout before the server has accepted the login", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.reach(conn)
    conn:expect_line("^QUIT ")
    conn:expect_close()
  end)
  t:start { config = fake.config(server) }
  local alice = t:login()
  fake.await(t)
  alice:logout()
  server:wait()
  t.equal(server.count, 1)
end)

test.case("a logout while the link waits for the next attempt", function(t)
  local server = fake.start(t, { config = { reconnect_delay = 80 } }, function() end)
  local alice = t:login()
  alice:expect("conv_message", { message = t.pattern("next attempt") })
  alice:logout()
  t:advance(60)
  t.equal(server.count, 1)
end)

test.case("the pauses grow if a server closes the connection after each login", function(t)
  local server = fake.start(t, { config = { reconnect_delay = 30, reconnect_delay_max = 240 } }, function() end)
  local alice = t:login()
  alice:expect("connected")
  for n, seconds in ipairs { 30, 60, 120, 240, 240 } do -- each is up to a quarter shorter
    alice:expect("conv_message", { message = t.pattern("The next attempt") })
    t:advance(seconds * 0.7) -- the last step may have taken a second of this pause
    t.equal(server.count, n)
    fake.advance_until(t, server, n + 1)
  end
  alice:never("connected")
end)

test.case("the number of attempts is limited", function(t)
  local server = t:serve(function() end)
  t:start { config = fake.config(server, { reconnect_tries = 2, reconnect_delay = 1 }) }
  local alice = t:login()
  fake.advance_until(t, server, 3)
  alice:expect("disconnected", { error = "network_error" })
  t.equal(server.count, 3)
end)

test.case("the user learns only once that there is no connection", function(t)
  local server = t:serve(function(conn, n)
    if n == 2 then
      return
    end
    fake.greet(conn, {})
    fake.enter(conn, "alice", "#lua", "")
    if n == 3 then
      fake.hold(conn)
    end
  end)
  t:start { config = fake.config(server, { reconnect_delay = 1 }) }
  local alice = t:login()
  alice:expect("connected")
  fake.join(alice, "#lua")
  alice:expect("conv_message", { buddy_name = "#lua", message = t.pattern("No connection") })
  fake.advance_until(t, server, 3)
  alice:expect("conv_message", { buddy_name = "#lua", message = "Connected again." })
  alice:never("conv_message")
  t.equal(server.count, 3)
end)
