-- irc_rough_test.lua: unusual behaviour of networks and users: lines that are cut inside a
-- character, unknown refusals, impossible names.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local room = fake.in_room

test.case("a line that was cut inside a character keeps its other characters", function(t)
  local user = room(t, { config = { fallback_charset = "windows-1251" } }, function(conn)
    conn:write_line(
      ":dan!d@host.example PRIVMSG #lua :Привет, ми\208",
      ":dan!d@host.example PRIVMSG #lua :\1ACTION смотрит \240\159\152",
      ":dan!d@host.example PRIVMSG #lua :\207\240\232\226\229\242"
    )
  end)
  user:expect("conv_message", { nickname = "dan", message = "Привет, ми" })
  user:expect("conv_message", { nickname = "dan", message = "/me смотрит " })
  user:expect("conv_message", { nickname = "dan", message = "Привет" })
end)

-- Patterns with backtracking needed more than ten seconds for each of these.
test.case("very long lines and commands are handled quickly", function(t)
  local user = room(t, {}, function(conn)
    conn:write_line(
      ":dan!d@host.example PRIVMSG #lua :" .. ("\200"):rep(60000) .. "x",
      ":dan!d@host.example PRIVMSG #lua :after it"
    )
  end)
  user:expect("conv_message", { message = "after it" })
  user:say("#lua", "/nonsense" .. (" "):rep(400000) .. "x")
  t.truthy(user:expect("conv_message", { nickname = "127.0.0.1" }).message:find("Unknown command /nonsense", 1, true))
end)

test.case("another nick in several rooms", function(t)
  local user = room(t, { rooms = { "#lua", "&local", "+c" }, isupport = "CHANTYPES=#&+ PREFIX=(ov)@+" }, function(conn)
    conn:expect_line("^NICK al$")
    conn:write_line(":alice!a@host.example NICK al", ":alice!a@host.example NICK nobody")
    conn:expect_line("^PRIVMSG &local hi$")
  end)
  user:say("#lua", "/nick al")
  local left = { ["#lua"] = true, ["&local"] = true, ["+c"] = true }
  for _ = 1, 3 do
    local m = user:expect("room_nickname_changed", { nickname = "al" })
    t.truthy(left[m.room], m.room)
    left[m.room] = nil
    user:expect("participant_changed", { room = m.room, nickname = "al", flag = { "me" } })
  end
  user:never("room_nickname_changed")
  user:say("&local", "hi")
  user:expect("conv_message", { buddy_name = "&local", nickname = "al", message = "hi" })
end)

test.case("437 and 464 after the login are shown", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line("^NICK bob$")
    fake.say(conn, "437 alice bob :Nick/channel is temporarily unavailable")
    conn:expect_line("^OPER a b$")
    fake.say(conn, "464 alice :Password incorrect")
    conn:expect_line("^PRIVMSG #lua over$")
  end)
  user:say("#lua", "/nick bob")
  user:expect("conv_message", { buddy_name = "#lua", message = t.pattern("^bob is not available at the moment") })
  user:say("#lua", "/quote OPER a b")
  user:expect("conv_message", { buddy_name = "#lua", message = "Password incorrect" })
  user:say("#lua", "over")
  user:expect("conv_message", { message = "over" })
end)

for _, numeric in ipairs { "480", "495", "500" } do
  test.case("an unknown numeric refuses a JOIN: " .. numeric, function(t)
    fake.start(t, {}, function(conn)
      conn:expect_line("^JOIN #lua$")
      fake.say(conn, "442 alice #lua :You're not on that channel") -- does not answer the JOIN
      fake.say(conn, numeric .. " alice #lua :Not now")
      fake.enter(conn, "alice", "#lua", "dan")
      fake.hold(conn)
    end)
    local user = t:login()
    user:expect("connected")
    fake.join(user, "#lua")
    user:expect(
      "participant_changed",
      { room = "#lua", nickname = "alice", flag = { "me", "not_authorized" }, status = "none" }
    )
    user:expect("conv_message", { buddy_name = "127.0.0.1", message = "#lua: Not now" })
    fake.join(user, "#lua")
    user:expect("room_subject_changed", { buddy_name = "#lua" })
  end)
end

test.case("a room for registered nicks, before NickServ has answered", function(t)
  fake.start(t, { config = { identify = "NickServ identify $password" } }, function(conn)
    conn:expect_line("^PRIVMSG NickServ :identify secret$")
    for _ = 1, 2 do
      conn:expect_line("^JOIN #lua key$")
      fake.say(conn, "477 alice #lua :Cannot join channel (+r)")
      fake.reach(conn)
    end
    fake.hold(conn)
  end)
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua", { password = "key" })
  fake.await(t)
  user:never("participant_changed")
  t:advance(5)
  user:expect(
    "participant_changed",
    { nickname = "alice", flag = { "me", "not_authorized" }, status_message = "Cannot join channel (+r)" }
  )
  user:expect("conv_message", { message = "#lua: Cannot join channel (+r)" })
end)

test.case("the server moves the user to another room", function(t)
  fake.start(t, {}, function(conn)
    conn:expect_line("^JOIN #lua$")
    fake.say(conn, "470 alice #lua ##lua :Forwarding to another channel")
    conn:write_line(":alice!a@host.example JOIN ##lua")
    fake.say(conn, "353 alice = ##lua :alice dan", "366 alice ##lua :End of /NAMES list")
    fake.hold(conn)
  end)
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua")
  user:expect(
    "participant_changed",
    { room = "#lua", nickname = "alice", flag = { "me", "room_not_found" }, status = "none" }
  )
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = "#lua: ##lua Forwarding to another channel" })
  user:expect("conv_message", { message = t.pattern("^You are in ##lua on IRC") })
  fake.join(user, "##lua")
  user:expect("participant_changed", { room = "##lua", nickname = "dan" })
  user:expect("room_subject_changed", { buddy_name = "##lua" })
end)

test.case("a JOIN that the server has ignored is sent again", function(t)
  fake.start(t, {}, function(conn)
    conn:expect_line("^JOIN #lua$")
    fake.reach(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    fake.hold(conn)
  end)
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua")
  fake.await(t)
  fake.join(user, "#lua") -- too soon
  t:settle()
  t:advance(30)
  fake.join(user, "#lua")
  user:expect("room_subject_changed", { buddy_name = "#lua" })
end)

test.case("a message to an impossible name reaches nobody", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line("^PRIVMSG #lua over$")
  end)
  for _, name in ipairs { "dan\\20smith", "dan,bob", ":dan", "#lua\\20x" } do
    user:say(name, "for your eyes only")
    user:expect("conv_message", { buddy_name = name, message = "Not sent: this is not a valid name on IRC." })
  end
  user:say("#lua", "over")
  user:expect("conv_message", { message = "over" })
end)

test.case("a login may take longer than the negotiation of capabilities", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS :sasl=PLAIN")
    conn:expect_line("^CAP REQ sasl$")
    fake.say(conn, "CAP * ACK :sasl")
    conn:expect_line("^AUTHENTICATE PLAIN$")
    fake.reach(conn)
    conn:expect_line("^PING ") -- 20 seconds later
    conn:write_line("AUTHENTICATE +")
    conn:expect_line("^AUTHENTICATE %S+$")
    fake.say(conn, "903 alice :SASL authentication successful")
    conn:expect_line("^CAP END$")
    fake.welcome(conn, "alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { cap_timeout = 10, ping = 20 }) }
  local user = t:login()
  fake.await(t)
  t:advance(20)
  user:expect("connected")
end)

for _, said in ipairs { "0", "-1", "0.5", "x" } do
  test.case("the number of modes in a line, with MODES of the server: " .. said, function(t)
    local user = room(t, { isupport = "CHANTYPES=# PREFIX=(ov)@+ MODES=" .. said }, function(conn)
      conn:expect_line("^MODE #lua %+v dan$")
      conn:expect_line("^MODE #lua %+v bob$")
      fake.reach(conn)
    end)
    user:say("#lua", "/voice dan bob")
    fake.await(t)
  end)
end

test.case("/nick without a connection", function(t)
  local server = t:serve(function(conn, n)
    if n == 1 then
      fake.greet(conn, {})
      return
    end
    conn:find_line("^NICK __x$")
    conn:find_line("^USER ")
    fake.welcome(conn, "__x")
    fake.reach(conn)
    conn:expect_line("^QUIT ")
  end)
  t:start { config = fake.config(server, { reconnect_delay = 1 }) }
  local user = t:login()
  user:expect("connected")
  user:expect("conv_message", { message = t.pattern("^No connection") })
  user:say("127.0.0.1", "/nick ##x")
  t:settle()
  fake.advance_until(t, server, 2)
  fake.await(t)
  user:say("127.0.0.1", "/nick")
  user:expect("conv_message", { message = "You are __x." })
  user:logout()
  server:wait(2)
end)

test.case("whois shows who has a nick", function(t)
  fake.start(t, { caps = "chghost userhost-in-names" }, function(conn)
    fake.enter(conn, "alice", "#lua", "@dan!d@one.example eve!e@two.example")
    conn:expect_line("^MODE #lua %+b %*!%*@two.example$")
    conn:write_line(":eve!e@two.example CHGHOST eve three.example", ":alice!~alice@host.example CHGHOST a b")
    fake.reach(conn)
    conn:expect_line("^MODE #lua %+b %*!%*@three.example$")
    local longest = 512 - #":alice!a@b PRIVMSG #lua :\r\n"
    t.equal(#conn:expect_line("^PRIVMSG #lua (.*)$"), longest)
    fake.reach(conn)
  end)
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua")
  user:expect("participant_changed", { nickname = "dan", flag = { "moderator" } })
  user:expect("participant_changed", { nickname = "eve", flag = {} })
  user:say("#lua", "/ban eve")
  fake.await(t)
  user:say("#lua", "/ban eve")
  user:say("#lua", ("x"):rep(600))
  fake.await(t)
end)

test.case("no line is longer than the server's limit", function(t)
  local long = ("é"):rep(400)
  local user = room(t, { caps = "message-tags labeled-response batch", rooms = { "#lua" } }, function(conn)
    local topic = conn:expect_line("^(TOPIC #lua .*)$")
    t.equal(topic, "TOPIC #lua " .. ("é"):rep((510 - #"TOPIC #lua ") / 2))
    t.equal(conn:expect_line("^AWAY (.*)$"), ("é"):rep(252))
    t.equal(conn:expect_line("^JOIN #lua (.*)$"), ("é"):rep(250))
    local said = conn:expect_line("^@label=%d+ (PRIVMSG #lua .*)$")
    t.equal(#said:match("^PRIVMSG #lua (.*)$"), 400)
    fake.reach(conn)
  end)
  user:send("room_subject_changed", { buddy_name = "#lua", message = long })
  user:send("status_changed", { status = "away", status_message = long })
  user:say("#lua", "/quote JOIN #lua " .. long)
  user:say("#lua", ("x"):rep(400))
  fake.await(t)
end)
