-- irc_modern_test.lua: ids, answers, reactions, deletions, messages of several lines, and read
-- markers, with a server that supports them.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local CAPS = "batch draft/chathistory draft/message-redaction draft/multiline=max-bytes=4096,max-lines=20 "
  .. "draft/read-marker echo-message labeled-response message-tags server-time"

local ALICE, DAN, EVE = ":alice!~alice@host.example", ":dan!d@host.example", ":eve!e@host.example"

-- said reads the user's PRIVMSG and returns it with an id. It returns the tags of the line.
local function said(conn, target, words, id)
  local text = words:gsub("%p", "%%%0")
  local tags = conn:find_line("^@(%S+) PRIVMSG " .. target:gsub("%p", "%%%0") .. " :?" .. text .. "$")
  local label = tags:match "label=(%d+)"
  local start = ("@label=%s;msgid=%s;time=2026-01-01T12:00:00.000Z"):format(label, id)
  conn:write_line(("%s %s PRIVMSG %s :%s"):format(start, ALICE, target, words))
  return tags
end

-- in_room logs alice in and has her join #lua; then the server calls fn.
local function in_room(t, fn, o)
  o = o or {}
  return fake.in_room(t, { caps = o.caps or CAPS, isupport = o.isupport, config = o.config, occupants = "dan eve" }, fn)
end

test.case("the user's own message gets the network's id and is shown once", function(t)
  local user = in_room(t, function(conn)
    said(conn, "#lua", "hello", "m1")
    said(conn, "dan", "private", "m2")
  end)
  local m = user:say("#lua", "hello")
  user:expect("sent", { id = m.id, network_id = "m1" })
  local p = user:say("dan", "private")
  user:expect("sent", { id = p.id, network_id = "m2" })
  user:never("conv_message", { message = "hello" })
  user:never("conv_message", { message = "private" })
end)

test.case("without an id, the message is shown as before", function(t)
  local user = in_room(t, function(conn)
    conn:find_line "^PRIVMSG #lua hello$"
  end, { caps = "message-tags" })
  user:say("#lua", "hello")
  user:expect("conv_message", { buddy_name = "#lua", nickname = "alice", message = "hello", id = t.none })
  user:never "sent"
end)

test.case("answers, both ways", function(t)
  local user = in_room(t, function(conn)
    conn:write_line("@msgid=d1 " .. DAN .. " PRIVMSG #lua :who knows \2this\2?")
    t.contains(said(conn, "#lua", "dan: I do", "m1"), "+draft/reply=d1")
    conn:write_line("@msgid=d2;+draft/reply=m1 " .. DAN .. " PRIVMSG #lua :great")
    conn:write_line("@msgid=e1;+draft/reply=unknown " .. EVE .. " PRIVMSG #lua :what?")
    conn:write_line("@msgid=p1 " .. DAN .. " PRIVMSG alice :hi")
    t.contains(said(conn, "dan", "ho", "m2"), "+draft/reply=p1")
    conn:write_line("@msgid=p2;+draft/reply=m2 " .. DAN .. " PRIVMSG alice :ha")
  end)
  local question = user:expect("conv_message", { id = "d1", nickname = "dan", message = "who knows this?" })
  user:expect("sent", { id = user:reply(question, "I do").id, network_id = "m1" })
  local mine = { id = "m1", author = "alice", text = "I do" }
  user:expect("conv_message", { id = "d2", message = "great", reply_to = mine })
  user:expect("conv_message", { id = "e1", message = "what?", reply_to = { id = "unknown" } })
  local private = user:expect("conv_message", { id = "p1", nickname = "dan", pm = true })
  user:reply(private, "ho")
  mine = { id = "m2", author = "alice@localhost", text = "ho" }
  user:expect("conv_message", { id = "p2", pm = true, reply_to = mine })
end)

test.case("an answer in words, if the server denies the tag", function(t)
  local user = in_room(t, function(conn)
    conn:write_line("@msgid=d1 " .. DAN .. " PRIVMSG #lua :who?")
    t.falsy(said(conn, "#lua", "dan: me", "m1"):find "draft/reply")
  end, { isupport = "CLIENTTAGDENY=*,-typing" })
  user:reply(user:expect("conv_message", { id = "d1" }), "me")
  user:expect("sent", { network_id = "m1" })
end)

test.case("a correction is a message with a mark", function(t)
  local user = in_room(t, function(conn)
    said(conn, "#lua", "helo", "m1")
    said(conn, "#lua", "* hello", "m2")
    said(conn, "#lua", "\1ACTION * waves\1", "m3")
  end)
  local typo = user:say("#lua", "helo")
  user:expect("sent", { id = typo.id })
  local correction = user:correct(typo, "hello")
  user:expect("sent", { id = correction.id, network_id = "m2" })
  user:correct(typo, "/me waves")
  user:expect("sent", { network_id = "m3" })
end)

test.case("the admin chooses the mark of a correction", function(t)
  local user = in_room(t, function(conn)
    said(conn, "#lua", "helo", "m1")
    said(conn, "#lua", "I meant: hello", "m2")
  end, { config = { correction = "I meant:" } })
  local typo = user:say("#lua", "helo")
  user:expect("sent", { id = typo.id })
  user:correct(typo, "hello")
  user:expect("sent", { network_id = "m2" })
end)

test.case("reactions of the user: only the changes are sent", function(t)
  local user = in_room(t, function(conn)
    conn:write_line("@msgid=d1 " .. DAN .. " PRIVMSG #lua :news")
    local function tags(pattern)
      local label = conn:find_line("^@" .. pattern .. ";label=(%d+) TAGMSG #lua$")
      return label
    end
    local label = tags "%+draft/react=a;%+draft/reply=d1"
    conn:write_line(("@label=%s;+draft/react=a;+draft/reply=d1 %s TAGMSG #lua"):format(label, ALICE))
    tags "%+draft/react=b;%+draft/reply=d1"
    tags "%+draft/reply=d1;%+draft/unreact=a"
    tags "%+draft/reply=d1;%+draft/unreact=b"
    fake.reach(conn)
  end)
  local news = user:expect("conv_message", { id = "d1" })
  user:react(news, "a")
  user:react(news, "a", "b")
  user:react(news, "b")
  user:react(news)
  fake.await(t)
  user:never "reaction"
end)

test.case("reactions of others: the complete list is shown", function(t)
  local user = in_room(t, function(conn)
    local function react(tags, who, target)
      conn:write_line(("@%s %s TAGMSG %s"):format(tags, who or DAN, target or "#lua"))
    end
    said(conn, "#lua", "news", "m1")
    react "+draft/react=a;+draft/reply=m1"
    react "+draft/react=b;+draft/reply=m1"
    react "+draft/react=b;+draft/reply=m1" -- no change
    react "+draft/unreact=a;+draft/reply=m1"
    react "+draft/unreact=never;+draft/reply=m1" -- no change
    react("+draft/react=c;+draft/reply=m1", EVE)
    react("+draft/react=d;+draft/reply=m1", ALICE) -- with another client
    react("+draft/react=e;+draft/reply=m1", DAN, "alice")
    react "+draft/react=lost"
    fake.reach(conn)
  end)
  user:say("#lua", "news")
  local function expect(who, emoji)
    user:expect("reaction", { buddy_name = "#lua", nickname = who, id = "m1", emoji = emoji })
  end
  expect("dan", { "a" })
  expect("dan", { "a", "b" })
  expect("dan", { "b" })
  expect("eve", { "c" })
  user:expect("reaction", { nickname = "alice", origin = true, emoji = { "d" } })
  user:expect("reaction", { buddy_name = "#lua", nickname = "dan", pm = true, emoji = { "e" } })
  fake.await(t)
  user:never "reaction"
end)

test.case("a deletion of the user: all lines of the message", function(t)
  local user = in_room(t, function(conn)
    said(conn, "#lua", "one", "m1")
    conn:find_line "^REDACT #lua m1$"
    conn:write_line(ALICE .. " REDACT #lua m1")
    said(conn, "dan", "\1ACTION first\1", "m2")
    said(conn, "dan", "\1ACTION second\1", "m3")
    conn:find_line "^REDACT dan m2$"
    conn:find_line "^REDACT dan m3$"
    fake.say(conn, "FAIL REDACT REDACT_FORBIDDEN dan m3 :You may not.")
  end)
  local one = user:say("#lua", "one")
  user:expect("sent", { id = one.id, network_id = "m1" })
  user:retract(one)
  local two = user:say("dan", "/me first\nsecond")
  user:expect("sent", { id = two.id, network_id = "m3" })
  user:retract(two)
  user:expect("conv_message", { buddy_name = "dan", message = "Not deleted: You may not." })
  user:never "retraction"
end)

test.case("a deletion that the server does not support or allow", function(t)
  local caps = CAPS:gsub("draft/message%-redaction ", "")
  local user = in_room(t, function(conn)
    said(conn, "#lua", "one", "m1")
  end, { caps = caps })
  local one = user:say("#lua", "one")
  user:expect("sent", { id = one.id })
  user:retract(one)
  user:expect("conv_message", { buddy_name = "#lua", message = "Not deleted: the server cannot delete messages." })
end)

test.case("deletions of others: by the author and by a moderator", function(t)
  local user = in_room(t, function(conn)
    conn:write_line("@msgid=d0 " .. ALICE .. " PRIVMSG #lua :with another client")
    for i = 1, 3 do
      conn:write_line(("@msgid=d%d %s PRIVMSG #lua :%d"):format(i, DAN, i))
    end
    conn:write_line(ALICE .. " REDACT #lua d0", DAN .. " REDACT #lua d1 :typo")
    conn:write_line(EVE .. " REDACT #lua d2 :spam", EVE .. " REDACT #lua old")
    conn:write_line("@msgid=p1 " .. DAN .. " PRIVMSG alice :hi", DAN .. " REDACT alice p1")
    conn:find_line "^REDACT #lua d3 :not here$"
    conn:write_line(ALICE .. " REDACT #lua d3 :not here")
  end)
  user:expect("retraction", { buddy_name = "#lua", nickname = "alice", id = "d0", origin = true })
  user:expect("retraction", { buddy_name = "#lua", nickname = "dan", id = "d1" })
  user:expect("moderation", { room = "#lua", nickname = "eve", id = "d2", reason = "spam" })
  user:expect("moderation", { room = "#lua", nickname = "eve", id = "old" })
  user:expect("retraction", { buddy_name = "#lua", nickname = "dan", pm = true, id = "p1" })
  user:send("moderation", { room = "#lua", id = "d3", reason = "not here" })
  user:expect("moderation", { room = "#lua", nickname = "alice", id = "d3", reason = "not here" })
end)

test.case("a removal that the server refuses", function(t)
  local user = in_room(t, function(conn)
    conn:write_line("@msgid=d1 " .. DAN .. " PRIVMSG #lua :1")
    conn:find_line "^REDACT #lua d1$"
    fake.say(conn, "FAIL REDACT REDACT_FORBIDDEN #lua d1 :Only operators may.")
  end)
  user:expect("conv_message", { id = "d1" })
  user:send("moderation", { room = "#lua", id = "d1" })
  user:expect("conv_message", { buddy_name = "#lua", message = "Not deleted: Only operators may." })
  user:never "moderation"
end)

test.case("a message of several lines is one batch", function(t)
  local long = ("word "):rep(150) .. "end"
  local user = in_room(t, function(conn)
    local label, ref = conn:find_line "^@label=(%d+) BATCH %+(%S+) draft/multiline #lua$"
    conn:expect_line("^@batch=" .. ref .. " PRIVMSG #lua one$")
    conn:expect_line("^@batch=" .. ref .. " PRIVMSG #lua :$")
    local first = conn:expect_line("^@batch=" .. ref .. " PRIVMSG #lua :(word .*)$")
    local second = conn:expect_line("^@batch=" .. ref .. ";draft/multiline%-concat PRIVMSG #lua :(.*)$")
    t.equal(first .. second, long)
    conn:expect_line("^BATCH %-" .. ref .. "$")
    conn:write_line(
      ("@label=%s;msgid=m1 %s BATCH +7 draft/multiline #lua"):format(label, ALICE),
      ("@batch=7 %s PRIVMSG #lua :one"):format(ALICE),
      ("@batch=7 %s PRIVMSG #lua :"):format(ALICE),
      ("@batch=7 %s PRIVMSG #lua :%s"):format(ALICE, long),
      ":irc.example.net BATCH -7"
    )
    conn:find_line "^REDACT #lua m1$"
  end)
  local m = user:say("#lua", "one\n\n" .. long .. "\n")
  user:expect("sent", { id = m.id, network_id = "m1" })
  user:never("conv_message", { nickname = "alice" })
  user:retract(m)
  t:settle()
end)

test.case("the server's limits of a batch", function(t)
  local user = in_room(t, function(conn)
    for _, count in ipairs { 3, 3, 1 } do
      local tags, ref = "", nil
      if count > 1 then
        tags, ref = conn:find_line "^@(%S+) BATCH %+(%S+) draft/multiline dan$"
      end
      for _ = 1, count do
        tags = count == 1 and conn:expect_line "^@(%S+) PRIVMSG dan %d$" or tags
        if count > 1 then
          conn:expect_line("^@batch=" .. ref .. " PRIVMSG dan %d$")
        end
      end
      if ref then
        conn:expect_line("^BATCH %-" .. ref .. "$")
      end
      conn:write_line(("@%s;msgid=m%d %s PRIVMSG dan :x"):format(tags:match "label=%d+", count, ALICE))
    end
  end, { caps = CAPS:gsub("max%-lines=20", "max-lines=3") })
  local m = user:say("dan", "1\n2\n3\n4\n5\n6\n7")
  user:expect("sent", { id = m.id, network_id = "m1" })
end)

local NO_LIMITS =
  { "", "draft/multiline", "draft/multiline=max-bytes=0", "draft/multiline=max-bytes=x,max-lines=-1" }

for _, value in ipairs(NO_LIMITS) do
  test.case("lines as messages, with " .. (value == "" and "no batches of lines" or value), function(t)
    local user = in_room(t, function(conn)
      said(conn, "#lua", "one", "m1")
      said(conn, "#lua", "two", "m2")
      conn:write_line("@msgid=d1;+draft/reply=m1 " .. DAN .. " PRIVMSG #lua :the first line?")
      conn:find_line "^REDACT #lua m1$"
      conn:find_line "^REDACT #lua m2$"
    end, { caps = (CAPS:gsub("draft/multiline%S*", value)) })
    local m = user:say("#lua", "one\n\ntwo")
    user:expect("sent", { id = m.id, network_id = "m2" })
    user:expect("conv_message", { id = "d1", reply_to = { id = "m2" } })
    user:retract(m)
    t:settle()
  end)
end

test.case("the user learns that the server has refused a batch", function(t)
  local user = in_room(t, function(conn)
    local label = conn:find_line "^@label=(%d+) BATCH %+%S+ draft/multiline dan$"
    conn:find_line "^BATCH %-"
    conn:write_line(("@label=%s :irc.example.net FAIL BATCH MULTILINE_MAX_LINES 5 :Too many lines."):format(label))
  end)
  user:say("dan", "1\n2")
  user:expect("conv_message", { buddy_name = "dan", message = "Not sent: Too many lines." })
end)

-- batch returns the lines of a batch from dan.
local function batch(ref, lines, tags, target)
  target = target or "#lua"
  local list = { ("@%s %s BATCH +%s draft/multiline %s"):format(tags or "msgid=" .. ref, DAN, ref, target) }
  for _, line in ipairs(lines) do
    list[#list + 1] = ("@batch=%s %s PRIVMSG %s :%s"):format(ref, DAN, target, line)
  end
  list[#list + 1] = ":irc.example.net BATCH -" .. ref
  return unpack(list)
end

test.case("messages of several lines from others", function(t)
  local user = in_room(t, function(conn)
    conn:write_line(batch("d1", { "one", "", "two" }))
    conn:write_line("@msgid=d2 " .. DAN .. " BATCH +b draft/multiline #lua")
    conn:write_line("@batch=b " .. DAN .. " PRIVMSG #lua :long ")
    conn:write_line("@batch=b;draft/multiline-concat " .. DAN .. " PRIVMSG #lua :line")
    conn:write_line("@batch=b " .. DAN .. " PRIVMSG #lua :\2bold", ":irc.example.net BATCH -b")
    conn:write_line(batch("p1", { "a", "b" }, nil, "alice"))
    conn:write_line(batch("d3", { "yes", "no" }, "msgid=d3;+draft/reply=d1"))
  end)
  user:expect("conv_message", { id = "d1", nickname = "dan", message = "one\n\ntwo" })
  local styled = t.pattern "^long line<br/><span.*>bold"
  user:expect("conv_message", { id = "d2", message = "long line\nbold", xhtml = styled })
  user:expect("conv_message", { id = "p1", pm = true, message = "a\nb" })
  user:expect("conv_message", { id = "d3", message = "yes\nno", reply_to = { id = "d1", text = "one\n\ntwo" } })
end)

test.case("messages of several lines in a history", function(t)
  local user = in_room(t, function(conn)
    conn:find_line "^CHATHISTORY LATEST #lua %* 50$"
    conn:write_line(":irc.example.net BATCH +h chathistory #lua")
    local time = "time=2026-01-01T12:00:00.000Z"
    conn:write_line(("@batch=h;msgid=d1;%s %s PRIVMSG #lua :before"):format(time, DAN))
    conn:write_line(("@batch=h;msgid=d2;%s %s BATCH +i draft/multiline #lua"):format(time, DAN))
    conn:write_line("@batch=i " .. DAN .. " PRIVMSG #lua :one", "@batch=i " .. DAN .. " PRIVMSG #lua :two")
    conn:write_line(":irc.example.net BATCH -i")
    conn:write_line(("@batch=h;msgid=d3;%s %s PRIVMSG #lua :after"):format(time, DAN), ":irc.example.net BATCH -h")
  end)
  user:expect("conv_message", { id = "d1", timestamp = t.any })
  user:expect("conv_message", { id = "d2", message = "one\ntwo", timestamp = t.any })
  user:expect("conv_message", { id = "d3" })
end)

test.case("read markers, both ways", function(t)
  local user = in_room(t, function(conn)
    for i = 1, 4 do
      conn:write_line(("@msgid=d%d;time=2026-01-01T12:00:0%d.000Z %s PRIVMSG #lua :%d"):format(i, i, DAN, i))
    end
    fake.reach(conn)
    conn:find_line "^MARKREAD #lua timestamp=2026%-01%-01T12:00:02%.000Z$"
    fake.say(conn, "MARKREAD #lua timestamp=2026-01-01T12:00:02.000Z") -- our own
    fake.say(conn, "MARKREAD #lua timestamp=2026-01-01T12:00:01.000Z") -- in the past
    fake.say(conn, "MARKREAD #lua timestamp=2026-01-01T12:00:03.500Z")
    fake.say(conn, "MARKREAD #lua *", "MARKREAD #lua timestamp=x", "MARKREAD")
    fake.say(conn, "MARKREAD #other timestamp=2026-01-01T12:00:03.500Z")
    fake.reach(conn)
    conn:find_line "^MARKREAD #lua timestamp=2026%-01%-01T12:00:04%.000Z$"
    fake.say(conn, "MARKREAD #lua timestamp=9999-01-01T12:00:03.500Z")
    fake.reach(conn)
  end)
  fake.await(t)
  local m = {}
  for i = 1, 4 do
    m[i] = user:expect("conv_message", { id = "d" .. i })
  end
  user:read(m[1])
  user:read(m[2])
  user:read(m[1])
  t:advance(2)
  user:expect("displayed", { buddy_name = "#lua", nickname = "alice", id = "d3", origin = true })
  fake.await(t)
  user:read(m[3]) -- known
  user:read(m[4])
  t:advance(2)
  fake.await(t)
  user:never "displayed"
end)

test.case("hostile ids, batches and deletions", function(t)
  local long = ("x"):rep(1000)
  local user = in_room(t, function(conn)
    conn:write_line(("@msgid=%s %s PRIVMSG #lua :long id"):format(long, DAN))
    conn:write_line(("@msgid=%sx %s PRIVMSG #lua :longer id"):format(long, DAN))
    conn:write_line("@msgid=a\\nb " .. DAN .. " PRIVMSG #lua :strange id")
    conn:write_line("@msgid= " .. DAN .. " PRIVMSG #lua :empty id")
    conn:write_line("@msgid=<&> " .. DAN .. " PRIVMSG #lua :xml id")
    conn:write_line("@+draft/reply= " .. DAN .. " PRIVMSG #lua :empty reply")
    conn:write_line(("@+draft/reply=%sx %s PRIVMSG #lua :long reply"):format(long, DAN))
    conn:write_line("@batch=unknown " .. DAN .. " PRIVMSG #lua :lost batch", ":irc.example.net BATCH -never")
    conn:write_line(DAN .. " BATCH +empty draft/multiline #lua", DAN .. " BATCH -empty")
    conn:write_line(DAN .. " BATCH +mix draft/multiline #lua", "@batch=mix " .. DAN .. " PRIVMSG #lua :mine")
    conn:write_line("@batch=mix " .. EVE .. " PRIVMSG #lua :not mine", "@batch=mix " .. DAN .. " JOIN #lua")
    conn:write_line(DAN .. " BATCH -mix")
    for _, words in ipairs { "first", "second" } do
      conn:write_line(DAN .. " BATCH +twice draft/multiline #lua")
      conn:write_line("@batch=twice " .. DAN .. " PRIVMSG #lua :" .. words)
    end
    conn:write_line(DAN .. " BATCH -twice", DAN .. " BATCH +open draft/multiline #lua")
    for i = 1, 200 do
      conn:write_line(("@batch=open %s PRIVMSG #lua :%s%d"):format(DAN, ("y"):rep(400), i))
    end
    conn:write_line(DAN .. " BATCH -open")
    for _, params in ipairs { "", " #lua", " #other x", " #lua " .. long .. "x" } do
      conn:write_line(DAN .. " REDACT" .. params)
    end
    fake.say(conn, "FAIL REDACT", "FAIL BATCH X :what", "TAGMSG #lua")
    for i = 1, 300 do
      conn:write_line(("@+draft/react=%d;+draft/reply=%s %s TAGMSG #lua"):format(i, long, DAN))
    end
    conn:write_line(DAN .. " PRIVMSG #lua :the end")
    fake.reach(conn)
  end)
  fake.await(t)
  user:expect("conv_message", { message = "long id", id = long })
  for _, words in ipairs { "longer id", "strange id", "empty id", "lost batch", "mine", "first", "second" } do
    user:expect("conv_message", { message = words, id = t.none })
  end
  for _, words in ipairs { "empty reply", "long reply" } do
    user:expect("conv_message", { message = words, reply_to = t.none })
  end
  user:expect("conv_message", { message = "xml id", id = "<&>" })
  t.truthy(#user:expect("conv_message", { message = t.pattern "^yyyy" }).message <= 61000)
  for i = 1, 20 do
    local list = user:expect("reaction", { id = long }).emoji
    t.equal(#list, i)
  end
  user:never "reaction"
  user:never "moderation"
  user:never "retraction"
  user:expect("conv_message", { message = "the end" })
end)

test.case("the memory of messages and reactions is bounded", function(t)
  local user = in_room(t, function(conn)
    for i = 1, 150 do
      conn:write_line(("@msgid=d%d %s PRIVMSG #lua :%d"):format(i, DAN, i))
    end
    conn:write_line(DAN .. " REDACT #lua d150", DAN .. " REDACT #lua d1") -- d1 is forgotten
    for i = 1, 60 do
      conn:write_line(("@msgid=p%d :n%d!x@y PRIVMSG alice :%d"):format(i, i, i))
    end
    conn:write_line("@msgid=x;+draft/reply=p60 :n60!x@y PRIVMSG alice :known")
    conn:write_line("@msgid=y;+draft/reply=p1 :n1!x@y PRIVMSG alice :forgotten")
    for i = 1, 250 do
      conn:write_line(("@+draft/react=a;+draft/reply=r%d %s TAGMSG #lua"):format(i, DAN))
    end
    conn:write_line("@+draft/react=b;+draft/reply=r1 " .. DAN .. " TAGMSG #lua")
    conn:write_line("@+draft/react=b;+draft/reply=r250 " .. DAN .. " TAGMSG #lua")
  end)
  user:expect("retraction", { id = "d150" })
  user:expect("moderation", { id = "d1" })
  user:expect("conv_message", { id = "x", reply_to = { id = "p60", text = "60" } })
  user:expect("conv_message", { id = "y", reply_to = { id = "p1", text = t.none } })
  user:expect("reaction", { id = "r1", emoji = { "b" } })
  user:expect("reaction", { id = "r250", emoji = { "a", "b" } })
end)

test.case("a message that waits for the connection keeps what it answers", function(t)
  fake.start(t, { caps = CAPS }, function(conn)
    t.contains(said(conn, "dan", "* ho", "m1"), "+draft/reply=d1")
    fake.hold(conn)
  end)
  local user = t:login()
  local answered = { id = "d1", author = "dan" }
  user:send(
    "conv_message",
    { buddy_name = "dan", message = "ho", id = "c1", replaces = "m0", reply_to = answered }
  )
  user:expect("sent", { id = "c1", network_id = "m1" })
end)
