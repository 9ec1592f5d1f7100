-- irc_multi_test.lua: multi-server mode: the names of rooms contain the server.

local spectrum = require "spectrum"
local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

-- start starts the script with two names of one server: one.example, two.example.
local function start(t, fn, more)
  local server = fake.serve(t, {}, fn)
  local irc = {
    network = { "one.example " .. server.address, "two.example " .. server.address },
    flood_seconds = 0,
    away_timeout = 0,
  }
  for key, value in pairs(more or {}) do
    irc[key] = value
  end
  t:start { config = { irc = irc } }
  return server
end

local join, leave = fake.join, fake.leave

test.case("the first room opens the connection, and the last one closes it", function(t)
  local server = start(t, function(conn)
    fake.enter(conn, "al", "#lua", "dan")
    fake.enter(conn, "al", "#c", "dan")
    conn:expect_line("^PART #lua$")
    conn:expect_line("^PART #c$")
    conn:expect_line("^QUIT ")
    conn:expect_close()
  end)
  local alice = t:login()
  alice:expect("connected")
  t:settle()
  t.equal(server.count, 0)
  join(alice, "#lua@one.example", { nickname = "al" })
  alice:expect("participant_changed", { room = "#lua@one.example", nickname = "dan" })
  alice:expect("participant_changed", { room = "#lua@one.example", nickname = "al", flag = { "me" } })
  join(alice, "#c@one.example", { nickname = "al" })
  alice:expect("participant_changed", { room = "#c@one.example", nickname = "al" })
  leave(alice, "#lua@one.example")
  leave(alice, "#c@one.example")
  server:wait()
end)

test.case("the last message is sent before the connection closes", function(t)
  local server = start(t, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line("^PRIVMSG #lua one$")
    conn:expect_line("^PRIVMSG #lua two$")
    conn:expect_line("^PART #lua$")
    conn:expect_line("^QUIT ")
    conn:expect_close()
  end, { flood_seconds = 2 })
  local alice = t:login()
  join(alice, "#lua@one.example")
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  alice:say("#lua@one.example", "one\ntwo")
  leave(alice, "#lua@one.example")
  server:wait()
end)

test.case("two servers have two connections", function(t)
  local server = start(t, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line("^QUIT ")
  end)
  local alice = t:login()
  join(alice, "#lua@one.example")
  join(alice, "#lua@two.example")
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  alice:expect("room_subject_changed", { buddy_name = "#lua@two.example" })
  alice:logout()
  server:wait(2)
end)

test.case("a server that refuses for good is not asked again at once", function(t)
  local server = t:serve(function(conn)
    conn:write_line("ERROR :Closing Link: K-lined")
  end)
  t:start { config = { irc = { network = "one.example " .. server.address } } }
  local alice = t:login()
  alice:expect("connected")
  for _ = 1, 3 do
    join(alice, "#lua@one.example")
    alice:expect(
      "participant_changed",
      { room = "#lua@one.example", nickname = "alice", status = "none", flag = { "me", "room_not_found" } }
    )
    alice:expect("conv_message", { buddy_name = "one.example", message = t.pattern("K%-lined") })
  end
  t.equal(server.count, 1)
  alice:never("disconnected")
  t:advance(30)
  join(alice, "#lua@one.example")
  alice:expect("participant_changed", { status = "none" })
  t.equal(server.count, 2)
end)

test.case("only allowed servers get connections", function(t)
  local server = start(t, fake.hold, { allow = "two.example" })
  local alice = t:login()
  join(alice, "#lua@one.example")
  alice:expect("participant_changed", { flag = { "me", "room_not_found" } })
  alice:expect("conv_message", { message = t.pattern("does not connect to one.example") })
  t.equal(server.count, 0)
end)

test.case("a server that the user has named does not get the password", function(t)
  local server = start(t, function(conn)
    conn:expect_line("^JOIN #lua$")
  end)
  local alice = t:login()
  join(alice, "#lua@one.example")
  server:wait()
end)

test.case("a name without a server is not a room", function(t)
  start(t, fake.hold)
  local alice = t:login()
  join(alice, "#lua")
  alice:expect("participant_changed", { room = "#lua", flag = { "me", "room_not_found" } })
end)

-- nick_server plays a server that knows its users. A nick becomes free when its connection has
-- ended, which takes some time after a QUIT. Then the server calls fn.
local function nick_server(t, fn, more)
  local owner = {}
  local log = {}
  local server = t:serve(function(conn, n)
    conn:expect_line("^CAP LS 302$")
    local nick = conn:expect_line("^NICK (%S+)$")
    conn:expect_line("^USER ")
    while owner[nick] do
      fake.say(conn, "433 * " .. nick .. " :Nickname is already in use")
      nick = conn:expect_line("^NICK (%S+)$")
    end
    owner[nick], log[n] = n, nick
    fake.welcome(conn, nick)
    fake.enter(conn, nick, "#lua", "dan")
    conn:find_line("^QUIT ")
    spectrum.sleep(0.2)
    owner[nick] = nil
    fn(conn, n)
  end)
  local irc = { network = { "one.example " .. server.address }, flood_seconds = 0, away_timeout = 0 }
  for key, value in pairs(more or {}) do
    irc[key] = value
  end
  t:start { config = { irc = irc } }
  return server, log
end

test.case("leaving the last room and joining at once keeps the nick", function(t)
  local server, log = nick_server(t, function(conn)
    conn:write_line("ERROR :Closing Link")
  end)
  local alice = t:login()
  join(alice, "#lua@one.example")
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  for _ = 1, 2 do
    leave(alice, "#lua@one.example")
    join(alice, "#lua@one.example")
    alice:expect("participant_changed", { nickname = "alice", status = "none" })
    alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  end
  t.equal(log, { "alice", "alice", "alice" })
  t.equal(server.count, 3)
end)

test.case("a server that does not close the connection does not block the next login", function(t)
  local _, log = nick_server(t, function(conn)
    while conn:read_line() do
    end
    spectrum.sleep(30)
  end)
  local alice = t:login()
  join(alice, "#lua@one.example")
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  leave(alice, "#lua@one.example")
  join(alice, "#lua@one.example")
  t:settle()
  t:advance(6)
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  t.equal(#log, 2)
end)

test.case("left again before the new connection is made", function(t)
  local server = nick_server(t, function() end)
  local alice = t:login()
  join(alice, "#lua@one.example")
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  leave(alice, "#lua@one.example")
  join(alice, "#lua@one.example")
  leave(alice, "#lua@one.example")
  join(alice, "#lua@one.example")
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  t.equal(server.count, 2)
end)

test.case("a reload while a new connection waits for the end of the old one", function(t)
  local server, log = nick_server(t, function() end)
  local alice = t:login()
  join(alice, "#lua@one.example")
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  leave(alice, "#lua@one.example")
  join(alice, "#lua@one.example")
  t:reload()
  alice:expect("room_subject_changed", { buddy_name = "#lua@one.example" })
  t.equal(log, { "alice", "alice" })
  t.equal(server.count, 2)
end)
