-- Tests of messages on several servers (irc/say.lua, irc/commands.lua), and of reloads of
-- the script.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

-- start starts servers with the names red, blue …, and the script in multi-server mode. `fns`
-- has a function for each name.
local function start(t, fns, more)
  local network = {}
  for name, fn in pairs(fns) do
    local peer = fake.serve(t, {}, function(conn, n)
      fn(conn, n)
      fake.hold(conn)
    end)
    network[#network + 1] = name .. " " .. peer.address
  end
  local irc = { network = network, identify = "", flood_seconds = 0, away_timeout = 0, reconnect_delay = 10 }
  for key, value in pairs(more or {}) do
    irc[key] = value
  end
  t:start { config = { irc = irc } }
  local user = t:login()
  user:expect "connected"
  return user
end

test.case("a message to a contact opens a connection and waits for it", function(t)
  local closed = false
  local user = start(t, {
    red = function(conn)
      conn:expect_line "^PRIVMSG dan hello$"
      conn:expect_line "^PRIVMSG dan :are you there%?$"
      conn:write_line ":dan!d@e PRIVMSG alice :yes"
      conn:expect_line "^QUIT"
      closed = true
    end,
  })
  user:say("dan@red", "hello")
  user:say("dan@red", "are you there?")
  user:expect("conv_message", { buddy_name = "dan@red", message = "yes" })
  fake.leave(user, "dan@red")
  t.eventually(function()
    return closed
  end)
end)

test.case("a server that does not exist", function(t)
  local peer = t:serve(function() end)
  peer:close()
  t:start { config = { irc = { network = "dead " .. peer.address, reconnect_delay = 100 } } }
  local user = t:login()
  user:say("dan@dead", "hello")
  user:expect("conv_message", { buddy_name = "dead", message = t.pattern "^No connection to dead" })
  user:say("dan@dead", "hello?")
  user:expect("conv_message", { buddy_name = "dan@dead", message = "Not sent: there is no connection to dead." })
  user:say("dan@dead", "/whois dan")
  user:expect("conv_message", { buddy_name = "dan@dead", message = "There is no connection to dead." })
  user:say("dan@dead", "/help whois")
  user:expect("conv_message", { buddy_name = "dan@dead", message = t.pattern "^/whois" })
end)

test.case("too many lines wait for the flood control", function(t)
  local user = start(t, {
    red = function(conn)
      conn:expect_line "^PRIVMSG dan 1$"
      conn:expect_line "^PRIVMSG dan 2$"
      conn:close()
    end,
  }, { flood_lines = 2, flood_seconds = 10 })
  user:say("dan@red", "1\n2\n3\n4")
  user:expect(
    "conv_message",
    { buddy_name = "dan@red", message = "Not sent: the connection was lost before 2 lines had left." }
  )
end)

test.case("messages that wait are reported when the connection is lost", function(t)
  local peer = t:serve(function(conn)
    conn:expect_line "^CAP LS 302$"
    conn:write_line "ERROR :Closing Link: You are banned from this server (K-lined)"
  end)
  t:start { config = { irc = { network = "red " .. peer.address } } }
  local user = t:login()
  user:say("dan@red", "hello")
  user:expect("conv_message", { buddy_name = "dan@red", message = t.pattern "^Not sent: .*K%-lined" })
end)

test.case("/nick and /away reach all servers", function(t)
  local function others(conn)
    conn:expect_line "^PRIVMSG dan hi$"
    conn:write_line(":dan!d@e PRIVMSG alice :hello")
    conn:expect_line "^AWAY :at tea$"
    conn:expect_line "^AWAY$"
    conn:expect_line "^NICK bob$"
    conn:write_line(":alice!a@host.example NICK bob", ":dan!d@e PRIVMSG bob :done")
  end
  local user = start(t, { red = others, blue = others })
  user:say("dan@red", "hi")
  user:say("dan@blue", "hi")
  user:expect("conv_message", { buddy_name = "dan@red", message = "hello" })
  user:expect("conv_message", { buddy_name = "dan@blue", message = "hello" })
  user:send("status_changed", { status = "away", status_message = "at tea" })
  t:settle()
  user:say("dan@red", "/back")
  user:say("dan@red", "/nick bob")
  user:expect("conv_message", { buddy_name = "dan@red", message = "done" })
  user:expect("conv_message", { buddy_name = "dan@blue", message = "done" })
end)

test.case("a later server learns that the user is away", function(t)
  local user = start(t, {
    red = function(conn)
      conn:expect_line "^PRIVMSG dan hi$"
      conn:expect_line "^AWAY :at tea$"
      conn:write_line ":dan!d@e PRIVMSG alice :done"
    end,
  })
  user:send("status_changed", { status = "xa", status_message = "at tea" })
  user:say("dan@red", "hi")
  user:expect("conv_message", { buddy_name = "dan@red", message = "done" })
end)

test.case("commands with the name of a room on a server", function(t)
  local user = start(t, {
    red = function(conn)
      fake.enter(conn, "alice", "#lua", "dan")
      conn:write_line(":dan!d@e PRIVMSG alice :psst", ":eve!e@e PRIVMSG alice :hi")
      conn:expect_line "^KICK #go dan$"
      conn:expect_line "^JOIN #go$"
      fake.say(conn, "473 alice #go :Cannot join channel (+i)")
      conn:expect_line "^PRIVMSG #lua over$"
    end,
  })
  fake.join(user, "#lua@red")
  user:expect("conv_message", { buddy_name = "#lua@red", nickname = "dan", pm = true, message = "psst" })
  user:expect("conv_message", { buddy_name = "eve@red", message = "hi" })
  user:say("#lua@red", "/kick #go@red dan")
  user:say("#lua@red", "/kick #go@blue dan")
  user:expect("conv_message", { buddy_name = "#lua@red", nickname = "red", message = t.pattern "another server" })
  user:say("#lua@red", "/join #go")
  user:expect("conv_message", { buddy_name = "#lua@red", message = "#go: you need an invitation to this room" })
  user:say("#lua@red", "over")
  user:expect("conv_message", { buddy_name = "#lua@red", nickname = "alice", message = "over" })
end)

test.case("a reload keeps the connections", function(t)
  local o = { caps = "echo-message labeled-response message-tags", config = { away_timeout = 60 } }
  fake.start(t, o, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line "^WHO #lua$"
    fake.say(conn, "315 alice #lua :End")
    local label = conn:expect_line "^@label=(%d+) PRIVMSG #lua hi$"
    conn:expect_line "^ISON dan$"
    conn:write_line("@label=" .. label .. " :alice!a@e PRIVMSG #lua hi")
    repeat
      local line = conn:read_line()
    until line == "WHO #lua"
    fake.say(conn, "352 alice #lua d h irc.example.net dan G :0 Dan", "303 alice :dan", "303 alice :dan")
    fake.hold(conn)
  end)
  local user = t:login()
  user:expect "connected"
  fake.join(user, "#lua")
  user:expect "room_subject_changed"
  user:say("#lua", "hi")
  t:settle()
  t:reload()
  user:send("buddy_changed", { buddy_name = "dan" })
  user:expect("conv_message", { nickname = "alice", message = "hi" })
  t:advance(60)
  user:expect("participant_changed", { nickname = "dan", status = "away" })
  user:expect("buddy_changed", { buddy_name = "dan", status = "away" })
  user:never "conv_message"
end)
