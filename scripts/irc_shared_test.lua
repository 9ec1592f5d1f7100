-- irc_shared_test.lua: lines that several users receive (irc/lines.lua).

local test = require "spectrum.test"
local fake = require "irc.fakeserver"
local isupport = require "irc.isupport"
local lines = require "irc.lines"

test.script "irc.lua"

test.case("equal lines are parsed once", function(t)
  local line = ":dan!d@host.example PRIVMSG #lua :hello"
  t.truthy(rawequal(lines.read(line), lines.read(line)))
  t.same(lines.read(line), {
    tags = {},
    source = { raw = "dan!d@host.example", nick = "dan", user = "d", host = "host.example" },
    command = "PRIVMSG",
    params = { "#lua", "hello" },
  })
end)

test.case("lines that belong to one connection are not shared", function(t)
  for _, line in ipairs {
    "PING :now",
    ":irc.example.net 422 alice :No MOTD",
    "@label=1 :dan!d@host.example PRIVMSG #lua :hello",
    "@batch=1 :dan!d@host.example PRIVMSG #lua :hello",
    ":dan!d@host.example PRIVMSG #lua :" .. ("long "):rep(1000),
  } do
    t.truthy(lines.read(line), line)
    t.falsy(rawequal(lines.read(line), lines.read(line)), line)
  end
  t.equal(lines.read(":dan!d@host.example"), nil)
end)

test.case("old lines are forgotten", function(t)
  local line = ":dan!d@host.example PRIVMSG #lua :old"
  local old = lines.read(line)
  for i = 1, 1000 do
    t.equal(lines.read(":dan!d@host.example PRIVMSG #lua :" .. i).params[2], tostring(i))
  end
  t.falsy(rawequal(lines.read(line), old))
  t.same(lines.read(line), old)
end)

test.case("names keep their folded form however many there are", function(t)
  local strict = isupport.read(isupport.defaults(), { "alice", "CASEMAPPING=ascii", "are supported" })
  for _ = 1, 2 do
    for i = 1, 12000 do
      t.equal(isupport.fold(isupport.defaults(), "N[" .. i), "n{" .. i)
      t.equal(isupport.fold(strict, "N[" .. i), "n[" .. i)
    end
  end
  t.equal(isupport.fold(strict, ("A"):rep(1000)), ("a"):rep(1000))
end)

-- LINES are sent to alice and to bob. ALICE and BOB say what each of them sees.
local LINES = {
  ":dan!d@host.example PRIVMSG #lua :\2hello\2 there",
  ":ALICE!a@host.example PRIVMSG #lua :from another client",
  ":dan!d@host.example PRIVMSG @#lua :\1ACTION waves\1",
  ":irc.example.net NOTICE #lua :the server speaks",
  "@time=2020-01-01T00:00:00.000Z :dan!d@host.example PRIVMSG #lua :old",
  ":dan!d@host.example PRIVMSG #lua :",
  ":dan!d@host.example PRIVMSG #lua :the end",
}

local function seen_by(nick)
  return {
    { nickname = "dan", message = "hello there", xhtml = "<span style=\"font-weight: bold\">hello</span> there" },
    { nickname = nick == "alice" and "alice" or "ALICE", message = "from another client" },
    { nickname = "dan", message = "/me [@] waves" },
    { nickname = "127.0.0.1", message = "the server speaks" },
    { nickname = "dan", message = "old", timestamp = "20200101T000000" },
    { nickname = "dan", message = "the end" },
  }
end

test.case("users see shared lines in their own way", function(t)
  local NICKS = { "alice", "bob" }
  fake.start(t, { isupport = "STATUSMSG=@ PREFIX=(ov)@+ CHANTYPES=#" }, function(conn, n)
    fake.enter(conn, NICKS[n], "#lua", "dan")
    for _ = 1, 2 do
      conn:expect_line("^PRIVMSG #lua again$")
      conn:write_line(unpack(LINES))
    end
    fake.hold(conn)
  end)
  local users = {}
  for i, nick in ipairs(NICKS) do
    users[i] = t:login { user = nick .. "@localhost" }
    users[i]:expect("connected")
    fake.join(users[i], "#lua", { nickname = nick })
    users[i]:expect("room_subject_changed", { buddy_name = "#lua" })
  end
  for _ = 1, 2 do
    for i, nick in ipairs(NICKS) do
      users[i]:say("#lua", "again")
      users[i]:expect("conv_message", { nickname = nick, message = "again" })
      for _, want in ipairs(seen_by(nick)) do
        t.same(users[i]:expect("conv_message", { buddy_name = "#lua" }), want)
      end
    end
  end
end)
