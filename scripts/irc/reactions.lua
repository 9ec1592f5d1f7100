-- irc/reactions.lua: reactions with emoji. IRC adds and removes one at a time (the tags
-- +draft/react and +draft/unreact of a TAGMSG). XMPP sends all of a person at once. So a link
-- remembers who has reacted to what:
--
--   link.reactions = { order = { key, … }, by = { [key] = { "👍", "🎉" } } }

local about = require "irc.about"
local bounded = require "irc.bounded"
local clienttags = require "irc.clienttags"
local names = require "irc.names"
local out = require "irc.out"
local recall = require "irc.recall"

local reactions = {}

-- KNOWN is how many people's reactions a link remembers, EMOJI the most of one person to one
-- message, LENGTH the most bytes of one, and CHANGES the most lines that one reaction of the
-- user may send: each takes time from the flood control.
local KNOWN, EMOJI, LENGTH, CHANGES = 200, 20, 64, 10

local function key_of(link, target, id, nick)
  return table.concat({ names.fold(link, target), id, names.fold(link, nick) }, "\n")
end

local function known(link, key)
  return link.reactions.by[key] or {}
end

-- remember sets the reactions of a person to a message.
local function remember(link, key, emoji)
  local all = link.reactions
  local oldest = not all.by[key] and bounded.add(all.order, key, KNOWN)
  if oldest then
    all.by[oldest] = nil
  end
  all.by[key] = emoji
end

-- without returns the emoji of a list that another list lacks.
local function without(list, other)
  local has, found = {}, {}
  for _, emoji in ipairs(other) do
    has[emoji] = true
  end
  for _, emoji in ipairs(list) do
    if not has[emoji] then
      found[#found + 1] = emoji
    end
  end
  return found
end

-- send sends changes with a tag.
local function send(session, link, target, id, tag, emoji)
  if not clienttags.allowed(link, tag) then
    return
  end
  for i = 1, math.min(#emoji, CHANGES) do
    out.tagmsg(session, link, { ["+draft/reply"] = id, ["+" .. tag] = emoji[i] }, target)
  end
end

-- set handles a reaction of the user: the complete list for a message.
function reactions.set(session, m)
  local link, target = about.by_user(session, m.buddy_name)
  if not link or not clienttags.allowed(link, "draft/react") then
    return
  end
  local key = key_of(link, target, m.id, link.nick)
  local before = known(link, key)
  send(session, link, target, m.id, "draft/unreact", without(before, m.emoji))
  send(session, link, target, m.id, "draft/react", without(m.emoji, before))
  remember(link, key, m.emoji)
end

-- changed returns the list after a change, or nil if nothing changes.
local function changed(before, added, removed)
  local rest = removed and without(before, { removed }) or without(before, {})
  if added and #without({ added }, rest) == 1 and #rest < EMOJI then
    rest[#rest + 1] = added
  end
  if #without(rest, before) == 0 and #without(before, rest) == 0 then
    return nil
  end
  return rest
end

-- heard handles a TAGMSG with a reaction. The server's copy of the user's own is not shown.
local function heard(session, link, msg)
  local added, removed, id = msg.tags["+draft/react"], msg.tags["+draft/unreact"], msg.tags["+draft/reply"]
  local emoji = added or removed
  if not emoji or emoji == "" or #emoji > LENGTH or not id or msg.request then
    return
  end
  local place, target = about.place(link, msg, msg.params[1])
  if not place or not recall.valid(id) then
    return
  end
  id = recall.whole(link, target, id)
  local key = key_of(link, target, id, msg.source.nick)
  local list = changed(known(link, key), added, removed)
  if not list then
    return
  end
  remember(link, key, list)
  place.id, place.emoji = id, list
  session:reaction(place)
end

reactions.events = { TAGMSG = heard }

return reactions
