-- irc/rooms.lua: the user's rooms. A room is in link.rooms from the user's request until
-- the user has left it. Its key is the folded name of the channel:
--
--   waiting -> asked -> listing -> in
--   ^ (no connection)              |
--   +------------------------------+
--
--   { name = "#lua@irc.example.net",  the name for Spectrum
--     channel = "#Lua",               the name on the server
--     nick = "alice",                 the user's nick in the room, as Spectrum knows it
--     wanted = true,                  the user has asked for the room
--     joined = true,                  the state is "in"
--     shown = true,                   Spectrum knows that the user is in the room
--     members = {…}, topic = …, topic_by = … }
--
-- irc/people.lua handles the other members, and irc/refusals.lua handles refused JOINs.

local time = require "spectrum.time"
local events = require "irc.events"
local invitations = require "irc.invitations"
local links = require "irc.links"
local listing = require "irc.listing"
local members = require "irc.members"
local names = require "irc.names"
local out = require "irc.out"
local parting = require "irc.parting"
local settings = require "irc.settings"
local text = require "irc.text"

local rooms = {}

-- NAMES is how many seconds the server has to list the members; after that time a JOIN may
-- be repeated. ANSWER is how many seconds the server has to answer a JOIN. A timer checks
-- that every STEP seconds.
local NAMES, ANSWER, STEP = 20, 30, 5

local NOBODY = "-" -- a nick that nobody can have

-- find returns the room of a channel, or nil.
function rooms.find(link, channel)
  return link.rooms[names.fold(link, channel)]
end

-- heard returns the room that a line from the server is about, or nil. Until the server
-- has answered our PART, its lines are about the stay before the PART.
function rooms.heard(link, channel)
  if parting.waits(link, channel) then
    return nil
  end
  return rooms.find(link, channel)
end

-- tell shows a text in a room, as a message from the server.
function rooms.tell(session, link, room, said)
  session:conv_message { buddy_name = room.name, nickname = link.server, message = text.plain(said) }
end

-- forget removes a room, and closes the connection if nothing else needs it.
local function forget(session, link, room)
  link.rooms[names.fold(link, room.channel)] = nil
  rooms.close_unused(session, link)
end

-- close_unused closes a connection without rooms and open chats.
function rooms.close_unused(session, link)
  if not settings.one_server and next(link.rooms) == nil and next(link.chats) == nil then
    links.close(session, link)
  end
end

-- set_state sets the state of a room.
local function set_state(room, state)
  room.state, room.joined = state, state == "in"
end

-- Coming -------------------------------------------------------------------------

-- ERRORS are the flags that Spectrum turns into an error for the client. Without an error,
-- Spectrum 2.2.1 does not let users rejoin a room that they have not left themselves.
local ERRORS = { conflict = true, not_authorized = true, room_not_found = true }

-- show_out tells Spectrum that the user is not in a room, with flags.
local function show_out(session, room, why, ...)
  session:participant_changed {
    room = room.name,
    nickname = room.nick,
    flag = { "me", ... },
    status = "none",
    status_message = why and text.plain(why),
  }
end

-- put_out shows that the user has left a room without asking for it. An error makes
-- Spectrum forget the room. It names a nick that nobody has, so clients ignore it.
local function put_out(session, room, flag, why)
  show_out(session, room, why, flag)
  session:room_nickname_changed { room = room.name, nickname = NOBODY }
  session:participant_changed {
    room = room.name,
    nickname = NOBODY,
    flag = { "me", "room_not_found" },
    status = "none",
  }
end

-- keep_out shows that the user cannot enter a room, or cannot return to it.
local function keep_out(session, room, flag, why)
  if room.shown then
    return put_out(session, room, nil, why)
  end
  show_out(session, room, why, flag, not ERRORS[flag] and "not_authorized" or nil)
end

-- refuse rejects the user's request to join. A message from the server has the reason,
-- because clients show only the flag.
local function refuse(session, room, server, flag, why)
  keep_out(session, room, flag, why)
  session:conv_message { buddy_name = server, message = room.name .. ": " .. text.plain(why) }
end

function rooms.refuse(session, link, room, flag, why)
  refuse(session, room, names.server(link), flag, why)
  forget(session, link, room)
end

-- watch rejects a JOIN if the server does not answer within `left` seconds after the line
-- was sent.
local function watch(session, link, room, number, left)
  session:after("join " .. link.key .. " " .. room.channel, STEP, function()
    if link.rooms[names.fold(link, room.channel)] ~= room or room.state ~= "asked" or room.number ~= number then
      return
    end
    left = out.waits(link, "JOIN", room.channel) and ANSWER or left - STEP
    if left > 0 then
      return watch(session, link, room, number, left)
    end
    rooms.refuse(session, link, room, "room_not_found", "the server does not answer")
  end)
end

-- ask sends the JOIN, or waits for the connection.
local function ask(session, link, room)
  if link.state ~= "online" then
    return set_state(room, "waiting")
  end
  set_state(room, "asked")
  link.joins = link.joins + 1
  room.listing, room.asked_at, room.number = nil, time.monotonic(), link.joins
  local ok, why = out.join(session, link, room.channel, room.password)
  if not ok then
    return rooms.refuse(session, link, room, "room_not_found", why)
  end
  watch(session, link, room, room.number, ANSWER)
end

-- show sends Spectrum the members and the topic of a room that we are in.
local function show(session, link, room)
  room.shown = true
  members.show_all(session, link, room)
  rooms.show_topic(session, room)
end

-- join handles JOIN_ROOM. The room is new, or the user returns to it, or the user wants
-- another nick there.
function rooms.join(session, m)
  local key, channel, server = names.parse(m.room)
  local link = links.find(session, key)
  if not channel or not names.is_room(link, channel) or not names.fits(channel) then
    return refuse(session, { name = m.room, nick = m.nickname }, server, "room_not_found", "this room does not exist")
  end
  local password = (m.password or "") ~= "" and m.password or nil
  local why
  link, why = links.open(session, key, server, names.nick(m.nickname))
  if not link then
    return refuse(session, { name = m.room, nick = m.nickname }, server, "room_not_found", why)
  end
  local room = rooms.find(link, channel)
  if room then
    room.password = password or room.password
    return rooms.join_again(session, link, room, m)
  end
  room = { name = m.room, channel = channel, nick = m.nickname, password = password, wanted = true, members = {} }
  link.rooms[names.fold(link, channel)] = room
  ask(session, link, room)
end

-- join_again handles JOIN_ROOM for a known room. It repeats a JOIN that the server has
-- ignored.
function rooms.join_again(session, link, room, m)
  local another = room.shown and m.nickname ~= room.nick and names.nick(m.nickname)
  room.name, room.nick, room.wanted = m.room, m.nickname, true
  if room.joined then
    members.forget(room)
    show(session, link, room)
  elseif room.state == "asked" and time.monotonic() - room.asked_at >= NAMES then
    ask(session, link, room)
  end
  if another then
    links.rename(session, link, another)
  end
end

-- expect_list limits the time for the list of members. When the time is over, an
-- incomplete first list counts as complete, and a later list is dropped.
local function expect_list(session, link, room)
  local list = room.listing
  session:after("names " .. room.name, NAMES, function()
    if room.listing ~= list or link.rooms[names.fold(link, room.channel)] ~= room then
      return
    end
    if room.state == "listing" then
      rooms.listed(session, link, room)
    else
      room.listing = nil
    end
  end)
end

-- entered handles our own JOIN. A bouncer, or a server that moves users, may put us into a
-- room that the user has not asked for. The user gets an invitation then.
local function entered(session, link, channel)
  if parting.waits(link, channel) then
    return -- the user has left the room meanwhile
  end
  local room = rooms.find(link, channel)
  if not room then
    room = { name = names.address(link, channel), nick = link.nick, members = {} }
    link.rooms[names.fold(link, channel)] = room
    invitations.show(session, link, channel, nil, "you are in this room on IRC")
  end
  room.channel = channel
  if room.joined or room.state == "listing" then
    return -- the list arrived before the JOIN, or this is a second JOIN
  end
  set_state(room, "listing")
  room.listing = room.listing or listing.new()
  expect_list(session, link, room)
end

-- list_line handles a line of the list of members.
local function list_line(session, link, room, line)
  if room.state == "waiting" then
    return
  end
  if not room.listing then
    room.listing = listing.new()
    expect_list(session, link, room)
  end
  listing.collect(link, room.listing, line)
end

-- listed handles the end of the list of members. The first list completes the join, even
-- if the server sends it before our own JOIN.
function rooms.listed(session, link, room)
  local early = room.state == "asked" and room.listing and room.listing.entries[names.fold(link, link.nick)]
  local first = room.state == "listing" or early
  if not first and not room.joined then
    room.listing = nil
    return
  end
  if first and room.shown and room.nick ~= link.nick then
    members.rename(session, link, room, room.nick, link.nick) -- somebody else may have the old nick now
  end
  if members.settle(session, link, room) then
    out.send(session, link, "NAMES", room.channel)
  end
  set_state(room, "in")
  if not room.wanted then
    return
  end
  local was_shown = room.shown
  if first then
    show(session, link, room)
    if was_shown then
      rooms.tell(session, link, room, "Connected again.")
    end
    events.emit("joined", session, link, room)
  else
    members.show_all(session, link, room)
  end
end

-- Going --------------------------------------------------------------------------

-- leave handles LEAVE_ROOM. It returns false if the name is not a known room.
function rooms.leave(session, m)
  local key, channel = names.parse(m.room)
  local link = links.find(session, key)
  local room = link and channel and rooms.find(link, channel)
  if not room then
    return false
  end
  if room.state ~= "waiting" and out.send(session, link, "PART", room.channel) then
    parting.sent(link, room.channel)
  end
  if room.shown then
    show_out(session, room)
  end
  forget(session, link, room)
  return true
end

-- left notes that we have left a room, for any reason. While our JOIN has no answer, the
-- line is about the previous stay: the user has left and come back at once.
function rooms.left(session, link, room, why, flag)
  if room.state == "asked" then
    return
  end
  if room.shown then
    put_out(session, room, flag, why)
  end
  forget(session, link, room)
end

-- The topic --------------------------------------------------------------------------

-- show_topic sends the topic, which completes the room for Spectrum.
function rooms.show_topic(session, room)
  session:room_subject_changed {
    buddy_name = room.name,
    nickname = room.topic_by or room.nick,
    message = text.plain(room.topic or ""),
  }
end

-- What the server says -------------------------------------------------------------

-- refold updates the keys of rooms and members when the server's CASEMAPPING is known.
local function refold(_, link)
  if link.folded ~= link.isupport.CASEMAPPING then
    local found = {}
    for _, room in pairs(link.rooms) do
      found[names.fold(link, room.channel)] = room
      members.refold(link, room)
    end
    link.rooms, link.folded = found, link.isupport.CASEMAPPING
  end
end

rooms.events = {
  JOIN = function(session, link, msg)
    if members.is_me(link, msg.source.nick) then
      link.user, link.host = msg.source.user or link.user, msg.source.host or link.host
      entered(session, link, msg.params[1])
    end
  end,
  ["353"] = function(session, link, msg)
    local room = rooms.heard(link, msg.params[#msg.params - 1])
    if room then
      list_line(session, link, room, msg.params[#msg.params])
    end
  end,
  ["366"] = function(session, link, msg)
    local room = rooms.heard(link, msg.params[2])
    if room then
      rooms.listed(session, link, room)
    end
  end,
  connected = refold,
  ["005"] = refold,
  online = function(session, link)
    link.told = false
    local waiting = {}
    for _, room in pairs(link.rooms) do
      if room.state == "waiting" then -- a bouncer has joined the others for us
        waiting[#waiting + 1] = room
      end
    end
    for _, room in ipairs(waiting) do
      ask(session, link, room)
    end
  end,
  offline = function(_, link)
    for _, room in pairs(link.rooms) do
      set_state(room, "waiting")
      room.listing = nil
    end
  end,
  waiting = function(session, link, why, seconds)
    if link.told then
      return -- the topic is the same
    end
    link.told = true
    local told
    local said = ("No connection to %s: %s. The next attempt is in %d seconds."):format(
      link.server,
      why,
      math.ceil(seconds)
    )
    for _, room in pairs(link.rooms) do
      if room.shown then
        told = true
        rooms.tell(session, link, room, said)
      end
    end
    if not told then
      links.tell(session, link, said)
    end
  end,
  closed = function(session, link, why)
    for _, room in pairs(link.rooms) do
      keep_out(session, room, "room_not_found", why)
    end
    link.rooms = {}
  end,
}

return rooms
