-- irc/deletions.lua: messages that are deleted afterwards (IRCv3 draft/message-redaction). In a
-- room, an author withdraws a message, and a moderator removes one of somebody else.

local about = require "irc.about"
local bounded = require "irc.bounded"
local conversations = require "irc.conversations"
local names = require "irc.names"
local out = require "irc.out"
local recall = require "irc.recall"
local text = require "irc.text"

local deletions = {}

local CAP = "draft/message-redaction"

-- ASKED is how many of the user's own deletions are remembered until the server returns them.
local ASKED = 50

-- refuse tells the user that a message still exists: their client may hide it.
local function refuse(session, conversation, why)
  conversations.show(session, conversation, "Not deleted: " .. why)
end

-- delete asks the server to delete a message of a conversation, with all its lines. It returns
-- the link if the server has been asked.
local function delete(session, name, id, reason)
  local link, target = about.by_user(session, name)
  if not link then
    return nil
  end
  if not link.caps[CAP] then
    refuse(session, conversations.target(link, target), "the server cannot delete messages.")
    return nil
  end
  local msg = recall.find(link, target, id)
  for _, part in ipairs(msg and msg.parts or { id }) do
    if reason then
      out.send(session, link, "REDACT", target, part, reason)
    else
      out.send(session, link, "REDACT", target, part)
    end
    bounded.add(link.deleting, part, ASKED)
  end
  return link
end

-- asked reports whether the user has just deleted a message here, and forgets that. Servers
-- return a REDACT without its label.
local function asked(link, id)
  for i, known in ipairs(link.deleting) do
    if known == id then
      table.remove(link.deleting, i)
      return true
    end
  end
  return false
end

-- withdraw handles a retraction of the user. The runtime has shown it to the user's clients.
function deletions.withdraw(session, m)
  delete(session, m.buddy_name, m.id)
end

-- moderate handles the removal of somebody else's message. The user sees it when the server
-- returns it, or at once if the server returns nothing.
function deletions.moderate(session, m)
  local link = delete(session, m.room, m.id, m.reason)
  if link and not link.caps["echo-message"] then
    session:moderation { room = m.room, nickname = link.nick, id = m.id, reason = m.reason }
  end
end

-- deleted handles REDACT. In a room, a message whose author is unknown counts as somebody else's:
-- clients accept a retraction only from the author.
local function deleted(session, link, msg)
  local target, id, reason = msg.params[1], msg.params[2], msg.params[3]
  local place, with = about.place(link, msg, target)
  if not place or not recall.valid(id) then
    return
  end
  local here = place.origin and asked(link, id)
  local known = recall.find(link, with, id)
  id = known and known.tags.msgid or id
  local own = known and names.fold(link, known.source.nick) == names.fold(link, msg.source.nick)
  if names.is_room(link, target) and not own then
    session:moderation {
      room = place.buddy_name,
      nickname = place.nickname,
      id = id,
      reason = reason and text.plain(reason) or nil,
    }
  elseif (own or not known) and not here then
    place.id = id
    session:retraction(place)
  end
end

-- refused handles FAIL REDACT. Its parameters are a code, the target, the id and a text.
local function refused(session, link, msg)
  if msg.params[1] ~= "REDACT" then
    return false
  end
  local target = #msg.params > 3 and msg.params[3] or ""
  refuse(session, conversations.target(link, target), text.plain(msg.params[#msg.params]))
  return true
end

deletions.events = { REDACT = deleted, FAIL = refused }

return deletions
