-- irc/arguments.lua: parses the arguments of a command that the user has typed.
-- irc/commands.lua describes `c`.

local names = require "irc.names"

local arguments = {}

-- channel parses "[#ROOM] rest". It returns the channel and the rest. The default channel is
-- the one in which the user typed the command. It returns nil and an error message if there
-- is no channel, or if the room is on another server.
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

-- nick parses "[NICK] rest". The default is the contact to whom the user wrote the command.
function arguments.nick(c)
  local word, rest = c.rest:match("^(%S+)%s*(.*)$")
  if word then
    return word, rest
  end
  if c.target and not c.room and not names.is_room(c.link, c.target) then
    return c.target, ""
  end
  return nil, "Give a nick."
end

return arguments
