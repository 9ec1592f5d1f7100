-- irc/topics.lua: the topics of rooms, from the user and from the server.

local names = require "irc.names"
local links = require "irc.links"
local out = require "irc.out"
local rooms = require "irc.rooms"

local topics = {}

-- set handles a topic that the user has set.
function topics.set(session, m)
  local key, channel = names.parse(m.buddy_name)
  local link = links.find(session, key)
  local room = link and channel and rooms.find(link, channel)
  if room then
    out.send(session, link, "TOPIC", room.channel, m.message:gsub("[\r\n]+", " ") .. "")
  end
end

topics.events = {
  ["331"] = function(_, link, msg)
    local room = rooms.heard(link, msg.params[2])
    if room then
      room.topic, room.topic_by = "", nil
    end
  end,
  ["332"] = function(session, link, msg)
    local room = rooms.heard(link, msg.params[2])
    if room then
      room.topic, room.topic_by = msg.params[3], nil
      if room.joined and room.shown then
        rooms.show_topic(session, room)
      end
    end
  end,
  ["333"] = function(_, link, msg)
    local room = rooms.heard(link, msg.params[2])
    if room then
      room.topic_by = msg.params[3]:match("^[^!]+")
    end
  end,
  TOPIC = function(session, link, msg)
    local room = rooms.heard(link, msg.params[1])
    if room then
      room.topic, room.topic_by = msg.params[2] or "", msg.source.nick
      if room.shown then
        rooms.show_topic(session, room)
      end
    end
  end,
}

return topics
