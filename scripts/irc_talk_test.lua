-- Tests of messages in both directions: irc/talk.lua and irc/say.lua.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local ALL = "message-tags server-time echo-message labeled-response batch"

local room, alone = fake.in_room, fake.log_in

test.case("messages in a room, in both directions", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line "^PRIVMSG #lua :hello there$"
    conn:write_line(":dan!d@example.org PRIVMSG #lua :hello \2alice\2")
  end)
  user:say("#lua", "hello there")
  user:expect("conv_message", { buddy_name = "#lua", nickname = "alice", message = "hello there" })
  local m = user:expect("conv_message", { buddy_name = "#lua", nickname = "dan", message = "hello alice" })
  t.equal(m.xhtml, 'hello <span style="font-weight: bold">alice</span>')
  t.equal(m.timestamp, nil)
  user:never "conv_message"
end)

test.case("a text over 512 bytes is sent in several lines", function(t)
  local words = ("Größe ist не всё "):rep(120):gsub(" $", "")
  local got = {}
  local user = room(t, {}, function(conn)
    repeat
      local line = conn:read_line()
      t.truthy(#(":alice!~alice@host.example " .. line .. "\r\n") <= 512, "too long: " .. #line)
      got[#got + 1] = line:match "^PRIVMSG #lua :(.*)$"
    until table.concat(got, " ") == words
    fake.reach(conn)
  end)
  user:say("#lua", words)
  user:expect("conv_message", { message = words }) -- once, and complete
  fake.await(t)
  user:never "conv_message"
  t.truthy(#got > 3)
end)

test.case("a word over 512 bytes is not cut inside a character", function(t)
  local word = ("ё"):rep(700)
  local user = room(t, {}, function(conn)
    local got = ""
    while #got < #word do
      local piece = conn:expect_line "^PRIVMSG #lua :?(.*)$"
      t.equal(#piece % 2, 0)
      got = got .. piece
    end
    t.equal(got, word)
    conn:write_line ":dan!d@example.org PRIVMSG #lua :done"
  end)
  user:say("#lua", word)
  user:expect("conv_message", { message = "done" })
end)

test.case("bold text continues in the next line", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line "^PRIVMSG #lua :\2word word"
    conn:expect_line "^PRIVMSG #lua :\2word word"
    conn:write_line ":dan!d@example.org PRIVMSG #lua :done"
  end)
  local words = ("word "):rep(120)
  user:send("conv_message", { buddy_name = "#lua", message = words, xhtml = "<b>" .. words .. "</b>" })
  user:expect("conv_message", { message = "done" })
end)

test.case("several lines are sent as several messages and shown once", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line "^PRIVMSG #lua one$"
    conn:expect_line "^PRIVMSG #lua two$"
    conn:expect_line "^PRIVMSG #lua ::%)$"
  end)
  user:say("#lua", "one\r\n\ntwo\n:)\n")
  user:expect("conv_message", { nickname = "alice", message = "one\r\n\ntwo\n:)\n" })
  user:never "conv_message"
end)

test.case("a message cannot inject a line", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line "^PRIVMSG #lua a$"
    conn:expect_line "^PRIVMSG #lua :QUIT :b$"
    conn:expect_line "^TOPIC #lua :x QUIT y$"
  end)
  user:say("#lua", "a\rQUIT :b")
  user:say("#lua", "/topic x\nQUIT y")
  t:settle()
end)

test.case("invalid UTF-8", function(t)
  local user = room(t, {}, function(conn)
    conn:write_line(":dan!d@example.org PRIVMSG #lua :caf\233", ":dan!d@example.org PRIVMSG #lua :caf\195\169 \195")
  end)
  user:expect("conv_message", { message = "café" })
  user:expect("conv_message", { message = t.pattern "^caf" })
end)

test.case("another charset, in both directions", function(t)
  local user = room(t, { config = { charset = "koi8-r" } }, function(conn)
    conn:expect_line "^PRIVMSG #lua \246\213\203$"
    conn:write_line ":dan!d@example.org PRIVMSG #lua \246\213\203"
  end)
  user:say("#lua", "Жук")
  user:expect("conv_message", { nickname = "alice", message = "Жук" })
  user:expect("conv_message", { nickname = "dan", message = "Жук" })
end)

test.case("the plain text is sent if the XHTML adds no formatting to it", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line "^PRIVMSG #lua :  if  x  then$"
    conn:expect_line "^PRIVMSG #lua seen$"
    conn:expect_line "^PRIVMSG #lua :the page <http://e.org/x>$"
    conn:expect_line "^PRIVMSG #lua :thick and thin$"
  end)
  user:send("conv_message", { buddy_name = "#lua", message = "  if  x  then", xhtml = "<p>  if  x  then</p>" })
  user:send("conv_message", { buddy_name = "#lua", message = "seen", xhtml = "<p> </p>" })
  user:send(
    "conv_message",
    { buddy_name = "#lua", message = "the page", xhtml = "the <a href='http://e.org/x'>page</a>" }
  )
  user:send("conv_message", { buddy_name = "#lua", message = "thick and thin", xhtml = "<em>thin</em>" })
  user:expect("conv_message", { message = "the page" })
  t:settle()
end)

test.case("/me, in both directions", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line "^PRIVMSG #lua :\1ACTION waves\1$"
    conn:expect_line "^PRIVMSG #lua :\1ACTION is \2bold\1$"
    conn:write_line(
      ":dan!d@example.org PRIVMSG #lua :\1ACTION nods\1",
      ":dan!d@example.org PRIVMSG #lua :\1ACTION nods"
    )
  end)
  user:say("#lua", "/me waves")
  user:send("conv_message", { buddy_name = "#lua", message = "/me is bold", xhtml = "<p>/me is <b>bold</b></p>" })
  user:expect("conv_message", { nickname = "alice", message = "/me waves" })
  user:expect("conv_message", { nickname = "alice", message = "/me is bold" })
  user:expect("conv_message", { nickname = "dan", message = "/me nods" })
  user:expect("conv_message", { nickname = "dan", message = "/me nods" })
end)

test.case("with labels, the echo of a message is shown once and completely", function(t)
  local user = room(t, { caps = ALL }, function(conn)
    local label = conn:expect_line "^@label=(%d+) PRIVMSG #lua one$"
    local second = conn:expect_line "^@label=(%d+) PRIVMSG #lua two$"
    conn:write_line(
      "@label=" .. label .. ";msgid=a;time=2026-01-01T12:00:00.000Z :alice!~alice@host.example PRIVMSG #lua one",
      "@label=" .. second .. " :alice!~alice@host.example PRIVMSG #lua :two, without colours",
      ":alice!~alice@host.example PRIVMSG #lua :from elsewhere"
    )
  end)
  user:say("#lua", "one\ntwo")
  local m = user:expect("conv_message", { nickname = "alice", message = "one\ntwo" })
  t.equal(m.timestamp, nil)
  user:expect("conv_message", { nickname = "alice", message = "from elsewhere" })
  user:never "conv_message"
end)

test.case("the echo of a message is recognized without labels", function(t)
  local user = room(t, { caps = "echo-message" }, function(conn)
    conn:expect_line "^PRIVMSG #lua hi$"
    conn:expect_line "^PRIVMSG dan psst$"
    conn:write_line(
      ":alice!~alice@host.example PRIVMSG #Lua hi",
      ":alice!~alice@host.example PRIVMSG dan psst",
      ":alice!~a@h PRIVMSG dan other"
    )
  end)
  user:say("#lua", "hi")
  user:say("#lua/dan", "psst")
  user:expect("conv_message", { nickname = "alice", message = "hi" })
  user:expect("conv_message", { buddy_name = "dan", message = "other", carbon = true })
  user:never "conv_message"
end)

test.case("a message that the room refuses is not shown as sent", function(t)
  local user = room(t, { caps = ALL }, function(conn)
    local label = conn:expect_line "^@label=(%d+) PRIVMSG #lua hi$"
    conn:write_line("@label=" .. label .. " :irc.example.net 404 alice #lua :Cannot send to channel (+m)")
  end)
  user:say("#lua", "hi")
  user:expect(
    "conv_message",
    { buddy_name = "#lua", nickname = "127.0.0.1", message = t.pattern "^Your message was not delivered.*%+m" }
  )
  user:never "conv_message"
end)

test.case("private messages stay in the room while both are in it", function(t)
  local user = room(t, {}, function(conn)
    conn:write_line ":Dan!d@example.org PRIVMSG alice :in private"
    conn:expect_line "^PRIVMSG dan :me too$"
    conn:write_line(":dan!d@example.org PART #lua", ":dan!d@example.org PRIVMSG alice :from outside")
    conn:write_line(":dan!d@example.org JOIN #lua", ":dan!d@example.org PRIVMSG alice :again")
  end)
  user:expect("conv_message", { buddy_name = "#lua", nickname = "dan", pm = true, message = "in private" })
  user:say("#lua/dan", "me too")
  user:expect("conv_message", { buddy_name = "dan", message = "from outside", pm = t.none, nickname = t.none })
  user:expect("conv_message", { buddy_name = "#lua", pm = true, message = "again" })
  user:never "conv_message"
end)

test.case("answers to a contact appear in the contact's conversation", function(t)
  local user = room(t, {}, function(conn)
    conn:expect_line "^PRIVMSG dan hi$"
    conn:write_line(
      ":dan!d@example.org PRIVMSG alice :yes?",
      ":dan!d@example.org NICK daniel",
      ":daniel!d@example.org PRIVMSG alice :me"
    )
  end)
  user:say("dan", "hi")
  user:expect("conv_message", { buddy_name = "dan", message = "yes?" })
  user:expect("conv_message", { buddy_name = "daniel", message = "me", pm = t.none })
  user:never "conv_message"
end)

test.case("notices from users, services and the server", function(t)
  local user = room(t, { isupport = "STATUSMSG=@+ PREFIX=(ov)@+ CHANTYPES=#" }, function(conn)
    conn:write_line(
      ":dan!d@example.org NOTICE #lua :a notice",
      ":dan!d@example.org PRIVMSG @#lua :to operators",
      ":dan!d@example.org PRIVMSG +#lua :\1ACTION whispers\1",
      ":NickServ!s@services. NOTICE alice :\2identify\2 yourself",
      ":irc.example.net NOTICE alice :the server goes down",
      ":irc.example.net NOTICE #lua :not here",
      "NOTICE alice :nobody says this"
    )
  end)
  user:expect("conv_message", { buddy_name = "#lua", nickname = "dan", message = "a notice" })
  user:expect("conv_message", { buddy_name = "#lua", nickname = "dan", message = "[@] to operators" })
  user:expect("conv_message", { buddy_name = "#lua", nickname = "dan", message = "/me [+] whispers" })
  user:expect("conv_message", { buddy_name = "nickserv", message = "identify yourself" })
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = "the server goes down", headline = true })
  user:expect("conv_message", { buddy_name = "#lua", message = "not here" })
  user:expect("conv_message", { buddy_name = "127.0.0.1", message = "nobody says this" })
end)

test.case("a sign of STATUSMSG that is also in CHANTYPES", function(t)
  local user = room(t, { isupport = "STATUSMSG=@+ PREFIX=(ov)@+ CHANTYPES=#+" }, function(conn)
    conn:write_line(
      ":dan!d@example.org PRIVMSG +#lua :to voices",
      ":dan!d@example.org PRIVMSG @+#lua :to both",
      ":dan!d@example.org PRIVMSG #lua :to all"
    )
  end)
  user:expect("conv_message", { buddy_name = "#lua", nickname = "dan", message = "[+] to voices" })
  user:expect("conv_message", { buddy_name = "#lua", nickname = "dan", message = "[@+] to both" })
  user:expect("conv_message", { buddy_name = "#lua", nickname = "dan", message = "to all" })
end)

test.case("notices about our address are not shown", function(t)
  local peer = t:serve(function(conn)
    conn:write_line(":irc.example.net NOTICE * :*** Looking up your hostname", "NOTICE AUTH :*** Checking Ident")
    fake.greet(conn, {})
    fake.hold(conn)
  end)
  t:start { config = fake.config(peer) }
  local user = t:login()
  user:expect "connected"
  user:never()
end)

test.case("a message to an unknown nick", function(t)
  local user = alone(t, {}, function(conn)
    conn:expect_line "^PRIVMSG nobody hi$"
    fake.say(conn, "401 alice nobody :No such nick/channel")
  end)
  user:say("nobody", "hi")
  user:expect("conv_message", { buddy_name = "nobody", message = "nobody: No such client" })
end)

test.case("an old message is shown with its time", function(t)
  local user = room(t, { caps = "server-time message-tags" }, function(conn)
    conn:write_line(
      "@time=2025-01-01T12:00:00.500Z :dan!d@example.org PRIVMSG #lua :old",
      "@time=nonsense :dan!d@e PRIVMSG #lua :new"
    )
  end)
  t.equal(user:expect("conv_message", { message = "old" }).timestamp, "20250101T120000")
  t.equal(user:expect("conv_message", { message = "new" }).timestamp, nil)
end)

test.case("typing notifications in both directions", function(t)
  local user = alone(t, { caps = ALL }, function(conn)
    conn:expect_line "^@%+typing=active TAGMSG dan$"
    conn:expect_line "^@%+typing=done TAGMSG dan$"
    for _, state in ipairs { "active", "paused", "done", "nonsense" } do
      conn:write_line(("@+typing=%s :dan!d@e TAGMSG alice"):format(state))
    end
    conn:write_line(
      "@+typing=active :dan!d@e TAGMSG #lua",
      "@+typing=active :alice!d@e TAGMSG dan",
      "@+typing=active :x!d@e TAGMSG"
    )
  end)
  user:send("buddy_typing", { buddy_name = "dan" })
  user:send("buddy_typing", { buddy_name = "dan" })
  user:send("buddy_stopped_typing", { buddy_name = "dan" })
  user:expect("buddy_typing", { buddy_name = "dan" })
  user:expect("buddy_typed", { buddy_name = "dan" })
  user:expect("buddy_stopped_typing", { buddy_name = "dan" })
  user:never()
end)

test.case("typing is not announced if the server denies the tag", function(t)
  local user = alone(t, { caps = "message-tags", isupport = "CLIENTTAGDENY=*,-draft/react" }, function(conn)
    conn:expect_line "^PRIVMSG dan hi$"
  end)
  user:send("buddy_typing", { buddy_name = "dan" })
  user:say("dan", "hi")
  t:settle()
end)

test.case("questions by CTCP are answered up to a limit", function(t)
  local user = alone(t, {}, function(conn)
    conn:write_line(":dan!d@e PRIVMSG alice :\1VERSION\1")
    conn:expect_line "^NOTICE dan :\1VERSION spectrum2%-lua [%d.]+.*\1$"
    conn:write_line(":dan!d@e PRIVMSG alice :\1ping 123 456\1")
    conn:expect_line "^NOTICE dan :\1PING 123 456\1$"
    conn:write_line(":dan!d@e PRIVMSG alice :\1TIME\1")
    conn:expect_line "^NOTICE dan :\1TIME .*GMT\1$"
    -- Three questions have an answer, so the next ones get none.
    for _ = 1, 10 do
      conn:write_line(":dan!d@e PRIVMSG alice :\1CLIENTINFO\1")
    end
    conn:write_line(
      ":dan!d@e PRIVMSG alice :\1FINGER\1",
      ":dan!d@e PRIVMSG alice :\1\1",
      ":dan!d@e NOTICE alice :\1VERSION x\1",
      ":dan!d@e PRIVMSG alice :done"
    )
    conn:expect_line "^PRIVMSG dan ok$"
    conn:write_line(":dan!d@e PRIVMSG alice :\1CLIENTINFO\1")
    conn:expect_line "^NOTICE dan :\1CLIENTINFO ACTION CLIENTINFO PING TIME VERSION\1$"
    conn:write_line(":dan!d@e PRIVMSG alice :over")
  end)
  user:expect("conv_message", { message = "done" })
  t:advance(10)
  user:say("dan", "ok")
  user:expect("conv_message", { message = "over" })
  user:never "conv_message"
end)
