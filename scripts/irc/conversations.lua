-- irc/conversations.lua: the conversation in the user's client that shows a message from
-- IRC. A conversation is a table of fields for conv_message:
--
--   { buddy_name = "#lua", nickname = "irc.example.net" }     a room; the server says it
--   { buddy_name = "#lua", nickname = "dan", pm = true }      a private message in a room
--   { buddy_name = "dan" }                                    the contact dan
--
-- A private message from somebody appears in a room that the two share, unless the user
-- has written to them as a contact.

local names = require "irc.names"

local conversations = {}

-- has reports whether the user and somebody are in a room.
local function has(room, folded)
  return room.shown and room.state == "in" and room.members[folded] ~= nil
end

-- shared returns a room that the user and somebody are both in.
local function shared(link, folded)
  for _, room in pairs(link.rooms) do
    if has(room, folded) then
      return room
    end
  end
  return nil
end

-- remember notes that the user has written to somebody in a room, or to the contact if
-- `room` is nil.
function conversations.remember(link, nick, room)
  link.private[names.fold(link, nick)] = room and names.fold(link, room) or false
end

-- renamed moves that note to somebody's new nick.
function conversations.renamed(link, old, new)
  local from, to = names.fold(link, old), names.fold(link, new)
  if from ~= to then
    link.private[to], link.private[from] = link.private[from], nil
  end
end

-- server returns the conversation with the server. It shows all messages that do not belong
-- to another conversation.
function conversations.server(link)
  return { buddy_name = names.server(link) }
end

-- room returns the conversation for a message from the server in a room.
function conversations.room(link, channel)
  return { buddy_name = names.room(link, channel), nickname = link.server }
end

-- from returns the conversation for a private message from somebody.
function conversations.from(link, nick)
  local folded = names.fold(link, nick)
  local used = link.private[folded]
  local room = used and link.rooms[used] or nil
  if room and not has(room, folded) then
    room = nil
  end
  if not room and used ~= false then
    room = shared(link, folded)
  end
  if room then
    local member = room.members[folded]
    return { buddy_name = room.name, nickname = member.nick, pm = true }
  end
  return { buddy_name = names.contact(link, nick) }
end

-- with returns the conversation in which the user talks to somebody. A room that the user
-- has used for it counts even if they are not in it any more.
function conversations.with(link, nick)
  local used = link.private[names.fold(link, nick)]
  local room = used and link.rooms[used]
  if room then
    local member = room.members[names.fold(link, nick)]
    return { buddy_name = room.name, nickname = member and member.nick or nick, pm = true }
  end
  return conversations.from(link, nick)
end

-- target returns the conversation of a room or a nick. For any other name it returns the
-- conversation with the server.
function conversations.target(link, name)
  if names.is_room(link, name) then
    local room = link.rooms[names.fold(link, name)]
    return room and conversations.room(link, name) or conversations.server(link)
  end
  return name ~= "" and name ~= "*" and conversations.with(link, name) or conversations.server(link)
end

local NONE = {}

-- show shows a text in a conversation. `more` holds further fields: xhtml, timestamp, headline,
-- carbon, reply_to, id.
function conversations.show(session, conversation, text, more)
  more = more or NONE
  session:conv_message {
    buddy_name = conversation.buddy_name,
    nickname = conversation.nickname,
    pm = conversation.pm,
    message = text,
    xhtml = more.xhtml,
    timestamp = more.timestamp,
    headline = more.headline,
    carbon = more.carbon,
    reply_to = more.reply_to,
    id = more.id,
  }
end

return conversations
