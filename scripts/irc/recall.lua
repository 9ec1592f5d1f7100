-- irc/recall.lua: the last messages with an id, by conversation. Replies, reactions, deletions
-- and read markers refer to them. Only a server with the tag msgid fills this memory.
--
--   link.recall = { order = { "#lua", "dan" }, places = {
--     ["#lua"] = { at = 2, read = "2026-…", [1] = message, [2] = message } } }
--
-- A message is a parsed line, which users share, or a table with the same fields:
--
--   { tags = { msgid = …, time = … }, source = { nick = … }, params = { "#lua", "the text" },
--     parts = { id, … } }
--
-- `parts` has the ids of all lines of a message of the user. The message has the id of the last.

local encoding = require "spectrum.encoding"
local bounded = require "irc.bounded"
local names = require "irc.names"

local recall = {}

-- PLACES is the most conversations, SIZE the most messages of each, TEXT the most bytes of the
-- text of one, and ID the most bytes of an id: the runtime accepts 1024.
local PLACES, SIZE, TEXT, ID = 50, 100, 400, 1000

-- valid returns an id, or nil. An id that is too long, or has a character that XML does not
-- allow, counts as none.
function recall.valid(id)
  return id and id ~= "" and #id <= ID and not id:find "%c" and id or nil
end

-- id returns the id of a line, or nil.
function recall.id(msg)
  return recall.valid(msg.tags.msgid)
end

-- kept returns what note keeps of a message.
local function kept(msg, parts)
  local words = msg.params[2] or ""
  if not parts and #words <= TEXT then
    return msg
  end
  return {
    tags = { msgid = msg.tags.msgid, time = msg.tags.time },
    source = msg.source,
    params = { msg.params[1], (encoding.utf8.truncate(words, TEXT)) },
    parts = parts,
  }
end

-- place returns the memory of a conversation with a room or a nick, and creates it.
local function place(link, target)
  local key, all = names.fold(link, target), link.recall
  local found = all.places[key]
  if not found then
    found = { at = 0 }
    all.places[key] = found
    local oldest = bounded.add(all.order, key, PLACES)
    if oldest then
      all.places[oldest] = nil
    end
  end
  return found
end

-- note adds a message to the conversation with a target: a room or a nick. `parts` are the ids of
-- all its lines, if it has several. note returns the id of the message, or nil without one.
function recall.note(link, target, msg, parts)
  local id = recall.id(msg)
  if id then
    local p = place(link, target)
    p.at = p.at % SIZE + 1
    p[p.at] = kept(msg, parts)
  end
  return id
end

-- has reports whether a message has an id, or a line with it.
local function has(msg, id)
  if msg.tags.msgid == id then
    return true
  end
  for _, part in ipairs(msg.parts or {}) do
    if part == id then
      return true
    end
  end
  return false
end

-- get returns the memory of a conversation, or nil.
function recall.get(link, target)
  return link.recall.places[names.fold(link, target)]
end

-- find returns the message of a conversation with an id, or nil.
function recall.find(link, target, id)
  for _, msg in ipairs(recall.get(link, target) or {}) do
    if has(msg, id) then
      return msg
    end
  end
  return nil
end

-- whole returns the id of the message of which `id` is a line.
function recall.whole(link, target, id)
  local msg = recall.find(link, target, id)
  return msg and msg.tags.msgid or id
end

-- before returns the newest message of a conversation up to a time, in IRCv3's form, or nil.
function recall.before(link, target, at)
  local found
  for _, msg in ipairs(recall.get(link, target) or {}) do
    local time = msg.tags.time
    if time and time <= at and (not found or time >= found.tags.time) then
      found = msg
    end
  end
  return found
end

return recall
