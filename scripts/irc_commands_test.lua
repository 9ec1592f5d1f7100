-- Tests of /commands (irc/commands.lua) and of answers from servers (irc/replies.lua,
-- irc/whois.lua).

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

-- room logs alice in and has her join #lua, where dan and eve are; then the server calls fn.
local function room(t, fn, o)
  local options = { occupants = "@dan +eve" }
  for key, value in pairs(o or {}) do
    options[key] = value
  end
  return fake.in_room(t, options, fn)
end

-- SENT has commands, typed in #lua, and the lines that the server gets.
local SENT = {
  { "join", "/join #go", "JOIN #go" },
  { "join without #, with a key", "/j go secret", "JOIN #go secret" },
  { "part", "/part", "PART #lua" },
  { "part with a reason", "/part so long", "PART #lua :so long" },
  { "part of another room", "/part #go", "PART #go" },
  { "nick", "/nick bob", "NICK bob" },
  { "msg", "/msg dan hi there", "PRIVMSG dan :hi there" },
  { "notice", "/notice dan hi there", "NOTICE dan :hi there" },
  { "query", "/query dan hi", "PRIVMSG dan hi" },
  { "me", "/me waves", "PRIVMSG #lua :\1ACTION waves\1" },
  { "topic", "/topic all about Lua", "TOPIC #lua :all about Lua" },
  { "topic of another room", "/topic #go all about Go", "TOPIC #go :all about Go" },
  { "kick", "/kick dan", "KICK #lua dan" },
  { "kick with a reason", "/kick dan go away", "KICK #lua dan :go away" },
  { "ban a nick", "/ban nobody", "MODE #lua +b nobody!*@*" },
  { "ban a mask", "/ban *!*@example.org", "MODE #lua +b *!*@example.org" },
  { "unban", "/unban *!*@example.org", "MODE #lua -b *!*@example.org" },
  { "the bans", "/ban", "MODE #lua +b" },
  { "mode", "/mode +kl key 5", "MODE #lua +kl key 5" },
  { "the modes", "/mode", "MODE #lua" },
  { "the modes of another room", "/mode #go +n", "MODE #go +n" },
  { "op", "/op dan", "MODE #lua +o dan" },
  { "op three and one", "/op a b c d", "MODE #lua +ooo a b c", "MODE #lua +o d" },
  { "deop", "/deop dan", "MODE #lua -o dan" },
  { "voice", "/voice dan eve", "MODE #lua +vv dan eve" },
  { "devoice", "/devoice eve", "MODE #lua -v eve" },
  { "halfop", "/halfop eve", "MODE #lua +h eve" },
  { "dehalfop", "/dehalfop eve", "MODE #lua -h eve" },
  { "owner", "/owner eve", "MODE #lua +q eve" },
  { "deadmin", "/deadmin eve", "MODE #lua -a eve" },
  { "invite", "/invite bob", "INVITE bob #lua" },
  { "invite to another room", "/invite bob #go", "INVITE bob #go" },
  { "whois", "/whois dan", "WHOIS dan" },
  { "list", "/list", "LIST" },
  { "list some", "/list #l*", "LIST #l*" },
  { "names of another room", "/names #go", "NAMES #go" },
  { "away", "/away for tea", "AWAY :for tea" },
  { "away and back", "/away", "AWAY away" },
  { "quote", "/quote MODE alice +i", "MODE alice +i" },
  { "quote with a line break", "/raw PRIVMSG #lua :a\nQUIT", "PRIVMSG #lua :a QUIT" },
  { "ns", "/ns identify secret", "PRIVMSG NickServ :identify secret" },
  { "cs", "/cs op #lua", "PRIVMSG ChanServ :op #lua" },
  { "ctcp", "/ctcp dan version", "PRIVMSG dan \1VERSION\1" },
  { "upper case", "/WHOIS dan", "WHOIS dan" },
  { "a text that begins with /", "//whois dan", "PRIVMSG #lua :/whois dan" },
  { "a path", "/usr/bin/lua is there", "PRIVMSG #lua :/usr/bin/lua is there" },
  { "a lone /", "/ hm", "PRIVMSG #lua :/ hm" },
}

for _, c in ipairs(SENT) do
  test.case("sent: " .. c[1], function(t)
    local user = room(t, function(conn)
      for i = 3, #c do
        t.equal(conn:read_line(), c[i])
      end
      conn:write_line ":dan!d@e PRIVMSG #lua :seen"
    end)
    user:say("#lua", c[2])
    user:expect("conv_message", { message = "seen" })
  end)
end

-- ANSWERED has commands that the script answers without a line to the server.
local ANSWERED = {
  { "an unknown command", "/whos dan", "Unknown command /whos. Did you mean /whois?" },
  { "a command that resembles no other", "/xyzzyxyzzy", "Unknown command /xyzzyxyzzy. /help" },
  { "the beginning of a command", "/who", "Did you mean /whois?" },
  { "help", "/help", "/kick [#ROOM] NICK [REASON]: kicks" },
  { "help on one command", "/help /topic", "/topic [#ROOM] [TEXT]: shows or sets the topic" },
  { "help on an unknown command", "/help tpoic", "Did you mean /topic?" },
  { "kick without a nick", "/kick", "Give a nick." },
  { "msg without a text", "/msg dan", "Give a nick and a text." },
  { "invite without a nick", "/invite", "Give a nick." },
  { "names", "/names", "#lua: +eve @dan alice" },
  { "the nick", "/nick", "You are alice." },
  { "join the room that one is in", "/join #lua", "You are in #lua." },
  { "the topic", "/topic", "There is no topic." },
}

for _, c in ipairs(ANSWERED) do
  test.case("answered: " .. c[1], function(t)
    local user = room(t, function(conn)
      conn:expect_line "^PRIVMSG #lua over$"
    end)
    user:say("#lua", c[2])
    local m = user:expect("conv_message", { buddy_name = "#lua", nickname = "127.0.0.1" })
    t.contains(m.message, c[3])
    user:say("#lua", "over")
    t:settle()
  end)
end

test.case("a mode that the server does not have", function(t)
  local user = room(t, function() end, { isupport = "PREFIX=(ov)@+ CHANTYPES=#" })
  user:say("#lua", "/halfop dan")
  user:expect("conv_message", { buddy_name = "#lua", message = "This server does not have that." })
end)

test.case("a refused nick is shown to the user", function(t)
  local user = room(t, function(conn)
    conn:expect_line "^NICK dan$"
    fake.say(conn, "433 alice dan :Nickname already in use")
  end)
  user:say("#lua", "/nick dan")
  user:expect("conv_message", { buddy_name = "#lua", nickname = "127.0.0.1", message = "dan: this nick is in use" })
end)

test.case("commands to a contact and to the server", function(t)
  local user = room(t, function(conn)
    conn:expect_line "^WHOIS dan$"
    fake.say(conn, "401 alice dan :No such nick", "318 alice dan :End of WHOIS")
    conn:expect_line "^KICK #lua dan$"
    conn:expect_line "^MODE alice %+i$"
    conn:expect_line "^MOTD$"
    fake.say(conn, "375 alice :- Message of the day", "372 alice :- be nice", "376 alice :End")
  end)
  user:say("dan", "/whois")
  user:expect("conv_message", { buddy_name = "dan", message = "dan: No such client" })
  user:say("dan", "/kick")
  user:expect("conv_message", { buddy_name = "dan", message = t.pattern "^Which room" })
  user:say("dan", "/kick #lua dan")
  user:say("127.0.0.1", "/mode +i")
  user:say("127.0.0.1", "hello")
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = t.pattern "^Not sent: this is the server" })
  user:say("127.0.0.1", "/motd")
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = "- be nice" })
end)

test.case("the lines of a whois are one message", function(t)
  local user = room(t, function(conn)
    conn:expect_line "^WHOIS DAN$"
    fake.say(
      conn,
      "311 alice dan d example.org * :Dan \2Real\2",
      "319 alice dan :@#lua #go",
      "312 alice dan irc.example.net :A server",
      "301 alice dan :at tea",
      "317 alice dan 3725 1767268800 :seconds idle, signon time",
      "671 alice dan :is using a secure connection",
      "330 alice dan danny :is logged in as",
      "999 alice dan :unheard of",
      "318 alice DAN :End of WHOIS"
    )
  end)
  user:say("#lua", "/whois DAN")
  local m = user:expect(
    "conv_message",
    { buddy_name = "#lua", nickname = "127.0.0.1", message = t.pattern "^dan!d@example.org" }
  )
  for _, part in ipairs {
    "Name: Dan Real",
    "Rooms: @#lua #go",
    "Server: irc.example.net (A server)",
    "Away: at tea",
    "Idle: 1 h 2 min",
    "Online since: Thu, 01 Jan 2026 12:00:00 GMT",
    "is using a secure connection",
    "Account: danny",
  } do
    t.contains(m.message, part)
  end
  user:expect("conv_message", { message = "dan unheard of" })
end)

test.case("whois of an unknown nick, with the numerics in any order", function(t)
  local user = room(t, function(conn)
    conn:expect_line "^WHOIS bob$"
    fake.say(conn, "401 alice bob :No such nick", "318 alice bob :End of WHOIS")
    conn:expect_line "^WHOIS tom$"
    fake.say(conn, "318 alice tom :End of WHOIS", "402 alice tom :No such server")
    conn:expect_line "^PRIVMSG #lua over$"
  end)
  user:say("#lua", "/whois bob")
  user:expect("conv_message", { buddy_name = "#lua", message = "bob: No such client" })
  user:say("#lua", "/whois tom")
  user:expect("conv_message", { buddy_name = "#lua", message = "tom: No such client" })
  user:say("#lua", "over")
end)

test.case("the list of rooms has a limit", function(t)
  local user = room(t, function(conn)
    conn:expect_line "^LIST$"
    fake.say(conn, "321 alice Channel :Users Name")
    for i = 1, 500 do
      fake.say(conn, ("322 alice #r%d %d :[+nt] topic %d"):format(i, i, i))
    end
    fake.say(conn, "322 alice * 1 :", "323 alice :End of LIST")
  end, { config = { list_limit = 10 } })
  user:say("#lua", "/list")
  local m = user:expect "room_list"
  t.equal(#m.room, 10)
  t.equal(m.room[1], "#r500")
  t.equal(m.name[10], "#r491 (491) [+nt] topic 491")
  local said = user:expect("conv_message", { buddy_name = "#lua" })
  t.match(said.message, "^#r500 %(500%)")
  t.contains(said.message, "and 490 more")
end)

test.case("refusals appear in plain words in the conversation that they belong to", function(t)
  local user = room(t, function(conn)
    fake.say(
      conn,
      "482 alice #lua :You're not channel operator",
      "441 alice dan #lua :They aren't on that channel",
      "443 alice dan #lua :is already on channel",
      "433 alice bob :Nickname is already in use",
      "421 alice FOO :Unknown command",
      "499 alice #lua :You're not a channel owner",
      "599 alice :Something new",
      "404 alice",
      "500",
      "372 alice :- MOTD",
      "251 alice :There are 5 users"
    )
  end)
  user:expect("conv_message", { buddy_name = "#lua", message = "Only operators of the room may do that" })
  user:expect("conv_message", { buddy_name = "#lua", message = "dan is not in this room" })
  user:expect("conv_message", { buddy_name = "#lua", message = "dan is in this room already" })
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = "bob: this nick is in use" })
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = "FOO: the server does not know this command" })
  user:expect("conv_message", { buddy_name = "#lua", message = "You're not a channel owner" })
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = "Something new" })
  user:never "conv_message"
end)

test.case("the user sees the answers to /quote", function(t)
  local user = room(t, function(conn)
    conn:expect_line "^STATS u$"
    conn:expect_line "^MODE #lua$"
    fake.say(
      conn,
      "251 alice :5 users",
      "242 alice :Server Up 1 days",
      "324 alice #lua +nt",
      "219 alice u :End of STATS"
    )
    conn:expect_line "^PRIVMSG nobody hi$"
    fake.say(conn, "401 alice nobody :No such nick")
    conn:expect_line "^KICK #lua nobody$"
    fake.say(conn, "401 alice nobody :No such nick")
  end)
  user:say("#lua", "/quote STATS u")
  user:say("#lua", "/mode")
  user:expect("conv_message", { buddy_name = "#lua", message = "5 users" })
  user:expect("conv_message", { buddy_name = "#lua", message = "Server Up 1 days" })
  user:expect("conv_message", { buddy_name = "#lua", message = "#lua has the modes +nt" })
  user:say("nobody", "hi")
  user:expect("conv_message", { buddy_name = "nobody", message = "nobody: No such client" })
  t:advance(1)
  user:say("#lua", "/kick nobody")
  user:expect("conv_message", { buddy_name = "#lua", message = "nobody: No such client" })
end)

test.case("the answer to a CTCP question is shown", function(t)
  local user = room(t, function(conn)
    conn:expect_line "^PRIVMSG dan \1VERSION\1$"
    conn:write_line(":dan!d@e NOTICE alice :\1VERSION irssi\1", ":dan!d@e NOTICE alice :\1VERSION again\1")
    conn:expect_line "^PRIVMSG dan :\1PING %d+\1$"
    conn:write_line(":dan!d@e NOTICE alice :\1PING 1\1")
  end)
  user:say("#lua", "/ctcp dan version")
  user:expect("conv_message", { buddy_name = "#lua", message = "dan, VERSION: irssi" })
  user:say("#lua", "/ping dan")
  user:expect("conv_message", { buddy_name = "#lua", message = t.pattern "^dan, PING: [%d.]+ seconds$" })
  user:never "conv_message"
end)
