-- irc/markers.lua: how far the user has read (IRCv3 draft/read-marker). The server keeps a time
-- for each room and nick, and tells it to all clients of the user.

local about = require "irc.about"
local out = require "irc.out"
local recall = require "irc.recall"

local markers = {}

-- SOON is after how many seconds a marker is sent, so that a fast room costs few lines.
local SOON = 2

local TIME = "^timestamp=(%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.?%d*Z)$"

-- send sends the markers that wait, unless messages wait.
local function send(session, link)
  link.marks_due = nil
  if link.state ~= "online" then
    return
  end
  if not out.idle(link) then
    return markers.later(session, link)
  end
  local waiting = link.marks
  link.marks = {}
  for target, at in pairs(waiting) do
    out.send(session, link, "MARKREAD", target, "timestamp=" .. at)
  end
end

function markers.later(session, link)
  if not link.marks_due then
    link.marks_due = true
    session:after("markers " .. link.key, SOON, function()
      send(session, link)
    end)
  end
end

-- read handles the user's marker. A marker before the last one is ignored.
function markers.read(session, m)
  local link, target = about.by_user(session, m.buddy_name)
  local msg = link and link.caps["draft/read-marker"] and recall.find(link, target, m.id)
  local at = msg and msg.tags.time
  local place = at and recall.get(link, target)
  if not place or place.read and at <= place.read or not ("timestamp=" .. at):find(TIME) then
    return
  end
  place.read, link.marks[target] = at, at
  markers.later(session, link)
end

-- heard handles MARKREAD: another client of the user has read. Copies of our own are not newer
-- than what is known.
local function heard(session, link, msg)
  local at = msg.params[2]:match(TIME)
  local target = msg.params[1]
  local found = at and recall.before(link, target, at)
  local place = found and recall.get(link, target)
  if not place or place.read and found.tags.time <= place.read then
    return
  end
  place.read = found.tags.time
  local fields = about.place(link, { source = { nick = link.nick } }, target)
  if fields then
    fields.id = found.tags.msgid
    session:displayed(fields)
  end
end

markers.events = {
  MARKREAD = heard,
  connected = function(_, link)
    link.marks, link.marks_due = {}, nil
  end,
}

return markers
