-- irc/awake.lua: detects that this process was stopped for a while (SIGSTOP, or a
-- suspended machine). Spectrum considers such a process dead and starts another one, and
-- users repeat their messages. So the messages that waited meanwhile must not be sent.

local spectrum = require "spectrum"
local time = require "spectrum.time"
local settings = require "irc.settings"

local awake = {}

-- AFTER is the time after a stop, in seconds, during which received messages count as old:
-- they have waited in the sockets.
local AFTER = 3

-- watcher returns a function that checks a clock. The function returns how long the process
-- was stopped if the stop has just ended, or nil; and of the last stop, when it has ended and
-- how long it took. A pause of more than `limit` seconds between two calls counts as a stop, so
-- call it more often than that.
function awake.watcher(clock, limit)
  local seen, woke, stopped = clock(), nil, nil
  return function()
    local now = clock()
    if now - seen > limit then
      woke, stopped = now, now - seen
    end
    seen = now
    return woke and now - woke < AFTER and stopped or nil, woke, stopped
  end
end

-- clock also advances while the machine is suspended, and never goes back.
local started, latest = time.now() - time.monotonic(), 0
local function clock()
  latest = math.max(latest, time.monotonic(), time.now() - started)
  return latest
end

-- stopped returns how many seconds the process was stopped, if the stop has just ended.
awake.stopped = awake.watcher(clock, settings.stop_limit)

-- now returns the time by the clock, for stopped_since.
function awake.now()
  awake.stopped() -- reads the clock; what comes after a stop is not older than its end
  return latest
end

-- stopped_since returns how many seconds the process was stopped, if it was stopped after a time.
function awake.stopped_since(at)
  local _, woke, seconds = awake.stopped()
  return woke and at and at < woke and seconds or nil
end

-- The timer calls the watcher three times per `limit`. Messages call it too. So a stop is
-- noticed if it is longer than the limit.
spectrum.every("irc awake", settings.stop_limit / 3, awake.stopped)

-- why returns the reason that the user sees.
function awake.why(seconds)
  return ("the transport was stopped for %d seconds; send it again if it still matters"):format(math.ceil(seconds))
end

return awake
