-- irc/rooms.lua: the user's rooms. A room is in link.rooms, by its channel's name as
-- the server compares names, from when the user asks for it to when he is out:
--
--   waiting -> asked -> listing -> in
--   ^ (no connection)              |
--   +------------------------------+
--
--   { name = "#lua@irc.example.net",  as Spectrum calls it
--     channel = "#Lua",               as the server calls it
--     nick = "alice",                 what Spectrum takes for his nick there
--     wanted = true,                  he has asked for it
--     joined = true,                  its state is "in"
--     shown = true,                   Spectrum knows that he is in
--     members = {…}, topic = …, topic_by = … }
--
-- What others do in them is irc/people.lua's, why the server refuses a JOIN
-- irc/refusals.lua's.

local time = require "spectrum.time"
local events = require "irc.events"
local invitations = require "irc.invitations"
local link = require "irc.link"
local listing = require "irc.listing"
local members = require "irc.members"
local names = require "irc.names"
local out = require "irc.out"
local parting = require "irc.parting"
local settings = require "irc.settings"
local text = require "irc.text"

local rooms = {}

-- NAMES is how many seconds the server has to list who is there, and after which a
-- JOIN may be repeated. ANSWER is how many it has to answer a JOIN, which is looked at
-- every STEP.
local NAMES, ANSWER, STEP = 20, 30, 5

local NOBODY = "-" -- a nick that nobody can have

-- find is the room of a channel, or nil.
function rooms.find(l, channel)
  return l.rooms[names.fold(l, channel)]
end

-- heard is the room that a line of the server is about, or nil. As long as the server
-- has not answered our PART, what it says is about the time before that.
function rooms.heard(l, channel)
  if parting.waits(l, channel) then
    return nil
  end
  return rooms.find(l, channel)
end

-- tell says something in a room, as the server.
function rooms.tell(session, l, room, said)
  session:conv_message { buddy_name = room.name, nickname = l.server, message = text.plain(said) }
end

-- forget takes a room out, and closes the connection if it was for nothing else.
local function forget(session, l, room)
  l.rooms[names.fold(l, room.channel)] = nil
  rooms.close_unused(session, l)
end

-- close_unused closes a connection that is for no room and no contact any more.
-- Contacts that are talked to are in link.chats.
function rooms.close_unused(session, l)
  if not settings.one_server and next(l.rooms) == nil and next(l.chats) == nil then
    link.close(session, l)
  end
end

-- set_state notes how far we are.
local function set_state(room, state)
  room.state, room.joined = state, state == "in"
end

-- Coming -------------------------------------------------------------------------

-- ERRORS are the flags that Spectrum makes an error for the client of. Without one,
-- Spectrum 2.2.1 lets nobody join a room again who has not left it by himself.
local ERRORS = { conflict = true, not_authorized = true, room_not_found = true }

-- show_out tells Spectrum that the user is not in a room, and with which flags.
local function show_out(session, room, why, ...)
  session:participant_changed {
    room = room.name,
    nickname = room.nick,
    flag = { "me", ... },
    status = "none",
    status_message = why and text.plain(why),
  }
end

-- put_out is for who is out of a room that he has not left by himself. The error that
-- has Spectrum forget the room is of a nick that nobody has: clients pass over it.
local function put_out(session, room, flag, why)
  show_out(session, room, why, flag)
  session:room_nickname_changed { room = room.name, nickname = NOBODY }
  session:participant_changed { room = room.name, nickname = NOBODY, flag = { "me", "room_not_found" }, status = "none" }
end

-- keep_out is for who does not get in, as far as Spectrum knows, or not again.
local function keep_out(session, room, flag, why)
  if room.shown then
    return put_out(session, room, nil, why)
  end
  show_out(session, room, why, flag, not ERRORS[flag] and "not_authorized" or nil)
end

-- refuse is for who has asked to get in. The server says why: clients show the flag.
local function refuse(session, room, server, flag, why)
  keep_out(session, room, flag, why)
  session:conv_message { buddy_name = server, message = room.name .. ": " .. text.plain(why) }
end

function rooms.refuse(session, l, room, flag, why)
  refuse(session, room, names.server(l), flag, why)
  forget(session, l, room)
end

-- watch ends the user's wait for a JOIN that the server does not answer in so many
-- seconds after the line has left.
local function watch(session, l, room, number, left)
  session:after("join " .. l.key .. " " .. room.channel, STEP, function()
    if l.rooms[names.fold(l, room.channel)] ~= room or room.state ~= "asked" or room.number ~= number then
      return
    end
    left = out.waits(l, "JOIN", room.channel) and ANSWER or left - STEP
    if left > 0 then
      return watch(session, l, room, number, left)
    end
    rooms.refuse(session, l, room, "room_not_found", "the server does not answer")
  end)
end

-- ask sends the JOIN, as soon as there is a connection.
local function ask(session, l, room)
  if l.state ~= "online" then
    return set_state(room, "waiting")
  end
  set_state(room, "asked")
  l.joins = (l.joins or 0) + 1
  room.listing, room.asked_at, room.number = nil, time.monotonic(), l.joins
  local ok, why = out.join(session, l, room.channel, room.password)
  if not ok then
    return rooms.refuse(session, l, room, "room_not_found", why)
  end
  watch(session, l, room, room.number, ANSWER)
end

-- show tells Spectrum all of a room that we are in.
local function show(session, l, room)
  room.shown = true
  members.show_all(session, l, room)
  rooms.show_topic(session, room)
end

-- join is JOIN_ROOM: for a new room, for one that the user has come back to, or for
-- one that he wants to have another nick in.
function rooms.join(session, m)
  local key, channel, server = names.parse(m.room)
  local l = link.find(session, key)
  if not channel or not names.is_room(l, channel) or not names.fits(channel) then
    return refuse(session, { name = m.room, nick = m.nickname }, server, "room_not_found", "there is no such room")
  end
  local password = (m.password or "") ~= "" and m.password or nil
  local why
  l, why = link.open(session, key, server, names.nick(m.nickname))
  if not l then
    return refuse(session, { name = m.room, nick = m.nickname }, server, "room_not_found", why)
  end
  local room = rooms.find(l, channel)
  if room then
    room.password = password or room.password
    return rooms.join_again(session, l, room, m)
  end
  room = { name = m.room, channel = channel, nick = m.nickname, password = password, wanted = true, members = {} }
  l.rooms[names.fold(l, channel)] = room
  ask(session, l, room)
end

-- join_again is for a room that is there already. A JOIN that the server has passed
-- over is sent again.
function rooms.join_again(session, l, room, m)
  local another = room.shown and m.nickname ~= room.nick and names.nick(m.nickname)
  room.name, room.nick, room.wanted = m.room, m.nickname, true
  if room.joined then
    for _, member in pairs(room.members) do
      member.shown = nil
    end
    show(session, l, room)
  elseif room.state == "asked" and time.monotonic() - room.asked_at >= NAMES then
    ask(session, l, room)
  end
  if another then
    link.rename(session, l, another)
  end
end

-- expect_list gives the server some time to list who is in a room. After that, a
-- first list counts as far as it has come; a later one is dropped.
local function expect_list(session, l, room)
  local list = room.listing
  session:after("names " .. room.name, NAMES, function()
    if room.listing ~= list or l.rooms[names.fold(l, room.channel)] ~= room then
      return
    end
    if room.state == "listing" then
      rooms.listed(session, l, room)
    else
      room.listing = nil
    end
  end)
end

-- entered notes our own JOIN. A room that nobody has asked for may come from a
-- bouncer, or from a server that moves people: the user is invited to it.
local function entered(session, l, channel)
  if parting.waits(l, channel) then
    return -- the user has left it since
  end
  local room = rooms.find(l, channel)
  if not room then
    room = { name = names.address(l, channel), nick = l.nick, members = {} }
    l.rooms[names.fold(l, channel)] = room
    invitations.show(session, l, channel, nil, "you are in this room on IRC")
  end
  room.channel = channel
  if room.joined or room.state == "listing" then
    return -- the server has listed who is there before, or says the same twice
  end
  set_state(room, "listing")
  room.listing = room.listing or listing.new()
  expect_list(session, l, room)
end

-- list_line takes a line of the list of members.
local function list_line(session, l, room, line)
  if room.state == "waiting" then
    return
  end
  if not room.listing then
    room.listing = listing.new()
    expect_list(session, l, room)
  end
  listing.collect(l, room.listing, line)
end

-- listed is the end of the list of members. The first one ends our coming in, even
-- if the server lists who is there before it says that we are.
function rooms.listed(session, l, room)
  local early = room.state == "asked" and room.listing and room.listing.entries[names.fold(l, l.nick)]
  local first = room.state == "listing" or early
  if not first and not room.joined then
    room.listing = nil
    return
  end
  if first and room.shown and room.nick ~= l.nick then
    members.rename(session, l, room, room.nick, l.nick) -- while we were away; the old nick may be another's now
  end
  if members.settle(session, l, room) then
    out.send(session, l, "NAMES", room.channel)
  end
  set_state(room, "in")
  if not room.wanted then
    return
  end
  local was_shown = room.shown
  if first then
    show(session, l, room)
    if was_shown then
      rooms.tell(session, l, room, "Connected again.")
    end
    events.emit("joined", session, l, room)
  else
    members.show_all(session, l, room)
  end
end

-- Going --------------------------------------------------------------------------

-- leave is LEAVE_ROOM. It returns false if the name is no room's.
function rooms.leave(session, m)
  local key, channel = names.parse(m.room)
  local l = link.find(session, key)
  local room = l and channel and rooms.find(l, channel)
  if not room then
    return false
  end
  if room.state ~= "waiting" and out.send(session, l, "PART", room.channel) then
    parting.sent(l, room.channel)
  end
  if room.shown then
    show_out(session, room)
  end
  forget(session, l, room)
  return true
end

-- left notes that we are out of a room, by whatever it was. As long as we have only
-- asked to get in, it is about the time before: the user has left, and come back at once.
function rooms.left(session, l, room, why, flag)
  if room.state == "asked" then
    return
  end
  if room.shown then
    put_out(session, room, flag, why)
  end
  forget(session, l, room)
end

-- The topic --------------------------------------------------------------------------

-- show_topic ends what Spectrum has to know of a room.
function rooms.show_topic(session, room)
  session:room_subject_changed {
    buddy_name = room.name,
    nickname = room.topic_by or room.nick,
    message = text.plain(room.topic or ""),
  }
end

-- What the server says -------------------------------------------------------------

-- refold finds rooms and their members by how this server compares names, as soon as it
-- has said so.
local function refold(_, l)
  if l.folded ~= l.isupport.CASEMAPPING then
    local found = {}
    for _, room in pairs(l.rooms) do
      found[names.fold(l, room.channel)] = room
      members.refold(l, room)
    end
    l.rooms, l.folded = found, l.isupport.CASEMAPPING
  end
end

rooms.events = {
  JOIN = function(session, l, msg)
    if members.is_me(l, msg.source.nick) then
      l.user, l.host = msg.source.user or l.user, msg.source.host or l.host
      entered(session, l, msg.params[1])
    end
  end,
  ["353"] = function(session, l, msg)
    local room = rooms.heard(l, msg.params[#msg.params - 1])
    if room then
      list_line(session, l, room, msg.params[#msg.params])
    end
  end,
  ["366"] = function(session, l, msg)
    local room = rooms.heard(l, msg.params[2])
    if room then
      rooms.listed(session, l, room)
    end
  end,
  connected = refold,
  ["005"] = refold,
  online = function(session, l)
    l.told = false
    local waiting = {}
    for _, room in pairs(l.rooms) do
      if room.state == "waiting" then -- a bouncer has brought us into the others
        waiting[#waiting + 1] = room
      end
    end
    for _, room in ipairs(waiting) do
      ask(session, l, room)
    end
  end,
  offline = function(_, l)
    for _, room in pairs(l.rooms) do
      set_state(room, "waiting")
      room.listing = nil
    end
  end,
  waiting = function(session, l, why, seconds)
    if l.told then
      return -- nothing has changed since
    end
    l.told = true
    local told
    local said = ("No connection to %s: %s. The next attempt is in %d seconds."):format(l.server, why, math.ceil(seconds))
    for _, room in pairs(l.rooms) do
      if room.shown then
        told = true
        rooms.tell(session, l, room, said)
      end
    end
    if not told then
      link.tell(session, l, said)
    end
  end,
  closed = function(session, l, why)
    for _, room in pairs(l.rooms) do
      keep_out(session, room, "room_not_found", why)
    end
    l.rooms = {}
  end,
}

return rooms
