-- irc/about.lua: where people say something that is not a text: a reaction, a deletion, a read
-- marker, that they are typing.

local conversations = require "irc.conversations"
local links = require "irc.links"
local members = require "irc.members"
local names = require "irc.names"

local about = {}

-- by_user returns the link and the room or nick on IRC of what the user says in a conversation
-- with Spectrum's name `name`. It returns nil if there is no connection.
function about.by_user(session, name)
  local key, target, _, nick = names.parse(name)
  local link = links.find(session, key)
  if not link or not target or not names.fits(nick or target) or link.state ~= "online" then
    return nil
  end
  return link, nick or target
end

-- place returns the conversation of a line to `target`, for messages of the runtime:
-- { buddy_name, nickname, pm, origin }. It also returns the room or nick on IRC. The
-- conversation is nil if the user does not see the room.
function about.place(link, msg, target)
  local mine = members.is_me(link, msg.source.nick)
  if names.is_room(link, target) then
    local room = link.rooms[names.fold(link, target)]
    if not room or not room.joined or not room.wanted then
      return nil
    end
    local nickname = mine and link.nick or msg.source.nick
    return { buddy_name = room.name, nickname = nickname, origin = mine or nil }, target
  end
  local nick = mine and target or msg.source.nick
  local place = conversations.from(link, nick)
  place.origin = mine or nil
  return place, nick
end

return about
