-- irc_back_test.lua: the user returns to a server, and meanwhile somebody else has the nick, or
-- the room is full.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

-- back plays a server: alice joins #lua and loses the connection, and her nick is in use when
-- she returns. `list` has the members of the room at that time.
local function back(t, list, fn)
  local server = t:serve(function(conn, n)
    if n == 1 then
      fake.greet(conn, {})
      fake.enter(conn, "alice", "#lua", "dan")
      conn:expect_line("^PRIVMSG #lua go$")
      return
    end
    conn:find_line("^USER ")
    fake.say(conn, "433 * alice :Nickname is already in use")
    conn:expect_line("^NICK alice_$")
    fake.welcome(conn, "alice_")
    fake.enter(conn, "alice_", "#lua", list)
    fn(conn)
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { reconnect_delay = 1 }) }
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua")
  user:expect("room_subject_changed")
  user:say("#lua", "go")
  user:expect("conv_message", { buddy_name = "#lua", message = t.pattern("^No connection") })
  t:advance(1)
  return user
end

-- renamed expects that the user's new nick is shown before anything else.
local function renamed(user, from, to)
  user:expect("participant_changed", { nickname = from, newname = to, flag = { "me" } })
  user:expect("room_nickname_changed", { room = "#lua", nickname = to })
  user:expect("participant_changed", { nickname = to, flag = { "me" }, status = "online" })
end

test.case("the nick belongs to somebody who is not in the room", function(t)
  local user = back(t, "dan", function() end)
  renamed(user, "alice", "alice_")
  user:expect("conv_message", { buddy_name = "#lua", message = "Connected again." })
  user:never("participant_changed", { nickname = "alice", status = "none" })
end)

test.case("the nick belongs to the user's old connection until that ends", function(t)
  local user = back(t, "dan alice", function(conn)
    conn:write_line(":alice!a@host.example QUIT :Ping timeout")
    conn:expect_line("^NICK alice$")
    conn:write_line(":alice_!a@host.example NICK alice")
    conn:expect_line("^PRIVMSG #lua here$")
  end)
  renamed(user, "alice", "alice_")
  user:expect("participant_changed", { nickname = "alice", flag = {}, status = "online" })
  user:expect("participant_changed", { nickname = "alice", flag = {}, status = "none" })
  renamed(user, "alice_", "alice")
  user:say("#lua", "here")
  user:expect("conv_message", { nickname = "alice", message = "here" })
end)

test.case("the user cannot return to a room", function(t)
  fake.start(t, { config = { reconnect_delay = 1 } }, function(conn, n)
    conn:expect_line("^JOIN #lua key$")
    if n == 1 then
      conn:write_line(":alice!~a@host.example JOIN #lua")
      fake.say(conn, "353 alice = #lua :alice dan", "366 alice #lua :End of /NAMES list")
      conn:expect_line("^PRIVMSG #lua go$")
      conn:write_line("ERROR :Closing Link: alice (Killed (oper (go away)))")
      return
    end
    fake.say(conn, "471 alice #lua :Cannot join channel (+l)")
    fake.hold(conn)
  end)
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua", { password = "key" })
  user:expect("room_subject_changed")
  user:say("#lua", "go")
  user:expect("conv_message", { buddy_name = "#lua", message = t.pattern("^No connection .*Killed") })
  t:advance(1)
  -- The client is in the room, so it would ignore an error.
  user:expect(
    "participant_changed",
    { nickname = "alice", flag = { "me" }, status = "none", status_message = "Cannot join channel (+l)" }
  )
  user:expect("participant_changed", { nickname = "-", flag = { "me", "room_not_found" } })
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = "#lua: Cannot join channel (+l)" })
end)
