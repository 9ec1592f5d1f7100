-- irc_members_test.lua: the members of a room, with any events while the server lists them. A
-- random server knows the correct members and compares.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

-- watcher keeps what Spectrum knows about rooms: there[room][nick] has the flags of a member
-- that is shown, as one text.
local function watcher(user)
  local there = {}
  local function take(m)
    local room = there[m.room] or {}
    there[m.room] = room
    if m.status == "none" then
      room[m.nickname] = nil
      return
    end
    if m.newname then
      room[m.nickname] = nil
    end
    local flags = m.flag or {}
    table.sort(flags)
    room[m.newname or m.nickname] = table.concat(flags, " ")
  end
  return function(name)
    while true do
      local ok, m = pcall(user.expect, user, "participant_changed", nil, 0.001)
      if not ok then
        break
      end
      take(m)
    end
    local list = {}
    for nick, flags in pairs(there[name] or {}) do
      list[#list + 1] = flags == "" and nick or nick .. " (" .. flags .. ")"
    end
    table.sort(list)
    return table.concat(list, ", ")
  end
end

-- listed plays a server: alice joins #lua, and the server sends these lines after her JOIN. It
-- expects the members that are shown at the end.
local function listed(t, lines, want, o)
  o = o or {}
  fake.start(t, o, function(conn)
    conn:expect_line("^JOIN #lua$")
    conn:write_line(":alice!a@h JOIN #lua", unpack(lines))
    if o.names then
      conn:find_line("^NAMES #lua$")
      conn:write_line(unpack(o.names))
    end
    fake.reach(conn)
    fake.hold(conn)
  end)
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua")
  fake.await(t)
  t.equal(watcher(user)("#lua"), want)
end

local LIST, END = ":irc.example.net 353 alice = #lua :", ":irc.example.net 366 alice #lua :End of /NAMES list"

for name, case in pairs {
  ["somebody quits, another comes and a third changes his nick"] = {
    {
      LIST .. "alice @dan carol",
      ":carol!c@h QUIT :bye",
      ":eve!e@h JOIN #lua",
      ":dan!d@h NICK dan2",
      LIST .. "frank",
      END,
    },
    "alice (me), dan2 (moderator), eve, frank",
  },
  ["a list that was taken before they did"] = {
    {
      LIST .. "alice",
      ":carol!c@h QUIT :bye",
      ":dan!d@h NICK dan2",
      ":bob!b@h PART #lua",
      ":dan2!d@h KICK #lua eve",
      LIST .. "carol @dan bob eve frank",
      END,
    },
    "alice (me), dan2 (moderator), frank",
  },
  ["a list that was taken line by line"] = {
    { LIST .. "alice", ":dan!d@h NICK dan2", ":frank!f@h JOIN #lua", LIST .. "@dan2 frank", END },
    "alice (me), dan2 (moderator), frank",
  },
  ["somebody comes before the first line"] = {
    { ":eve!e@h JOIN #lua", LIST .. "alice dan", END },
    "alice (me), dan, eve",
  },
  ["modes before and behind the line of their member"] = {
    {
      LIST .. "alice dan @eve",
      ":s MODE #lua +o dan",
      ":s MODE #lua -o+o eve bob",
      LIST .. "bob carol",
      ":s MODE #lua +v carol",
      END,
    },
    "alice (me), bob (moderator), carol, dan (moderator), eve",
    { caps = "multi-prefix" },
  },
  ["a mode goes along with a nick"] = {
    { ":dan!d@h NICK dan2", ":s MODE #lua +o dan2", ":dan2!d@h NICK dan3", LIST .. "alice dan", END },
    "alice (me), dan3 (moderator)",
  },
  ["the user's own nick changes twice"] = {
    { LIST .. "alice @dan", ":alice!a@h NICK al", ":al!a@h NICK ally", LIST .. "eve", END },
    "ally (me), dan (moderator), eve",
  },
  ["two people exchange their nicks"] = {
    { LIST .. "alice @dan", ":dan!d@h NICK tmp", ":eve!e@h NICK dan", ":tmp!d@h NICK eve", LIST .. "eve", END },
    "alice (me), dan, eve (moderator)",
    { names = { LIST .. "alice dan @eve", END } },
  },
  ["a nick that somebody else has by now is asked about again"] = {
    { LIST .. "alice", ":dan!d@h NICK dan2", ":dan!x@h JOIN #lua", LIST .. "@dan", END },
    "alice (me), dan, dan2 (moderator)",
    { names = { LIST .. "alice dan @dan2", END } },
  },
  ["somebody who has gone comes back"] = {
    { LIST .. "alice carol", ":carol!c@h QUIT :bye", ":carol!c@h JOIN #lua", END },
    "alice (me), carol",
  },
  ["somebody who is out of the room changes his nick elsewhere"] = {
    { LIST .. "alice", ":dan!d@h KICK #lua frank", ":frank!f@h NICK fred", LIST .. "frank", END },
    "alice (me)",
  },
  ["a second list, with people who come and go"] = {
    {
      LIST .. "alice dan carol",
      END,
      LIST .. "alice dan",
      ":eve!e@h JOIN #lua",
      ":dan!d@h NICK dan2",
      LIST .. "carol",
      ":carol!c@h PART #lua",
      END,
    },
    "alice (me), dan2, eve",
  },
  ["two lists one behind the other"] = {
    { LIST .. "alice dan", END, LIST .. "alice eve", END },
    "alice (me), eve",
  },
  ["lines behind the end of the list"] = {
    { LIST .. "alice dan", END, LIST .. "eve", ":bob!b@h JOIN #lua" },
    "alice (me), bob, dan",
  },
  ["the user's own JOIN comes twice"] = {
    { LIST .. "alice dan", ":alice!a@h JOIN #lua", LIST .. "eve", END, ":alice!a@h JOIN #lua" },
    "alice (me), dan, eve",
  },
  ["nicks that the server takes for the same"] = {
    { LIST .. "alice dan[x] CAROL", ":DAN{X}!d@h NICK bob[]", ":carol!c@h QUIT :bye", LIST .. "Carol", END },
    "alice (me), bob[]",
  },
  ["a batch that stays open"] = {
    {
      LIST .. "alice dan",
      "BATCH +n netjoin a.example b.example",
      "@batch=n :eve!e@h JOIN #lua",
      ":eve!e@h NICK eva",
      "@batch=n :carol!c@h JOIN #lua",
      ":carol!c@h QUIT :bye",
      END,
      "BATCH -n",
    },
    "alice (me), dan, eva",
    { caps = "batch" },
  },
  ["a list inside a batch, and people who come and go outside it"] = {
    {
      "BATCH +r labeled-response",
      "@batch=r " .. LIST .. "alice dan",
      ":eve!e@h JOIN #lua",
      ":dan!d@h QUIT :bye",
      "@batch=r " .. LIST .. "carol",
      "@batch=r " .. END,
      "BATCH -r",
    },
    "alice (me), carol, eve",
    { caps = "batch" },
  },
  ["a batch inside what was said before is history, too"] = {
    {
      LIST .. "alice dan",
      END,
      "BATCH +h chathistory #lua",
      "@batch=h BATCH +n netsplit a.example b.example",
      "@batch=n :dan!d@h QUIT :a b",
      "BATCH -n",
      "BATCH -h",
    },
    "alice (me), dan",
    { caps = "batch" },
  },
  ["batches inside each other in a circle"] = {
    {
      "BATCH +a x",
      "@batch=a BATCH +b x",
      "@batch=b BATCH +a x",
      "@batch=a BATCH +b x",
      "@batch=b " .. LIST .. "alice",
      "@batch=a BATCH +c x",
      END,
    },
    "alice (me)",
    { caps = "batch" },
  },
} do
  test.case("during the list of members: " .. name, function(t)
    listed(t, case[1], case[2], case[3])
  end)
end

test.case("services change the nick during the greeting", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "001 alice :Welcome alice!a@h")
    conn:write_line(":alice!a@h NICK :Guest123")
    fake.say(conn, "005 Guest123 PREFIX=(ov)@+ CHANTYPES=# :are supported", "376 Guest123 :End")
    conn:expect_line("^JOIN #lua$")
    conn:write_line(":Guest123!a@h JOIN :#lua")
    fake.say(conn, "353 Guest123 = #lua :Guest123 @dan")
    conn:write_line(":Guest123!a@h NICK Guest456")
    fake.say(conn, "366 Guest456 #lua :End")
    fake.reach(conn)
    fake.hold(conn)
  end)
  t:start { config = fake.config(server) }
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua")
  user:expect("room_nickname_changed", { nickname = "Guest456" })
  fake.await(t)
  t.equal(watcher(user)("#lua"), "Guest456 (me), dan (moderator)")
end)

test.case("a bouncer joins rooms before its greeting ends", function(t)
  local server = t:serve(function(conn, n)
    conn:find_line("^USER ")
    fake.say(conn, "001 alice :Welcome alice!a@h")
    if n == 2 then
      conn:write_line(":alice!a@h JOIN #lua")
      fake.say(conn, "353 alice = #lua :alice dan", "366 alice #lua :End")
    end
    fake.say(conn, "376 alice :End")
    if n == 1 then
      fake.enter(conn, "alice", "#lua", "dan eve")
      conn:expect_line("^PRIVMSG #lua go$")
      return
    end
    conn:write_line(":bob!b@h JOIN #lua")
    fake.reach(conn)
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { reconnect_delay = 1 }) }
  local user = t:login()
  user:expect("connected")
  fake.join(user, "#lua")
  user:expect("room_subject_changed")
  user:say("#lua", "go")
  fake.advance_until(t, server, 2)
  fake.await(t)
  t.equal(watcher(user)("#lua"), "alice (me), bob, dan")
end)

-- The random server ----------------------------------------------------------------

local NICKS = { "bob", "Carol", "dan", "eve[x]", "EVE{y}", "frank", "gus", "hal", "ian", "jo" }
local ROOMS = { "#lua", "#Go" }

-- dice returns a function that gives the same numbers for the same seed everywhere.
local function dice(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end
end

-- world is a server's view: users by id, each with a nick and rooms. Each act returns the line
-- that the server sends, or nil if the act is impossible.
local function world(roll)
  local w = { people = { { nick = "alice", me = true, rooms = {} } }, lists = {} }

  local function any()
    return w.people[roll(#w.people)]
  end

  local function free_nick()
    local nick = NICKS[roll(#NICKS)]
    for _, p in ipairs(w.people) do
      if p.nick:lower() == nick:lower() then
        return nil
      end
    end
    return nick
  end

  local function say(p, rest)
    return (":%s!u@h %s"):format(p.nick, rest)
  end

  local function forget(p)
    for i, other in ipairs(w.people) do
      if other == p then
        table.remove(w.people, i)
      end
    end
  end

  -- another user in a room; our user sees the members of common rooms
  local function other(room)
    local p = any()
    return not p.me and p.rooms[room] and p or nil
  end

  local acts = {
    function(room)
      local p, nick = any(), free_nick()
      if roll(2) == 1 and nick then
        p = { nick = nick, rooms = {} }
        w.people[#w.people + 1] = p
      end
      if p.me or p.rooms[room] then
        return nil
      end
      p.rooms[room] = {}
      return say(p, "JOIN " .. (roll(3) == 1 and room:upper() or room))
    end,
    function(room)
      local p = other(room)
      if p then
        p.rooms[room] = nil
        local line = say(p, "PART " .. room)
        if not next(p.rooms) then
          forget(p)
        end
        return line
      end
    end,
    function(room)
      local p = other(room)
      if p then
        forget(p)
        return say(p, "QUIT :bye")
      end
    end,
    function(room)
      local p = other(room)
      if p then
        p.rooms[room] = nil
        if not next(p.rooms) then
          forget(p)
        end
        return (":irc.example.net KICK %s %s :out"):format(room, p.nick)
      end
    end,
    function()
      local p, nick = any(), free_nick()
      if nick then
        local line = say(p, "NICK " .. nick)
        p.nick = nick
        return line
      end
    end,
    function(room)
      local p, mode = any(), roll(2) == 1 and "o" or "v"
      if p.rooms[room] then
        local given = not p.rooms[room][mode]
        p.rooms[room][mode] = given or nil
        return (":irc.example.net MODE %s %s%s %s"):format(room, given and "+" or "-", mode, p.nick)
      end
    end,
  }

  function w.act()
    return acts[roll(#acts)](ROOMS[roll(#ROOMS)])
  end

  local function entry(p, room)
    return (p.rooms[room].o and "@" or "") .. (p.rooms[room].v and "+" or "") .. p.nick
  end

  local function is_in(person, room)
    for _, p in ipairs(w.people) do
      if p == person then
        return p.rooms[room] ~= nil
      end
    end
    return false
  end

  -- list begins to list a room: with its current members, or line by line.
  function w.list(room)
    local list = { room = room, live = roll(2) == 1, left = {} }
    for _, p in ipairs(w.people) do
      if p.rooms[room] then
        table.insert(list.left, { person = p, text = entry(p, room) })
      end
    end
    w.lists[room] = list
  end

  -- more returns the next line of a list. The last one is the end of the list.
  function w.more(room)
    local list = w.lists[room]
    if not list then
      return nil
    end
    local words = {}
    for _ = 1, roll(3) do
      local item = table.remove(list.left, 1)
      if item and not list.live then
        words[#words + 1] = item.text
      elseif item and is_in(item.person, room) then
        words[#words + 1] = entry(item.person, room)
      end
    end
    local me = w.people[1].nick
    if #words == 0 and #list.left == 0 then
      w.lists[room] = nil
      return (":irc.example.net 366 %s %s :End of /NAMES list"):format(me, room)
    end
    return (":irc.example.net 353 %s = %s :%s"):format(me, room, table.concat(words, " "))
  end

  -- shown returns the members of a room, in the form of the watcher.
  function w.shown(room)
    local list = {}
    for _, p in ipairs(w.people) do
      if p.rooms[room] then
        local flags = { p.me and "me" or nil }
        if p.rooms[room].o then
          flags[#flags + 1] = "moderator"
        end
        list[#list + 1] = #flags == 0 and p.nick or p.nick .. " (" .. table.concat(flags, " ") .. ")"
      end
    end
    table.sort(list)
    return table.concat(list, ", ")
  end

  return w
end

-- whole writes the complete list of a room.
local function whole(conn, w, room)
  w.list(room)
  repeat
    conn:write_line(w.more(room))
  until not w.lists[room]
end

-- catch_up answers the client's questions, and returns when the client has handled all lines.
-- Another task than that of the PONG sends a question, so catch_up waits for a second PONG.
local function catch_up(conn, w)
  local quiet = 0
  repeat
    quiet = quiet + 1
    conn:write_line("PING again")
    while true do
      local line = conn:read_line()
      local room = line and line:match("^NAMES (%S+)$")
      if room then
        quiet = 0
        whole(conn, w, room)
      elseif not line or line == "PONG again" then
        break
      end
    end
  until quiet == 2
end

-- round does some acts. The lines of lists arrive between them, inside and outside of batches.
local function round(conn, w, roll)
  local batch, number = nil, 0
  for _ = 1, 10 + roll(20) do
    local room = ROOMS[roll(#ROOMS)]
    local line
    if roll(3) == 1 then
      if not w.lists[room] and roll(3) == 1 then
        w.list(room)
      end
      line = w.more(room)
    elseif roll(12) == 1 then
      number = number + 1
      line, batch =
        batch and "BATCH -" .. batch or "BATCH +b" .. number .. " netjoin a.example b.example",
        not batch and "b" .. number or nil
    else
      line = w.act()
    end
    if line then
      local tag = batch and roll(2) == 1 and not line:find("^BATCH") and "@batch=" .. batch .. " " or ""
      conn:write_line(tag .. line)
    end
  end
  for _, room in ipairs(ROOMS) do
    while w.lists[room] do
      conn:write_line(w.more(room))
    end
  end
end

for seed = 1, 24 do
  test.case("any order of events and lists: " .. seed, function(t)
    local roll = dice(seed * 7919)
    local w = world(roll)
    local ROUNDS = 12
    local want = {}
    fake.start(
      t,
      { caps = seed % 2 == 0 and "batch multi-prefix" or "batch", config = { split_timeout = 0 } },
      function(conn)
        for _, room in ipairs(ROOMS) do
          conn:find_line("^JOIN ")
          w.people[1].rooms[room] = {}
          conn:write_line((":%s!u@h JOIN %s"):format(w.people[1].nick, room))
          w.list(room)
          round(conn, w, roll)
        end
        for i = 1, ROUNDS do
          round(conn, w, roll)
          catch_up(conn, w)
          want[i] = { [ROOMS[1]] = w.shown(ROOMS[1]), [ROOMS[2]] = w.shown(ROOMS[2]) }
          fake.reach(conn)
          conn:find_line("^PRIVMSG #lua next$")
        end
        fake.hold(conn)
      end
    )
    local user = t:login()
    user:expect("connected")
    for _, room in ipairs(ROOMS) do
      fake.join(user, room)
      t:settle()
    end
    local shown = watcher(user)
    for i = 1, ROUNDS do
      fake.await(t)
      for _, room in ipairs(ROOMS) do
        t.equal(shown(room), want[i][room], ("round %d, %s"):format(i, room))
      end
      user:say("#lua", "next")
    end
  end)
end
