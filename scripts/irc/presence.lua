-- irc/presence.lua: who is away. The script tells all servers when the user is away. It asks
-- with WHO which members of rooms are away, every settings.away_timeout seconds, unless the
-- server announces them (away-notify).

local events = require "irc.events"
local links = require "irc.links"
local members = require "irc.members"
local names = require "irc.names"
local out = require "irc.out"
local conversations = require "irc.conversations"
local settings = require "irc.settings"
local text = require "irc.text"
local whois = require "irc.whois"

local presence = {}

-- The user ------------------------------------------------------------------------

-- AWAY has the states that count as away, with the default away messages.
local AWAY = { away = "away", xa = "away for longer", dnd = "do not disturb" }

-- tell tells a server whether the user is away.
local function tell(session, link)
  if session.data.away then
    out.send(session, link, "AWAY", session.data.away)
  else
    out.send(session, link, "AWAY")
  end
end

-- set_away sets the user's away message, or nil if the user is back. It tells all servers if
-- the message has changed.
function presence.set_away(session, why)
  if session.data.away == why then
    return
  end
  session.data.away = why
  for _, link in ipairs(links.all(session)) do
    if link.state == "online" then
      tell(session, link)
    end
  end
end

-- status handles STATUS_CHANGED.
function presence.status(session, m)
  local why = AWAY[m.status]
  if why and (m.status_message or "") ~= "" then
    why = m.status_message:gsub("[\r\n]+", " ")
  end
  if m.status ~= "none" then
    presence.set_away(session, why)
  end
end

-- Others --------------------------------------------------------------------------

-- note updates whether somebody is away: false, true, or the away message. Rooms and
-- contacts (irc/contacts.lua) show it.
local function note(session, link, nick, away)
  for _, room in pairs(link.rooms) do
    local member = members.get(link, room, nick)
    if member and (member.away or false) ~= away and not (away == true and member.away) then
      member.away = away
      if room.shown and room.state == "in" then
        members.show(session, link, room, member)
      end
    end
  end
  if not away then
    link.away_told[names.fold(link, nick)] = nil
  end
  events.emit("away", session, link, nick, away)
end

-- somebody handles the AWAY of another user (away-notify).
local function somebody(session, link, msg)
  local why = msg.params[1]
  note(session, link, msg.source.nick, why ~= nil and (why ~= "" and text.plain(why) or true))
end

-- answer handles 301: the user has written to somebody who is away. The user sees each away
-- message once.
local function answer(session, link, msg)
  local nick, why = msg.params[2] or "", text.plain(msg.params[3] or "")
  note(session, link, nick, why ~= "" and why or true)
  if whois.away(link, msg) then
    return
  end
  local key = names.fold(link, nick)
  if link.away_told[key] ~= why then
    link.away_told[key] = why
    conversations.show(session, conversations.from(link, nick), ("%s is away: %s"):format(nick, why))
  end
end

-- Asking --------------------------------------------------------------------------

-- LATER is the time, in seconds, before another attempt while the queue is not empty.
local LATER = 5

-- ask_next sends the next WHO. Only one room is asked at a time, because the answers are long.
local function ask_next(session, link)
  if link.state ~= "online" or not link.who[1] then
    return
  end
  if out.idle(link) then
    out.send(session, link, "WHO", table.remove(link.who, 1))
    return
  end
  session:after("who later " .. link.key, LATER, function()
    ask_next(session, link)
  end)
end

-- ask_all sends a WHO for each room.
local function ask_all(session, link)
  if link.caps["away-notify"] then
    return
  end
  if not link.who[1] then
    link.who = {}
    for _, room in pairs(link.rooms) do
      if room.state == "in" then
        link.who[#link.who + 1] = room.channel
      end
    end
  end
  ask_next(session, link)
end

-- ask_about sends a WHO for a room that we have just joined, after the rooms that wait.
local function ask_about(session, link, room)
  table.insert(link.who, room.channel)
  if #link.who == 1 then
    ask_next(session, link)
  end
end

-- start starts the timer that sends WHO. It is called after a reload, too.
function presence.start(session, link)
  if settings.away_timeout > 0 then
    link.asker = session:every("who " .. link.key, settings.away_timeout, function()
      ask_all(session, link)
    end)
  end
end

-- seen handles a line of WHO: … room user host server nick flags :hops name. The flags begin
-- with H (here) or G (gone, which means away).
local function seen(session, link, msg)
  local nick, flags = msg.params[6], msg.params[7] or ""
  if nick then
    note(session, link, nick, flags:find("^G") ~= nil)
  end
end

presence.events = {
  AWAY = somebody,
  ["301"] = answer,
  ["305"] = function() end, -- the user knows that we are back, or away
  ["306"] = function() end,
  ["352"] = seen,
  ["315"] = function(session, link)
    ask_next(session, link)
  end,
  joined = function(session, link, room)
    if settings.away_timeout > 0 then
      ask_about(session, link, room)
    end
  end,
  online = function(session, link)
    if session.data.away then
      tell(session, link)
    end
    presence.start(session, link)
  end,
  offline = function(_, link)
    if link.asker then
      link.asker:cancel()
    end
    link.asker, link.who, link.away_told = nil, {}, {}
  end,
}

return presence
