-- irc/parting.lua: PARTs without an answer. A user who leaves a room and returns at once
-- has two stays there. Until the server answers the PART, its lines about the room belong
-- to the first stay.
--
--   link.parting["#lua"] = { count = 1, at = … }

local time = require "spectrum.time"
local names = require "irc.names"

local parting = {}

-- ANSWER is how many seconds a server has to answer. Some answer a PART with nothing.
local ANSWER = 60

-- get returns the entry of a channel, or nil if all its PARTs have an answer.
local function get(link, channel)
  local entry = link.parting[names.fold(link, channel)]
  return entry and time.monotonic() - entry.at < ANSWER and entry or nil
end

-- waits reports whether a PART has no answer yet.
function parting.waits(link, channel)
  return get(link, channel) ~= nil
end

-- sent counts a PART.
function parting.sent(link, channel)
  local entry = get(link, channel)
  link.parting[names.fold(link, channel)] = { count = (entry and entry.count or 0) + 1, at = time.monotonic() }
end

-- answered handles an answer. It returns false if no PART waits for one.
function parting.answered(link, channel)
  local entry = get(link, channel)
  if not entry then
    return false
  end
  entry.count = entry.count - 1
  if entry.count == 0 then
    link.parting[names.fold(link, channel)] = nil
  end
  return true
end

parting.events = {
  connected = function(_, link)
    link.parting = {}
  end,
}

return parting
