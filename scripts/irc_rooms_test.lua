-- irc_rooms_test.lua: rooms, with a server that sends the lines of real servers, sometimes in
-- another order.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local join = fake.join

-- in_room logs alice in and has her join #lua, where dan and eve are; then the server
-- calls fn.
local function in_room(t, fn, options)
  local o = { occupants = "@dan eve" }
  for key, value in pairs(options or {}) do
    o[key] = value
  end
  return fake.in_room(t, o, fn or function() end)
end

test.case("Spectrum gets the others first, then the user, then the topic", function(t)
  fake.start(t, {}, function(conn)
    conn:expect_line("^JOIN #lua$")
    conn:write_line(":alice!~a@host.example JOIN #Lua")
    fake.say(
      conn,
      "332 alice #Lua :all about \2Lua\2",
      "333 alice #Lua dan!d@example.org 1700000000",
      "353 alice = #Lua :~dan %eve +bob",
      "353 alice = #Lua :alice &fay",
      "366 alice #Lua :End of /NAMES list"
    )
    fake.hold(conn)
  end)
  local alice = t:login()
  alice:expect("connected")
  join(alice, "#lua")
  local last = alice:expect("participant_changed", { flag = { "me" } })
  t.same(last, { room = "#lua", nickname = "alice", status = "online" })
  for nick, flag in pairs { dan = { "moderator" }, eve = { "moderator" }, fay = { "moderator" }, bob = {} } do
    alice:expect("participant_changed", { room = "#lua", nickname = nick, flag = flag, status = "online" })
  end
  alice:expect("room_subject_changed", { buddy_name = "#lua", nickname = "dan", message = "all about Lua" })
  alice:never()
end)

test.case("numerics in the wrong order", function(t)
  fake.start(t, {}, function(conn)
    conn:expect_line("^JOIN #lua$")
    fake.say(conn, "353 alice = #lua :dan alice", "366 alice #lua :End of /NAMES list")
    conn:write_line(":alice!~a@host.example JOIN #lua", ":eve!e@host.example JOIN #lua")
    fake.say(conn, "333 alice #lua dan 1700000000", "332 alice #lua :late", "376 alice :End of MOTD")
    fake.hold(conn)
  end)
  local alice = t:login()
  alice:expect("connected")
  join(alice, "#lua")
  alice:expect("participant_changed", { nickname = "dan" })
  alice:expect("participant_changed", { nickname = "alice", flag = { "me" } })
  alice:expect("room_subject_changed", { message = "" })
  alice:expect("participant_changed", { nickname = "eve" })
  alice:expect("room_subject_changed", { message = "late" })
  alice:never()
end)

test.case("a server that does not list the members", function(t)
  fake.start(t, {}, function(conn)
    conn:expect_line("^JOIN #lua$")
    conn:write_line(":alice!~a@host.example JOIN #lua", ":dan!d@host.example JOIN #lua")
    fake.reach(conn)
    fake.hold(conn)
  end)
  local alice = t:login()
  alice:expect("connected")
  join(alice, "#lua")
  fake.await(t)
  alice:never("participant_changed")
  t:advance(20)
  alice:expect("participant_changed", { nickname = "dan" })
  alice:expect("participant_changed", { nickname = "alice", flag = { "me" } })
end)

test.case("other users join and leave", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(
      ":bob!b@host.example JOIN #lua account :Bob B.",
      ":bob!b@host.example PART #lua :\2bye\2",
      ":eve!e@host.example NICK Evelyn",
      ":Evelyn!e@host.example QUIT :Quit: enough"
    )
  end)
  alice:expect("participant_changed", { nickname = "bob", status = "online" })
  alice:expect("participant_changed", { nickname = "bob", status = "none", status_message = "bye" })
  alice:expect("participant_changed", { nickname = "eve", newname = "Evelyn", status = "online" })
  alice:expect("participant_changed", { nickname = "Evelyn", status = "none", status_message = "Quit: enough" })
end)

test.case("kicks remove members", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(":dan!d@host.example KICK #lua eve :spam", ":dan!d@host.example KICK #lua Alice :you too")
    conn:expect_line("^JOIN #lua$")
  end)
  alice:expect(
    "participant_changed",
    { nickname = "eve", flag = { "kicked" }, status = "none", status_message = "kicked by dan: spam" }
  )
  alice:expect(
    "participant_changed",
    { nickname = "alice", flag = { "me", "kicked" }, status = "none", status_message = "kicked by dan: you too" }
  )
  alice:expect("room_nickname_changed", { room = "#lua", nickname = "-" })
  -- Without an error, the user could not join again. With the error, Spectrum forgets the room
  -- and reports that.
  alice:expect("participant_changed", { nickname = "-", flag = { "me", "room_not_found" } })
  alice:send("leave_room", { room = "#lua", nickname = "-" })
  join(alice, "#lua")
end)

test.case("modes change the flags of members", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(":dan!d@host.example MODE #lua +ov eve alice")
    conn:write_line(":dan!d@host.example MODE #lua -o+b eve *!*@spam.example")
    conn:expect_line("^NAMES #lua$")
    fake.say(conn, "353 alice = #lua :@dan +eve +alice", "366 alice #lua :End of /NAMES list")
  end)
  alice:expect("participant_changed", { nickname = "eve", flag = { "moderator" } })
  alice:expect("conv_message", { buddy_name = "#lua", message = "dan sets mode +ov eve alice" })
  alice:expect("participant_changed", { nickname = "eve", flag = {} })
  alice:expect("conv_message", { message = "dan sets mode -o+b eve *!*@spam.example" })
  t:settle()
  alice:never("participant_changed", { nickname = "dan", status = "none" })
end)

test.case("with multi-prefix a removed mode needs no NAMES", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(":dan!d@host.example MODE #lua -o dan")
    fake.say(conn, "NOTICE alice :done")
    conn:expect_line("^QUIT ")
  end, { caps = "multi-prefix" })
  alice:expect("participant_changed", { nickname = "dan", flag = {} })
  t:settle()
  alice:logout()
end)

test.case("the user's own nick changes", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(":alice!~a@host.example NICK Guest7")
    conn:write_line(":eve!e@host.example NICK alice")
  end)
  alice:expect("participant_changed", { nickname = "alice", newname = "Guest7", flag = { "me" } })
  alice:expect("room_nickname_changed", { room = "#lua", nickname = "Guest7" })
  alice:expect("participant_changed", { nickname = "Guest7", flag = { "me" }, newname = t.none })
  alice:expect("participant_changed", { nickname = "eve", newname = "alice", flag = {} })
end)

test.case("the user gets the wanted nick as soon as it is free", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "433 * alice :Nickname is already in use")
    conn:expect_line("^NICK alice_$")
    fake.welcome(conn, "alice_")
    fake.enter(conn, "alice_", "#lua", "alice")
    conn:write_line(":alice!~a@host.example QUIT :Ping timeout")
    conn:expect_line("^NICK alice$")
    conn:write_line(":alice_!~a@host.example NICK alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server) }
  local alice = t:login()
  alice:expect("connected")
  join(alice, "#lua")
  alice:expect("participant_changed", { nickname = "alice", status = "none" })
  alice:expect("participant_changed", { nickname = "alice_", newname = "alice", flag = { "me" } })
  alice:expect("room_nickname_changed", { nickname = "alice" })
end)

test.case("another nick in a room changes the nick on IRC", function(t)
  local alice = in_room(t, function(conn)
    conn:expect_line("^NICK alicia$")
  end)
  join(alice, "#lua", { nickname = "alicia" })
end)

test.case("a room that is joined again is shown again", function(t)
  local alice = in_room(t, function(conn)
    conn:expect_line("^QUIT ")
  end)
  for _ = 1, 2 do
    alice:expect("participant_changed", { nickname = "dan", flag = { "moderator" } })
    alice:expect("participant_changed", { nickname = "alice", flag = { "me" } })
    join(alice, "#lua")
    alice:expect("room_subject_changed")
  end
  t:settle()
  alice:logout()
end)

test.case("users who return after a netsplit are not shown as left", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(
      ":dan!d@host.example QUIT :hub.example.net leaf.example.net",
      ":eve!e@host.example QUIT :hub.example.net leaf.example.net",
      ":dan!d@host.example JOIN #lua",
      ":hub.example.net MODE #lua +o dan"
    )
  end, { config = { split_timeout = 60 } })
  alice:expect("participant_changed", { nickname = "alice" })
  alice:expect("participant_changed", { nickname = "dan" })
  alice:expect("participant_changed", { nickname = "eve" })
  alice:expect("conv_message", { buddy_name = "#lua", message = "Netsplit: hub.example.net leaf.example.net" })
  alice:expect("conv_message", { message = t.pattern("sets mode") })
  alice:never("conv_message")
  alice:never("participant_changed", { status = "none" })
  t:advance(60)
  alice:expect(
    "participant_changed",
    { nickname = "eve", status = "none", status_message = "hub.example.net leaf.example.net" }
  )
  alice:never("participant_changed", { status = "none" })
end)

test.case("a netsplit in a batch", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(
      ":irc.example.net BATCH +x netsplit hub.example.net leaf.example.net",
      "@batch=x :eve!e@host.example QUIT :gone",
      ":irc.example.net BATCH -x",
      ":irc.example.net BATCH +y netjoin hub.example.net leaf.example.net",
      "@batch=y :eve!e@host.example JOIN #lua",
      ":irc.example.net BATCH -y"
    )
  end, { caps = "batch" })
  alice:expect("conv_message", { message = "Netsplit: hub.example.net leaf.example.net" })
  t:advance(120)
  alice:never("participant_changed", { nickname = "eve", status = "none" })
end)

for numeric, flag in pairs {
  ["403"] = "room_not_found",
  ["471"] = "not_authorized",
  ["473"] = "not_authorized",
  ["474"] = "banned",
  ["475"] = "not_authorized",
  ["477"] = "not_authorized",
} do
  test.case("a refused JOIN: " .. numeric, function(t)
    fake.start(t, {}, function(conn)
      conn:expect_line("^JOIN #lua$")
      fake.say(conn, numeric .. " alice #Lua :Cannot join channel")
      conn:expect_line("^JOIN #lua$")
      fake.hold(conn)
    end)
    local alice = t:login()
    alice:expect("connected")
    join(alice, "#lua")
    alice:expect("participant_changed", {
      room = "#lua",
      nickname = "alice",
      flag = { "me", flag, flag == "banned" and "not_authorized" or nil },
      status = "none",
      status_message = "Cannot join channel",
    })
    alice:expect("conv_message", { buddy_name = "127.0.0.1", message = "#lua: Cannot join channel" })
    join(alice, "#lua")
    alice:never("participant_changed")
  end)
end

test.case("a room with a key", function(t)
  local server = fake.start(t, {}, function(conn)
    conn:expect_line("^JOIN #lua sesame$")
  end)
  local alice = t:login()
  alice:expect("connected")
  fake.join(alice, "#lua", { password = "sesame" })
  server:wait()
end)

test.case("a name that is not a room", function(t)
  fake.start(t, {}, fake.hold)
  local alice = t:login()
  alice:expect("connected")
  join(alice, "lua")
  alice:expect("participant_changed", { room = "lua", flag = { "me", "room_not_found" }, status = "none" })
end)

test.case("topics in both directions", function(t)
  local alice = in_room(t, function(conn)
    conn:expect_line("^TOPIC #lua :two lines$")
    conn:write_line(":alice!~a@host.example TOPIC #lua :two lines", ":dan!d@host.example TOPIC #lua :")
  end)
  alice:send("room_subject_changed", { buddy_name = "#lua", message = "two\nlines" })
  alice:expect("room_subject_changed", { buddy_name = "#lua", nickname = "alice", message = "two lines" })
  alice:expect("room_subject_changed", { buddy_name = "#lua", nickname = "dan", message = "" })
end)

test.case("an invitation can be accepted by the client", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(":dan!d@host.example INVITE alice #secret")
  end)
  alice:expect("conv_message", { buddy_name = "dan", message = t.pattern("dan invites you to #secret") })
  t:expect("raw_xml", t.pattern('from="#secret@irc.localhost".*<invite from="dan@irc.localhost"'))
end)

test.case("the user leaves a room", function(t)
  local alice = in_room(t, function(conn)
    conn:expect_line("^PART #lua$")
    conn:write_line(":alice!~a@host.example PART #lua", ":bob!b@host.example JOIN #lua")
    fake.enter(conn, "alice", "#lua", "")
  end)
  fake.leave(alice, "#lua")
  alice:expect("participant_changed", { nickname = "alice", flag = { "me" }, status = "none" })
  t:settle()
  alice:never("participant_changed", { nickname = "bob" })
  join(alice, "#lua")
  alice:expect("participant_changed", { nickname = "alice", flag = { "me" }, status = "online" })
end)

test.case("a room that the user has not asked for causes an invitation", function(t)
  fake.start(t, {}, function(conn)
    conn:write_line(":alice!~a@host.example JOIN #old")
    fake.say(conn, "353 alice = #old :dan alice", "366 alice #old :End of /NAMES list")
    conn:expect_line("^QUIT ")
  end)
  local alice = t:login()
  alice:expect("connected")
  t:expect("raw_xml", t.pattern("#old@irc.localhost"))
  alice:never("participant_changed")
  join(alice, "#old")
  alice:expect("participant_changed", { nickname = "dan" })
  alice:expect("participant_changed", { nickname = "alice", flag = { "me" } })
  t:settle()
  alice:logout()
end)

test.case("a reload keeps the rooms", function(t)
  local alice, server = in_room(t, function(conn)
    conn:write(":dan!d@host.example PRIVMSG #lua :first\r\n:dan!d@host.example PRIV")
    conn:expect_line("^PRIVMSG #lua go$")
    conn:write_line("MSG #lua :second")
    conn:expect_line("^PRIVMSG #lua third$")
    conn:expect_line("^QUIT ")
  end)
  alice:expect("conv_message", { nickname = "dan", message = "first" })
  t:reload()
  alice:say("#lua", "go")
  alice:expect("conv_message", { nickname = "dan", message = "second" })
  t:reload()
  alice:say("#lua", "third")
  t:settle()
  alice:never("disconnected")
  t.equal(server.count, 1)
  alice:logout()
  server:wait()
end)

test.case("names are folded by the server's CASEMAPPING", function(t)
  local alice = in_room(t, function(conn)
    conn:write_line(
      ":bob!b@host.example JOIN #LUA",
      ":BOB[]!b@host.example JOIN #lua",
      ":bob{}!b@host.example PART #lua"
    )
  end)
  alice:expect("participant_changed", { room = "#lua", nickname = "bob", status = "online" })
  alice:expect("participant_changed", { nickname = "BOB[]", status = "online" })
  alice:expect("participant_changed", { nickname = "BOB[]", status = "none" })
end)
