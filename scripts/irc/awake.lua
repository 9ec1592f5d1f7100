-- irc/awake.lua: whether this process has just been stopped for a while (SIGSTOP, a
-- machine that was suspended). Spectrum gives such a process up and starts another one,
-- and users send again what was not delivered. So what has waited meanwhile must not
-- leave when the process wakes.

local spectrum = require "spectrum"
local time = require "spectrum.time"
local settings = require "irc.settings"

local awake = {}

-- AFTER is for how many seconds after a stop what arrives counts as old: it has waited
-- in the sockets.
local AFTER = 3

-- watcher makes a function that looks at a clock. It returns how long the process was
-- stopped, if that has just ended, or nil. It has to be called more often than every
-- `limit` seconds: a longer pause is a stop.
function awake.watcher(clock, limit)
  local seen, woke, stopped = clock(), nil, nil
  return function()
    local now = clock()
    if now - seen > limit then
      woke, stopped = now, now - seen
    end
    seen = now
    return woke and now - woke < AFTER and stopped or nil
  end
end

-- clock goes on while the machine is suspended, and does not go back.
local started, latest = time.now() - time.monotonic(), 0
local function clock()
  latest = math.max(latest, time.monotonic(), time.now() - started)
  return latest
end

-- stopped returns how many seconds the process was stopped, if that has just ended.
awake.stopped = awake.watcher(clock, settings.stop_limit)

spectrum.every("irc awake", settings.stop_limit / 3, awake.stopped)

-- why says it to the user.
function awake.why(seconds)
  return ("the transport was stopped for %d seconds; send it again if it still matters"):format(math.ceil(seconds))
end

return awake
