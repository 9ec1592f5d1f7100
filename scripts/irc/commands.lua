-- irc/commands.lua: messages of the user that begin with "/", in a room or to a contact. The
-- script never sends such a text to IRC: an unknown command is answered with help. A text
-- that begins with "//" is sent with one "/".
--
-- The commands are in irc/room_commands.lua and irc/user_commands.lua, as tables:
--
--   { name = "kick", usage = "NICK [REASON]", about = "kicks somebody from the room",
--     run = function(c) … end }
--
-- A command gets a table `c`:
--
--   c.session
--   c.link
--   c.target         where it was typed: a channel, a nick, or nil for the server
--   c.room           the room it was typed in, or nil
--   c.conversation   where answers appear (irc/conversations.lua)
--   c.rest           the text after the command
--
-- It returns the answer for the user, or nil and an error message, or nothing.

local conversations = require "irc.conversations"
local replies = require "irc.replies"
local rooms = require "irc.rooms"
local say = require "irc.say"

local commands = {}

-- OFFLINE has the commands that do not need a connection.
local OFFLINE = { help = true, away = true, back = true, nick = true }

local list, by_name = {}, {}

local function add(module)
  for _, command in ipairs(module.commands) do
    list[#list + 1] = command
    by_name[command.name] = command
    for _, name in ipairs(command.also or {}) do
      by_name[name] = command
    end
  end
end

-- described returns how a command is written and what it does.
local function described(command)
  return "/" .. command.name .. (command.usage ~= "" and " " .. command.usage or "") .. ": " .. command.about
end

-- described returns a list with a description of each command.
function commands.described()
  local lines = {}
  for i, command in ipairs(list) do
    lines[i] = described(command)
  end
  return lines
end

local function help_on(name)
  local command = by_name[name]
  if not command then
    return nil, commands.unknown(name)
  end
  return described(command)
end

local HELP = {
  name = "help",
  usage = "[COMMAND]",
  about = "lists the commands, or explains one",
  run = function(c)
    local name = c.rest:match("^/?(%S+)")
    if name then
      return help_on(name:lower())
    end
    local lines = commands.described()
    lines[#lines + 1] = "/me TEXT: says what you do"
    lines[#lines + 1] = "//TEXT: writes a text that begins with /"
    return table.concat(lines, "\n")
  end,
}

add(require "irc.room_commands")
add(require "irc.user_commands")
add { commands = { HELP } }

-- distance returns the edit distance of two words (Levenshtein).
local function distance(a, b)
  local row = {}
  for j = 0, #b do
    row[j] = j
  end
  for i = 1, #a do
    local corner = row[0]
    row[0] = i
    for j = 1, #b do
      local cost = corner + (a:byte(i) == b:byte(j) and 0 or 1)
      corner = row[j]
      row[j] = math.min(cost, row[j] + 1, row[j - 1] + 1)
    end
  end
  return row[#b]
end

-- unknown returns the answer to an unknown command.
function commands.unknown(name)
  local best, least
  for known in pairs(by_name) do
    local d = known:find(name, 1, true) == 1 and 1 or distance(name, known)
    if not least or d < least or d == least and known < best then
      best, least = known, d
    end
  end
  local hint = ""
  if #name <= 20 and least <= math.max(1, math.floor(#name / 2)) then
    hint = (" Did you mean /%s?"):format(best)
  end
  return ("Unknown command /%s.%s "):format(name:sub(1, 20), hint)
    .. "/help lists all commands, /quote sends a line to the server, // begins a text with /."
end

-- run runs a command and shows its answer.
local function run(command, c)
  if c.link.state ~= "online" and not OFFLINE[command.name] then
    local soon = c.link.state ~= "waiting" and "The connection to %s is being made; try again in a moment."
    return conversations.show(
      c.session,
      c.conversation,
      (soon or "There is no connection to %s."):format(c.link.server)
    )
  end
  replies.asked(c.link, c.conversation, command.name:upper())
  local answer, wrong = command.run(c)
  if type(answer) ~= "string" then
    answer = wrong
  end
  if answer then
    conversations.show(c.session, c.conversation, answer)
  end
end

-- take handles a CONV_MESSAGE that is a command, and returns true. For any other message it
-- returns false and the message to send.
function commands.take(session, m)
  if not m.message:find("^/") then
    return false, m
  end
  if m.message:find("^//") then
    local said = { message = m.message:sub(2) } -- without XHTML
    for _, name in ipairs { "buddy_name", "id", "replaces", "reply_to" } do
      said[name] = m[name]
    end
    return false, said
  end
  local name, rest = m.message:match("^/(%a+)(.*)$")
  if not name or not rest:find("^%s") and rest ~= "" or name == "me" then
    return false, m -- for example "/usr/bin"
  end
  name, rest = name:lower(), rest:gsub("^%s+", ""):gsub("%s+$", "")
  local link, target, conversation, why = say.find(session, m.buddy_name)
  local command = by_name[name]
  if not command then
    conversations.show(session, conversation, commands.unknown(name))
  elseif not link then
    conversations.show(session, conversation, why)
  else
    local in_room = target and rooms.find(link, target)
    run(
      command,
      { session = session, link = link, target = target, room = in_room, conversation = conversation, rest = rest }
    )
  end
  return true
end

return commands
