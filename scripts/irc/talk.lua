-- irc/talk.lua: what people say to each other, in rooms and alone.

local link = require "irc.link"
local members = require "irc.members"
local names = require "irc.names"
local out = require "irc.out"
local rooms = require "irc.rooms"
local text = require "irc.text"

local talk = {}

-- say is CONV_MESSAGE: what the user has written.
function talk.say(session, m)
  local key, target, server, nick = names.parse(m.buddy_name)
  local l = link.find(session, key) or link.open(session, key, server, names.nick(session.data.account.name))
  if not l or not target then
    return
  end
  local pieces, why = out.say(session, l, "PRIVMSG", nick or target, m.message)
  if not pieces then
    return link.tell(session, l, why)
  end
  if names.is_room(l, target) and not nick and not l.caps["echo-message"] then
    for _, piece in ipairs(pieces) do
      session:conv_message { buddy_name = m.buddy_name, nickname = l.nick, message = piece }
    end
  end
end

local function heard(session, l, msg)
  local target, said = msg.params[1], text.plain(msg.params[2] or "")
  local room = rooms.find(l, target)
  if room then
    session:conv_message { buddy_name = room.name, nickname = msg.source.nick, message = said }
  elseif members.is_me(l, target) then
    session:conv_message { buddy_name = names.contact(l, msg.source.nick), message = said }
  end
end

talk.events = { PRIVMSG = heard, NOTICE = heard }

return talk
