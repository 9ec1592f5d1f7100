-- Tests of online and away users (irc/presence.lua, irc/contacts.lua), and of the history
-- (irc/history.lua).

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local start = fake.log_in

local function join(user)
  fake.join(user, "#lua")
  user:expect "room_subject_changed"
end

test.case("WHO finds away users repeatedly", function(t)
  local user = start(t, { config = { away_timeout = 60 } }, function(conn)
    fake.enter(conn, "alice", "#lua", "dan eve")
    conn:expect_line "^WHO #lua$"
    fake.say(
      conn,
      "352 alice #lua d host irc.example.net dan G@ :0 Dan",
      "352 alice #lua e host irc.example.net eve H :0 Eve",
      "352 alice #lua",
      "315 alice #lua :End of WHO list"
    )
    conn:expect_line "^WHO #lua$"
    fake.say(conn, "352 alice #lua d host irc.example.net dan H :0 Dan", "315 alice #lua :End of WHO list")
  end)
  join(user)
  user:expect("participant_changed", { nickname = "dan", status = "away" })
  user:expect("participant_changed", { nickname = "dan", status = "online" }) -- before
  t:advance(60)
  user:expect("participant_changed", { nickname = "dan", status = "online" })
  user:never("participant_changed", { nickname = "eve", status = "away" })
end)

test.case("with away-notify there is no WHO", function(t)
  local user = start(t, { caps = "away-notify", config = { away_timeout = 60 } }, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line "^WHO #lua$"
    fake.say(conn, "315 alice #lua :End of WHO list")
    conn:write_line ":dan!d@e AWAY :at tea"
    repeat
      local line = conn:read_line()
      t.falsy(line:find("^WHO"))
    until line == "PRIVMSG #lua hi"
    conn:write_line ":dan!d@e AWAY"
  end)
  join(user)
  user:expect("participant_changed", { nickname = "dan", status = "online" })
  user:expect("participant_changed", { nickname = "dan", status = "away", status_message = "at tea" })
  t:advance(70)
  user:say("#lua", "hi")
  user:expect("participant_changed", { nickname = "dan", status = "online", status_message = t.none })
end)

test.case("the user's own status reaches the server once", function(t)
  local user = start(t, {}, function(conn)
    conn:expect_line "^AWAY :at tea$"
    fake.say(conn, "306 alice :You have been marked as being away")
    conn:expect_line "^AWAY :do not disturb$"
    conn:expect_line "^AWAY$"
    fake.say(conn, "305 alice :You are no longer marked as being away")
    conn:expect_line "^PRIVMSG dan over$"
  end)
  for _ = 1, 3 do
    user:send("status_changed", { status = "away", status_message = "at\ntea" })
  end
  user:send("status_changed", { status = "dnd" })
  user:send("status_changed", { status = "online" })
  user:send("status_changed", { status = "ffc" })
  user:say("dan", "over")
  user:never()
end)

test.case("an away message is shown once", function(t)
  local user = start(t, {}, function(conn)
    for _ = 1, 2 do
      conn:expect_line "^PRIVMSG dan hi$"
      fake.say(conn, "301 alice dan :at tea")
    end
    conn:expect_line "^PRIVMSG dan hi$"
    fake.say(conn, "301 alice dan :in bed")
  end)
  for _ = 1, 3 do
    user:say("dan", "hi")
  end
  user:expect("conv_message", { buddy_name = "dan", message = "dan is away: at tea" })
  user:expect("conv_message", { buddy_name = "dan", message = "dan is away: in bed" })
  user:never "conv_message"
end)

test.case("MONITOR watches contacts", function(t)
  local user = start(t, { isupport = "MONITOR=2 CHANTYPES=#" }, function(conn)
    conn:expect_line "^MONITOR %+ dan$"
    fake.say(conn, "731 alice :dan")
    conn:expect_line "^MONITOR %+ eve$"
    fake.say(conn, "730 alice :Dan!d@e,eve!e@e")
    conn:expect_line "^ISON tom$" -- the list is full
    fake.say(conn, "303 alice :tom")
    conn:write_line(":dan!d@e AWAY :at tea")
    fake.say(conn, "731 alice :eve", "730 alice :stranger")
    conn:expect_line "^MONITOR %- dan$"
    conn:expect_line "^PRIVMSG x over$"
  end)
  user:send("buddy_changed", { buddy_name = "dan" })
  user:send("buddy_changed", { buddy_name = "dan" })
  user:send("buddy_changed", { buddy_name = "eve" })
  user:expect("buddy_changed", { buddy_name = "dan", status = "online" })
  user:expect("buddy_changed", { buddy_name = "eve", status = "online" })
  user:send("buddy_changed", { buddy_name = "tom" })
  user:expect("buddy_changed", { buddy_name = "tom", status = "online" })
  user:expect("buddy_changed", { buddy_name = "dan", status = "away", status_message = "at tea" })
  user:expect("buddy_changed", { buddy_name = "eve", status = "none" })
  user:send("buddy_removed", { buddy_name = "dan" })
  user:say("x", "over")
  user:never("buddy_changed", { buddy_name = "stranger" })
end)

test.case("ISON asks about the roster", function(t)
  local user = start(t, { config = { away_timeout = 60 } }, function(conn)
    conn:expect_line "^PRIVMSG x go$"
    conn:expect_line "^ISON :?dan$"
    fake.say(conn, "303 alice :Dan")
    conn:expect_line "^ISON dan eve$"
    fake.say(conn, "303 alice :dan eve ")
    conn:expect_line "^ISON dan eve$"
    fake.say(conn, "303 alice :")
  end)
  user:say("x", "go")
  user:send("buddy_changed", { buddy_name = "dan" })
  user:expect("buddy_changed", { buddy_name = "dan", status = "online" })
  user:send("buddies", {
    buddy = {
      { user_name = "alice@localhost", buddy_name = "dan" },
      { user_name = "alice@localhost", buddy_name = "eve" },
    },
  })
  user:expect("buddy_changed", { buddy_name = "eve", status = "online" })
  t:advance(60)
  user:expect("buddy_changed", { buddy_name = "dan", status = "none" })
  user:expect("buddy_changed", { buddy_name = "eve", status = "none" })
end)

for _, has_contact in ipairs { true, false } do
  local what = has_contact and "an old contact" or "a new contact"
  test.case("after a reload, ISON asks about " .. what, function(t)
    local user = start(t, { config = { away_timeout = 60 } }, function(conn)
      conn:find_line "^ISON dan$"
      fake.say(conn, "303 alice :dan")
      conn:find_line "^ISON dan$"
      fake.say(conn, "303 alice :")
    end)
    local function add()
      user:send("buddy_changed", { buddy_name = "dan" })
      user:expect("buddy_changed", { buddy_name = "dan", status = "online" })
    end
    if has_contact then
      add()
    end
    t:reload()
    if not has_contact then
      add()
    end
    t:settle()
    t:advance(60)
    user:expect("buddy_changed", { buddy_name = "dan", status = "none" })
  end)
end

test.case("a server that does not answer ISON is asked once", function(t)
  local user = start(t, { config = { away_timeout = 10 } }, function(conn)
    conn:expect_line "^ISON dan$"
    conn:expect_line "^PRIVMSG eve :are you there%?$"
    conn:write_line ":eve!e@example.org PRIVMSG alice :yes"
  end)
  user:send("buddy_changed", { buddy_name = "dan" })
  t:settle()
  t:advance(25)
  t:settle()
  user:say("eve", "are you there?")
  user:expect("conv_message", { buddy_name = "eve", message = "yes" })
end)

test.case("events in rooms change the state of contacts", function(t)
  local user = start(t, { isupport = "MONITOR CHANTYPES=#" }, function(conn)
    fake.enter(conn, "alice", "#lua", "")
    conn:expect_line "^MONITOR %+ dan$"
    fake.say(conn, "731 alice :dan")
    conn:write_line(":dan!d@e JOIN #lua", ":dan!d@e NICK danny", ":danny!d@e NICK dan", ":dan!d@e QUIT :bye")
  end)
  join(user)
  user:send("buddy_changed", { buddy_name = "dan" })
  for _, status in ipairs { "online", "none", "online", "none" } do
    t.equal(user:expect("buddy_changed", { buddy_name = "dan" }).status, status)
  end
end)

-- HISTORY has the capabilities that a history needs.
local HISTORY = "batch draft/chathistory message-tags server-time"

test.case("a joined room shows its history up to a limit", function(t)
  local user = start(t, { caps = HISTORY, isupport = "CHATHISTORY=20 CHANTYPES=#" }, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line "^CHATHISTORY LATEST #lua %* 20$"
    conn:write_line "@msgid=c;time=2026-01-01T12:00:02.000Z :dan!d@e PRIVMSG #lua :three"
    fake.say(conn, "BATCH +h chathistory #lua")
    conn:write_line(
      "@batch=h;msgid=a;time=2026-01-01T12:00:00.000Z :dan!d@e PRIVMSG #lua :one",
      "@batch=h;msgid=b;time=2026-01-01T12:00:01.000Z :alice!a@e PRIVMSG #lua :\1ACTION two\1",
      "@batch=h;msgid=v;time=2026-01-01T12:00:01.000Z :dan!a@e PRIVMSG #lua :\1VERSION\1",
      "@batch=h;msgid=j;time=2026-01-01T12:00:01.500Z :bob!b@e JOIN #lua",
      "@batch=h;msgid=c;time=2026-01-01T12:00:02.000Z :dan!d@e PRIVMSG #lua :three"
    )
    fake.say(conn, "BATCH -h")
    conn:expect_line "^PRIVMSG #lua over$" -- and no answer to VERSION
  end)
  join(user)
  user:expect("conv_message", { nickname = "dan", message = "one", timestamp = "20260101T120000" })
  user:expect("conv_message", { nickname = "alice", message = "/me two", timestamp = "20260101T120001" })
  user:expect("conv_message", { nickname = "dan", message = "three" })
  user:never "conv_message"
  user:never("participant_changed", { nickname = "bob" })
  user:say("#lua", "over")
  t:settle()
end)

test.case("after a lost connection the history has only the missed messages", function(t)
  local user = start(t, { caps = HISTORY, config = { reconnect_delay = 1 } }, function(conn, n)
    fake.enter(conn, "alice", "#lua", "dan")
    if n == 1 then
      conn:expect_line "^CHATHISTORY LATEST #lua %* 50$"
      conn:write_line "@time=2026-01-01T12:00:00.000Z :dan!d@e PRIVMSG #lua :seen"
      conn:expect_line "^PRIVMSG #lua bye$"
      conn:close()
      return
    end
    conn:expect_line "^CHATHISTORY LATEST #lua timestamp=2026%-01%-01T12:00:00.000Z 50$"
    fake.say(conn, "BATCH +h chathistory #lua")
    conn:write_line(
      "@batch=h;time=2026-01-01T12:00:00.000Z :dan!d@e PRIVMSG #lua :seen",
      "@batch=h;time=2026-01-01T12:00:05.000Z :dan!d@e PRIVMSG #lua :missed"
    )
    fake.say(conn, "BATCH -h")
  end)
  join(user)
  user:expect("conv_message", { message = "seen" })
  user:say("#lua", "bye")
  user:expect("conv_message", { message = "bye" })
  user:expect("conv_message", { message = t.pattern "^No connection" })
  t:advance(1)
  user:expect("conv_message", { message = "missed", timestamp = "20260101T120005" })
  user:never("conv_message", { message = "seen" })
end)

test.case("the history of a bouncer is shown", function(t)
  local user = start(t, { caps = "batch server-time" }, function(conn)
    fake.say(conn, "BATCH +p znc.in/playback alice")
    conn:write_line("@batch=p;time=2026-01-01T12:00:00.000Z :dan!d@e PRIVMSG alice :are you there?")
    fake.say(conn, "BATCH -p")
    conn:write_line(
      "@time=2026-01-01T12:01:00.000Z :dan!d@e PRIVMSG alice :without a batch",
      ":alice!a@e PRIVMSG dan :from my other client"
    )
  end)
  user:expect("conv_message", { buddy_name = "dan", message = "are you there?", timestamp = "20260101T120000" })
  user:expect("conv_message", { buddy_name = "dan", message = "without a batch", timestamp = "20260101T120100" })
  user:expect("conv_message", { buddy_name = "dan", message = "from my other client", carbon = true })
end)

test.case("a batch without an end, and a batch without a beginning", function(t)
  local user = start(t, { caps = HISTORY }, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    fake.say(conn, "BATCH +h chathistory #lua", "BATCH -x", "BATCH", "BATCH +y chathistory")
    conn:write_line(
      "@batch=h :dan!d@e PRIVMSG #lua :lost",
      "@batch=x :dan!d@e PRIVMSG #lua :live",
      "@batch=y :dan!d@e PRIVMSG #lua :odd"
    )
    fake.say(conn, "BATCH -y")
  end)
  join(user)
  user:expect("conv_message", { message = "live" })
  user:expect("conv_message", { message = "odd" })
end)
