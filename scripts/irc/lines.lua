-- irc/lines.lua: reads the lines of a server. All users of a room receive the same line when
-- somebody speaks there. It is decoded and parsed once, and they share the result. So nothing
-- in a message may change, and a module may only add what follows from the line itself.

local encoding = require "spectrum.encoding"
local message = require "irc.message"
local settings = require "irc.settings"

local lines = {}

-- KEPT is the most lines that are kept for other users, and LONGEST the most bytes of one.
local KEPT, LONGEST = 200, 1000
local known, kept = {}, 0

-- decode converts a line to UTF-8. Servers cut long lines anywhere, so half a character
-- at the end does not mean that the line has another charset.
local function decode(line)
  if settings.charset ~= "utf-8" then
    return encoding.to_utf8(line, settings.charset) or line
  end
  if encoding.utf8.valid(line) then
    return line
  end
  local whole = line:match("^(.*)[\194-\244][\128-\191]?[\128-\191]?$")
  if whole and whole:find("[\128-\255]") and encoding.utf8.valid(whole) then
    return whole
  end
  return encoding.to_utf8(line, settings.fallback_charset) or line
end

-- is_common reports whether a message can be for several users. A numeric, a label and a batch
-- belong to one connection, and irc/events.lua completes a message without a source.
local function is_common(msg)
  return msg.source and not msg.command:find("^%d") and not msg.tags.label and not msg.tags.batch
end

-- read decodes and parses a line, as message.parse does. It returns nil if the line has no
-- command.
function lines.read(line)
  local msg = known[line]
  if msg then
    return msg
  end
  msg = message.parse(decode(line))
  if msg and is_common(msg) and #line <= LONGEST then
    if kept >= KEPT then
      known, kept = {}, 0
    end
    known[line], kept = msg, kept + 1
  end
  return msg
end

return lines
