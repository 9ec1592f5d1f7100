-- irc_receipts_test.lua: a message arrives, or the user learns that it may not have arrived.

local test = require "spectrum.test"
local awake = require "irc.awake"
local fake = require "irc.fakeserver"

test.script "irc.lua"

-- start logs alice in to a server that calls fn.
local function start(t, fn, config)
  local server = fake.start(t, { config = config or {} }, function(conn, n)
    fn(conn, n)
  end)
  local user = t:login()
  user:expect("connected")
  return user, server
end

local LOST = "The connection was lost: the last %s may not have arrived."

test.case("a line that was sent before the connection was lost is reported", function(t)
  local user = start(t, function(conn)
    conn:expect_line("^PRIVMSG dan one$")
    conn:expect_line("^PRIVMSG dan two$")
    conn:expect_line("^PRIVMSG eve three$")
  end)
  user:say("dan", "one\ntwo")
  user:say("eve", "three")
  user:expect("conv_message", { buddy_name = "dan", message = LOST:format("2 lines") })
  user:expect("conv_message", { buddy_name = "eve", message = LOST:format("1 line") })
end)

test.case("lines with a receipt are not reported", function(t)
  local user = start(t, function(conn, n)
    if n > 1 then
      return fake.hold(conn)
    end
    conn:expect_line("^PRIVMSG dan one$")
    fake.reach(conn)
    local token = conn:expect_line("^PING (said)$", 10)
    conn:write_line(":irc.example.net PONG irc.example.net " .. token)
    fake.reach(conn)
    conn:expect_line("^PRIVMSG eve two$", 10)
  end)
  user:say("dan", "one")
  fake.await(t)
  t:advance(5)
  fake.await(t)
  user:say("eve", "two")
  user:expect("conv_message", { buddy_name = "eve", message = LOST:format("1 line") })
  user:never("conv_message", { buddy_name = "dan" })
end)

test.case("lines are reported when a silent connection is closed", function(t)
  local user = start(t, function(conn, n)
    if n == 1 then
      conn:expect_line("^PRIVMSG dan one$")
      fake.reach(conn)
      conn:expect_line("^PING said$", 10)
      fake.reach(conn)
    end
    fake.hold(conn)
  end, { ping = 20, ping_timeout = 20 })
  user:say("dan", "one")
  fake.await(t)
  t:advance(5)
  fake.await(t)
  t:advance(60)
  user:expect("conv_message", { buddy_name = "dan", message = LOST:format("1 line") })
end)

test.case("one PING is enough for a conversation", function(t)
  local user = start(t, function(conn)
    for i = 1, 5 do
      conn:expect_line("^PRIVMSG dan " .. i .. "$")
    end
    fake.reach(conn)
    local token = conn:expect_line("^PING (said)$", 10)
    fake.say(conn, "PONG irc.example.net " .. token)
    fake.reach(conn)
    conn:expect_line("^PRIVMSG dan over$", 10)
    fake.hold(conn)
  end)
  for i = 1, 5 do
    user:say("dan", tostring(i))
  end
  fake.await(t)
  t:advance(5)
  fake.await(t)
  t:advance(60)
  user:say("dan", "over")
  t:settle()
end)

test.case("private messages of a room are reported in their conversation", function(t)
  local user = start(t, function(conn, n)
    if n > 1 then
      return
    end
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line("^PRIVMSG dan one$")
    fake.say(conn, "401 alice dan :No such nick/channel")
    conn:expect_line("^PRIVMSG dan two$")
  end, { reconnect_delay = 100 })
  fake.join(user, "#lua")
  user:expect("room_subject_changed")
  local private = { buddy_name = "#lua", nickname = "dan", pm = true }
  local function told(message)
    private.message = message
    user:expect("conv_message", private)
  end
  user:say("#lua/dan", "one")
  told("dan: No such client")
  user:say("#lua/dan", "two")
  told(LOST:format("2 lines"))
  user:say("#lua/dan", "three")
  told("Not sent: there is no connection to 127.0.0.1.")
  user:say("#lua/dan", "/whois dan")
  told("There is no connection to 127.0.0.1.")
end)

test.case("messages that wait for the first connection are reported when it fails", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.reach(conn)
    fake.reach(conn)
  end)
  t:start { config = { irc = { network = { "one.example " .. server.address }, reconnect_delay = 100 } } }
  local user = t:login()
  user:say("dan@one.example", "hello")
  fake.await(t)
  fake.leave(user, "dan@one.example") -- the user closes the chat; the message still waits
  user:expect(
    "conv_message",
    { buddy_name = "dan@one.example", message = t.pattern("^Not sent: there is no connection") }
  )
end)

test.case("a process notices that it was stopped", function(t)
  local now = 0
  local stopped = awake.watcher(function()
    return now
  end, 30)
  for _, step in ipairs {
    { 0, nil },
    { 10, nil },
    { 40, nil }, -- busy or idle
    { 110, 70, 110, 70 },
    { 112, 70, 110, 70 },
    { 113, nil, 110, 70 }, -- messages that have waited in the sockets arrive now
    { 120, nil, 110, 70 },
    { 200, 80, 200, 80 },
    { 300, 100, 300, 100 },
  } do
    now = step[1]
    local recent, woke, seconds = stopped()
    t.equal(recent, step[2], "at " .. now)
    t.equal(woke, step[3], "the end of the last stop at " .. now)
    t.equal(seconds, step[4], "the last stop at " .. now)
  end
end)
