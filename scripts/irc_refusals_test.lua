-- irc_refusals_test.lua: refused JOINs, and rooms that the user leaves and joins before the server
-- has answered.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local join, leave = fake.join, fake.leave

local function log_in(t, fn, o)
  return fake.log_in(t, o or {}, fn)
end

local function kept_out(user, room, why)
  user:expect("participant_changed", { room = room, nickname = "alice", status = "none", status_message = why })
end

-- REFUSALS has lines that refuse JOIN #lua, and the texts that the user sees.
local REFUSALS = {
  ["403 alice #lua :No such channel"] = "No such channel",
  ["405 alice #lua :You have joined too many channels"] = "You have joined too many channels",
  ["407 alice #lua :Duplicate channel"] = "Duplicate channel",
  ["401 alice #lua :No such nick/channel"] = "No such nick/channel",
  ["421 alice JOIN :Unknown command"] = "Unknown command",
  ["437 alice #lua :Channel is temporarily unavailable"] = "Channel is temporarily unavailable",
  ["448 alice #lua :Channel name contains illegal characters"] = "Channel name contains illegal characters",
  ["461 alice JOIN :Not enough parameters"] = "Not enough parameters",
  ["470 alice #lua #lua2 :Forwarding to another channel"] = "#lua2 Forwarding to another channel",
  ["471 alice #LUA :Cannot join channel (+l)"] = "Cannot join channel (+l)",
  ["472 alice #lua :is unknown mode char to me"] = "is unknown mode char to me",
  ["473 alice :Cannot join channel (+i)"] = "Cannot join channel (+i)",
  ["474 alice #lua"] = "the server refuses it (474)",
  ["475 alice #lua :Cannot join channel (+k)"] = "Cannot join channel (+k)",
  ["476 alice #lua :Bad Channel Mask"] = "Bad Channel Mask",
  ["477 alice #lua :You need a registered nick"] = "You need a registered nick",
  ["479 alice #lua :Illegal channel name"] = "Illegal channel name",
  ["480 alice alice #lua :Cannot join channel (+j)"] = "Cannot join channel (+j)",
  ["485 alice #lua :Cannot join channel (reserved)"] = "Cannot join channel (reserved)",
  ["489 alice #lua :Cannot join channel (+z)"] = "Cannot join channel (+z)",
  ["495 alice #lua :You cannot rejoin this channel yet"] = "You cannot rejoin this channel yet",
  ["500 alice #lua :Too many join requests"] = "Too many join requests",
  ["519 alice #lua :Cannot join channel (+A)"] = "Cannot join channel (+A)",
  ["520 alice :Cannot join channel (+O)"] = "Cannot join channel (+O)",
  ["608 alice #lua :Not today"] = "Not today",
  ["610 alice #lua :Not today"] = "Not today",
  ["926 alice #lua :Channel is forbidden"] = "Channel is forbidden",
  ["999 alice #lua :Something new"] = "Something new",
  ["263 alice JOIN :Please wait a while and try again."] = "Please wait a while and try again.",
  ["FAIL JOIN CHANNEL_RENAMED #lua :That has another name"] = "That has another name",
  ["FAIL JOIN RATE_LIMITED :Not so fast"] = "Not so fast",
}

for line, why in pairs(REFUSALS) do
  test.case("a JOIN is refused: " .. line, function(t)
    local user = log_in(t, function(conn)
      conn:expect_line("^JOIN #lua$")
      -- These do not answer the JOIN.
      fake.say(conn, "442 alice #lua :You're not on that channel", "404 alice #lua :Cannot send")
      fake.say(conn, line)
      fake.enter(conn, "alice", "#lua", "dan")
    end)
    join(user, "#lua")
    kept_out(user, "#lua", why)
    user:expect("conv_message", { message = "#lua: " .. why })
    join(user, "#lua")
    user:expect("room_subject_changed", { buddy_name = "#lua" })
  end)
end

test.case("each refusal of several JOINs belongs to its room", function(t)
  local user = log_in(t, function(conn)
    conn:expect_line("^JOIN #a$")
    conn:expect_line("^JOIN #b$")
    conn:expect_line("^JOIN #c$")
    fake.say(conn, "407 alice #a,#b :Too many targets")
    conn:write_line(":alice!a@h JOIN #c")
    fake.say(conn, "366 alice #c :End of /NAMES list")
  end)
  for _, room in ipairs { "#a", "#b", "#c" } do
    join(user, room)
    t:settle()
  end
  kept_out(user, "#a", "Too many targets")
  kept_out(user, "#b", "Too many targets")
  user:expect("room_subject_changed", { buddy_name = "#c" })
end)

test.case("a JOIN without an answer has a time limit", function(t)
  local user = log_in(t, function(conn)
    conn:expect_line("^JOIN #lua$")
    fake.reach(conn)
    conn:expect_line("^JOIN #lua$", 10)
    fake.reach(conn)
  end)
  join(user, "#lua")
  fake.await(t)
  t:advance(20)
  user:never("participant_changed")
  t:advance(11)
  kept_out(user, "#lua", "the server does not answer")
  join(user, "#lua")
  fake.await(t)
end)

test.case("the time limit of a JOIN begins when the line is sent", function(t)
  local user = log_in(t, function(conn)
    for i = 1, 30 do
      conn:expect_line("^PRIVMSG dan " .. i .. "$", 10)
    end
    fake.enter(conn, "alice", "#lua", "dan")
  end, { config = { flood_lines = 1, flood_seconds = 2 } })
  local lines = {}
  for i = 1, 30 do
    lines[i] = tostring(i)
  end
  user:say("dan", table.concat(lines, "\n"))
  t:settle()
  join(user, "#lua")
  for _ = 1, 35 do
    t:advance(2)
  end
  user:expect("room_subject_changed", { buddy_name = "#lua" })
  user:never("participant_changed", { status = "none" })
end)

test.case("the user leaves and joins again before the server answers", function(t)
  local user = log_in(t, function(conn)
    conn:expect_line("^JOIN #lua$")
    conn:expect_line("^PART #lua$")
    conn:expect_line("^JOIN #lua$")
    for _ = 1, 2 do
      conn:write_line(":alice!a@h JOIN #lua")
      fake.say(conn, "353 alice = #lua :alice dan", "366 alice #lua :End", "332 alice #lua :topic")
      if _ == 1 then
        conn:write_line(":alice!a@h PART #lua")
      end
    end
    fake.reach(conn)
  end)
  join(user, "#lua")
  t:settle()
  leave(user, "#lua")
  join(user, "#lua")
  fake.await(t)
  user:expect("participant_changed", { nickname = "dan", status = "online" })
  user:expect("participant_changed", { nickname = "alice", flag = { "me" }, status = "online" })
  user:never("participant_changed", { status = "none" })
  t:never("raw_xml")
end)

test.case("the user leaves before the server answers: no invitation, no member", function(t)
  local user = log_in(t, function(conn)
    conn:expect_line("^JOIN #lua$")
    conn:expect_line("^PART #lua$")
    conn:write_line(":alice!a@h JOIN #lua")
    fake.say(conn, "353 alice = #lua :alice dan", "366 alice #lua :End")
    conn:write_line(":dan!d@h PART #lua", ":alice!a@h PART #lua")
    fake.reach(conn)
    conn:expect_line("^PRIVMSG dan later$")
    conn:write_line(":alice!a@h JOIN #lua") -- by services
    fake.reach(conn)
  end)
  join(user, "#lua")
  t:settle()
  leave(user, "#lua")
  fake.await(t)
  user:never()
  user:say("dan", "later")
  fake.await(t)
  t:expect("raw_xml", t.pattern("#lua@irc.localhost"))
end)

test.case("the user leaves and joins again, and the first JOIN is refused", function(t)
  local user = log_in(t, function(conn)
    conn:expect_line("^JOIN #lua$")
    conn:expect_line("^PART #lua$")
    conn:expect_line("^JOIN #lua$")
    fake.say(conn, "471 alice #lua :Full", "442 alice #lua :You're not on that channel")
    conn:write_line(":alice!a@h JOIN #lua")
    fake.say(conn, "353 alice = #lua :alice dan", "366 alice #lua :End")
    fake.reach(conn)
  end)
  join(user, "#lua")
  t:settle()
  leave(user, "#lua")
  join(user, "#lua")
  fake.await(t)
  user:expect("room_subject_changed", { buddy_name = "#lua" })
  user:never("participant_changed", { status = "none" })
  user:never("conv_message")
end)

test.case("a KICK crosses the PART", function(t)
  local user = log_in(t, function(conn)
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line("^PART #lua$")
    conn:expect_line("^JOIN #lua$")
    conn:write_line(":dan!d@h KICK #lua alice :out")
    fake.say(conn, "442 alice #lua :You're not on that channel")
    conn:write_line(":alice!a@h JOIN #lua")
    fake.say(conn, "353 alice = #lua :alice eve", "366 alice #lua :End")
    fake.reach(conn)
  end)
  join(user, "#lua")
  user:expect("room_subject_changed", { buddy_name = "#lua" })
  leave(user, "#lua")
  user:expect("participant_changed", { nickname = "alice", status = "none" })
  join(user, "#lua")
  fake.await(t)
  user:expect("participant_changed", { nickname = "eve", status = "online" })
  user:never("participant_changed", { status = "none" })
end)

test.case("a JOIN has at most as many rooms as the server allows", function(t)
  fake.start(
    t,
    { isupport = "TARGMAX=JOIN:2 CHANTYPES=# PREFIX=(ov)@+", config = { command = { "JOIN x" } } },
    function(conn)
      conn:expect_line("^JOIN x$")
      local seen = 0
      repeat
        local list = conn:expect_line("^JOIN (%S+)$")
        local _, commas = list:gsub(",", "")
        test.truthy(commas < 2, list)
        seen = seen + commas + 1
      until seen == 5
      fake.reach(conn)
      fake.hold(conn)
    end
  )
  local user = t:login()
  for i = 1, 5 do
    join(user, "#r" .. i)
  end
  fake.await(t)
end)
