-- irc/arguments.lua: what stands behind a command that the user has typed; see
-- irc/commands.lua for c.

local names = require "irc.names"

local arguments = {}

-- channel reads "[#ROOM] rest": the channel, by default that in which the command was
-- typed, and the rest. Without any there is nil and what is wrong.
function arguments.channel(c)
  local word, rest = c.rest:match("^(%S+)%s*(.*)$")
  if not word or not names.is_room(c.link, word) then
    if c.room then
      return c.room.channel, c.rest
    end
    return nil, "Which room? Type this in the room, or give its name."
  end
  local server = word:match("@([^@]*)$")
  local key, channel = names.parse(word)
  if not server or key ~= c.link.key and c.link.key == "" then
    return word, rest
  end
  if key ~= c.link.key then
    return nil, ("%s is on another server: type this in a room or to a contact there."):format(word)
  end
  return channel, rest
end

-- nick reads "[NICK] rest". The default is the contact to whom the command was written.
function arguments.nick(c)
  local word, rest = c.rest:match("^(%S+)%s*(.*)$")
  if word then
    return word, rest
  end
  if c.target and not c.room and not names.is_room(c.link, c.target) then
    return c.target, ""
  end
  return nil, "Who? Give a nick."
end

return arguments
