-- irc_lines_test.lua: the length, the speed and the charset of lines, and invalid lines.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local with_room = fake.in_room

test.case("a long message is cut between words, within 512 bytes", function(t)
  local words = ("äöü "):rep(400):gsub(" $", "")
  local alice = with_room(t, {}, function(conn)
    local got = ""
    repeat
      local text = conn:expect_line("^PRIVMSG #lua :(.*)$")
      local whole = ":alice!~alice@host.example PRIVMSG #lua :" .. text .. "\r\n"
      t.truthy(#whole <= 512, #whole)
      t.falsy(text:find("^ ") or text:find(" $"))
      got = got .. (got == "" and "" or " ") .. text
    until #got >= #words
    t.equal(got, words)
  end)
  alice:say("#lua", words)
end)

test.case("several lines are sent as several messages, with pauses", function(t)
  local alice = with_room(t, { config = { flood_lines = 3, flood_seconds = 20 } }, function(conn)
    conn:expect_line("^PRIVMSG #lua 1$")
    conn:expect_line("^PRIVMSG #lua 2$")
    conn:write_line("PING :in between")
    conn:expect_line("^PONG :in between$")
    conn:write_line(":dan!d@host.example PRIVMSG #lua :more")
    conn:expect_line("^PRIVMSG #lua 3$")
    conn:write_line(":dan!d@host.example PRIVMSG #lua :more")
    conn:expect_line("^PRIVMSG #lua 4$")
    conn:write_line(":dan!d@host.example PRIVMSG #lua :all")
  end)
  alice:say("#lua", "1\n2\r\n\n3\n4")
  alice:expect("conv_message", { nickname = "dan", message = "more" })
  t:settle()
  alice:never("conv_message", { nickname = "dan" })
  t:advance(20)
  alice:expect("conv_message", { nickname = "dan", message = "more" })
  t:settle()
  alice:never("conv_message", { nickname = "dan" })
  t:advance(20)
  alice:expect("conv_message", { nickname = "dan", message = "all" })
end)

test.case("several rooms are joined in one line", function(t)
  local rooms = {}
  for i = 1, 60 do
    rooms[i] = "#room" .. i
  end
  local server = fake.start(t, { config = { flood_lines = 1, flood_seconds = 2 } }, function(conn)
    conn:expect_line("^JOIN #room1$")
    fake.say(conn, "NOTICE alice :go on")
    local second = conn:expect_line("^JOIN (%S+)$", 10)
    t.truthy(#second < 400)
    conn:expect_line("^JOIN " .. ("#room%d"):format(select(2, second:gsub(",", "")) + 3), 10)
  end)
  local alice = t:login()
  alice:expect("connected")
  for _, room in ipairs(rooms) do
    fake.join(alice, room)
  end
  alice:expect("conv_message", { message = "go on" })
  t:settle()
  t:advance(2)
  t:settle()
  t:advance(2)
  server:wait()
end)

test.case("a line that is not UTF-8 is decoded with the fallback charset", function(t)
  local alice = with_room(t, { config = { fallback_charset = "latin1" } }, function(conn)
    conn:write_line(":dan!d@host.example PRIVMSG #lua :caf\233", ":dan!d@host.example PRIVMSG #lua :café")
  end)
  alice:expect("conv_message", { message = "café" })
  alice:expect("conv_message", { message = "café" })
end)

test.case("another charset, in both directions", function(t)
  local alice = with_room(t, { config = { charset = "koi8-r" } }, function(conn)
    conn:write_line(":dan!d@host.example PRIVMSG #lua :\240\210\201\215\197\212")
    conn:expect_line("^PRIVMSG #lua :\196\193 %?$")
    fake.reach(conn)
  end)
  alice:expect("conv_message", { message = "Привет" })
  alice:say("#lua", "да 😀")
  fake.await(t)
end)

test.case("invalid lines are ignored", function(t)
  local alice = with_room(t, {}, function(conn)
    conn:write_line(
      "",
      " ",
      ":",
      "@",
      "@;;=; :",
      ":x",
      "353",
      "366",
      "JOIN",
      "PART",
      "KICK",
      "MODE",
      "NICK",
      "TOPIC",
      "QUIT",
      ":dan KICK #lua",
      ":dan MODE #lua",
      ":dan MODE #lua +o",
      ":dan JOIN",
      ":dan NICK",
      "332",
      "333",
      "433",
      "001",
      "005",
      "BATCH",
      "BATCH +",
      "BATCH -",
      "CAP",
      "CAP x",
      "CAP x ACK",
      "AUTHENTICATE",
      "INVITE",
      "PRIVMSG",
      "NOTICE",
      ":dan PRIVMSG",
      ":dan PRIVMSG #lua",
      ":dan PRIVMSG alice",
      "ACCOUNT",
      "CHGHOST",
      "SETNAME",
      "AWAY",
      "TAGMSG",
      "903",
      "904",
      "908",
      "471",
      "474",
      "433 a",
      "352",
      "354",
      "315",
      "311",
      "318",
      "322",
      "323",
      "401",
      "305",
      "306",
      "730",
      "731",
      "PONG",
      "PING",
      "\0\1\2\255",
      ":dan!d@h PRIVMSG #lua :still there"
    )
  end)
  alice:expect("conv_message", { nickname = "dan", message = "still there" })
end)

test.case("a line that is too long is skipped", function(t)
  local alice, server = fake.log_in(t, {}, function(conn)
    conn:write_line(":dan!d@h PRIVMSG alice :" .. ("x"):rep(600000), ":dan!d@h PRIVMSG alice :still there")
  end)
  alice:expect("conv_message", { message = "still there" })
  t:log("skipped a line")
  t.equal(server.count, 1)
end)

test.case("a line that does not end does not count as a sign of life", function(t)
  local server = fake.start(t, { config = { reconnect_delay = 1, ping = 90, ping_timeout = 60 } }, function(conn, n)
    if n == 1 then
      conn:write(("x"):rep(70000))
    else
      fake.reach(conn)
    end
    fake.hold(conn)
  end)
  local alice = t:login()
  alice:expect("connected")
  t:advance(155)
  alice:expect("conv_message", { message = t.pattern("the server does not answer") })
  t:advance(1)
  fake.await(t)
  t.equal(server.count, 2)
end)
