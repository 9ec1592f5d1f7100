-- irc/history.lua: messages that were sent in a room before the user joined it, or while the
-- connection was lost (IRCv3 chathistory; bouncers send them without a request). A room
-- remembers the last messages, so none is shown twice.

local time = require "spectrum.time"
local bounded = require "irc.bounded"
local isupport = require "irc.isupport"
local multiline = require "irc.multiline"
local names = require "irc.names"
local out = require "irc.out"
local settings = require "irc.settings"
local talk = require "irc.talk"

local history = {}

-- SEEN is how many messages a room remembers.
local SEEN = 200

-- key returns a text that identifies a message: its id, or else its time, sender and text.
local function key(msg)
  local id = msg.tags.msgid
  return id or table.concat({ msg.tags.time or "", msg.source and msg.source.nick or "", msg.params[2] or "" }, "\n")
end

local function seen(room, msg)
  local wanted = key(msg)
  for _, known in ipairs(room.seen or {}) do
    if known == wanted then
      return true
    end
  end
  return false
end

local function remember(room, msg)
  room.seen = room.seen or {}
  bounded.add(room.seen, key(msg), SEEN)
  local at = msg.tags.time or time.format(time.now())
  if not room.seen_until or at > room.seen_until then
    room.seen_until = at
  end
end

local function room_of(link, channel)
  return channel and link.rooms[names.fold(link, channel)]
end

-- has reports whether the server keeps a history. Otherwise rooms need not remember
-- messages.
local function has(link)
  return link.caps["draft/chathistory"] or link.caps["chathistory"]
end

-- live shows a message that has just been sent. If the server keeps a history, the room
-- remembers the message first.
local function live(session, link, msg)
  local room = has(link) and room_of(link, msg.params[1])
  if room then
    remember(room, msg)
  end
  talk.hear(session, link, msg)
end

-- ask requests the messages since the last one that the room remembers.
local function ask(session, link, room)
  if not has(link) or settings.history == 0 then
    return
  end
  local most = isupport.number(link.isupport, "CHATHISTORY") or 0
  local limit = most > 0 and math.min(most, settings.history) or settings.history
  local from = room.seen_until and "timestamp=" .. room.seen_until or "*"
  out.send(session, link, "CHATHISTORY", "LATEST", room.channel, from, limit)
end

-- SAYING has the commands of a history that the user sees.
local SAYING = { PRIVMSG = true, NOTICE = true }

-- shown shows the messages of a batch.
local function shown(session, link, batch)
  local room = room_of(link, batch.params[1])
  for _, msg in ipairs(multiline.unfold(batch.lines)) do
    if SAYING[msg.command] and not (room and seen(room, msg)) then
      if room then
        remember(room, msg)
      end
      talk.hear(session, link, msg, true)
    end
  end
end

history.events = {
  PRIVMSG = live,
  NOTICE = live,
  joined = ask,
  ["batch chathistory"] = shown,
  ["batch znc.in/playback"] = shown,
}

return history
