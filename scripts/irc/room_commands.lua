-- irc/room_commands.lua: commands for rooms. irc/commands.lua describes the tables.

local arguments = require "irc.arguments"
local isupport = require "irc.isupport"
local members = require "irc.members"
local names = require "irc.names"
local out = require "irc.out"
local replies = require "irc.replies"
local rooms = require "irc.rooms"
local text = require "irc.text"

local room_commands = {}

-- MODES is how many modes a line may have if the server has no limit: their nicks have to
-- fit into the line.
local MODES = 10

-- words returns a list of the words in a text.
local function words(s)
  local found = {}
  for word in s:gmatch("%S+") do
    found[#found + 1] = word
  end
  return found
end

local function join(c)
  local word, key = c.rest:match("^(%S+)%s*(%S*)")
  if not word then
    return nil, "Which room? Give its name."
  end
  if not names.is_room(c.link, word) then
    c.rest = "#" .. c.rest
  end
  local channel, why = arguments.channel(c)
  if not channel then
    return nil, why
  end
  local room = rooms.find(c.link, channel)
  if room and room.shown then
    return nil, ("You are in %s."):format(channel)
  end
  -- Spectrum cannot make a client join a room. When we are in the room, irc/rooms.lua sends
  -- the user an invitation.
  return out.join(c.session, c.link, channel, key ~= "" and key or nil)
end

local function part(c)
  local channel, reason = arguments.channel(c)
  if not channel then
    return nil, reason
  end
  if reason ~= "" then
    return out.send(c.session, c.link, "PART", channel, reason)
  end
  return out.send(c.session, c.link, "PART", channel)
end

local function topic(c)
  local channel, words_of_it = arguments.channel(c)
  if not channel then
    return nil, words_of_it
  end
  if words_of_it ~= "" then
    return out.send(c.session, c.link, "TOPIC", channel, (words_of_it:gsub("[\r\n]+", " ")))
  end
  local room = rooms.find(c.link, channel)
  if not room then
    return out.send(c.session, c.link, "TOPIC", channel) -- the answer is shown here
  end
  return (room.topic or "") ~= "" and "Topic: " .. text.plain(room.topic) or "There is no topic."
end

local function kick(c)
  local channel, rest = arguments.channel(c)
  if not channel then
    return nil, rest
  end
  local nick, reason = rest:match("^(%S+)%s*(.*)$")
  if not nick then
    return nil, "Give a nick."
  end
  if reason ~= "" then
    return out.send(c.session, c.link, "KICK", channel, nick, reason)
  end
  return out.send(c.session, c.link, "KICK", channel, nick)
end

-- mask_of returns a mask that bans somebody: by host if it is known, else by nick.
local function mask_of(c, channel, who)
  if who:find("[!@*]") then
    return who
  end
  local room = rooms.find(c.link, channel)
  local member = room and members.get(c.link, room, who)
  if member and member.host then
    return "*!*@" .. member.host
  end
  return who .. "!*@*"
end

-- ban adds or removes bans. Without arguments, it shows the list of bans.
local function ban(sign)
  return function(c)
    local channel, rest = arguments.channel(c)
    if not channel then
      return nil, rest
    end
    local list = words(rest)
    if #list == 0 then
      return out.send(c.session, c.link, "MODE", channel, "+b")
    end
    for _, who in ipairs(list) do
      out.send(c.session, c.link, "MODE", channel, sign .. "b", mask_of(c, channel, who))
    end
  end
end

-- mode shows or changes modes. A word that begins with "+" is a mode, although some servers
-- have rooms with such names.
local function mode(c)
  local channel, rest = c.room and c.room.channel or c.link.nick, c.rest
  if not rest:find("^[+%-]") and rest ~= "" then
    channel, rest = arguments.channel(c)
    if not channel then
      return nil, rest
    end
  end
  return out.send(c.session, c.link, "MODE", channel, unpack(words(rest)))
end

-- give changes a mode of members, with as many in a line as the server allows.
local function give(sign, letter)
  return function(c)
    local channel, rest = arguments.channel(c)
    if not channel then
      return nil, rest
    end
    local _, sign_of = isupport.statuses(c.link.isupport)
    if not sign_of[letter] then
      return nil, "This server does not have that."
    end
    local nicks = words(rest)
    if #nicks == 0 then
      nicks = { c.link.nick }
    end
    local most = math.min(isupport.limit(c.link.isupport, "MODES"), MODES)
    for first = 1, #nicks, most do
      local some = { unpack(nicks, first, math.min(first + most - 1, #nicks)) }
      out.send(c.session, c.link, "MODE", channel, sign .. letter:rep(#some), unpack(some))
    end
  end
end

local function invite(c)
  local nick, rest = c.rest:match("^(%S+)%s*(.*)$")
  if not nick then
    return nil, "Give a nick."
  end
  c.rest = rest
  local channel, why = arguments.channel(c)
  if not channel then
    return nil, why
  end
  return out.send(c.session, c.link, "INVITE", nick, channel)
end

local function names_of(c)
  local channel, why = arguments.channel(c)
  if not channel then
    return nil, why
  end
  local room = rooms.find(c.link, channel)
  if not room or room.state ~= "in" then
    return replies.names_of(c.session, c.link, channel, c.conversation)
  end
  local order, sign_of = isupport.statuses(c.link.isupport)
  local list = {}
  for _, member in pairs(room.members) do
    local signs = ""
    for _, letter in ipairs(order) do
      signs = signs .. (member.modes:find(letter, 1, true) and sign_of[letter] or "")
    end
    list[#list + 1] = signs .. member.nick
  end
  table.sort(list)
  return ("%s: %s"):format(channel, table.concat(list, " "))
end

local function list(c)
  return replies.list(c.session, c.link, c.conversation, c.rest)
end

room_commands.commands = {
  {
    name = "join",
    also = { "j" },
    usage = "#ROOM [KEY]",
    about = "enters a room; you are sent an invitation to open it",
    run = join,
  },
  { name = "part", also = { "leave" }, usage = "[#ROOM] [REASON]", about = "leaves the room", run = part },
  { name = "topic", usage = "[#ROOM] [TEXT]", about = "shows or sets the topic", run = topic },
  { name = "names", usage = "[#ROOM]", about = "lists the members of the room", run = names_of },
  { name = "list", usage = "[#NAME*]", about = "lists the rooms on the server", run = list },
  { name = "invite", usage = "NICK [#ROOM]", about = "invites somebody to the room", run = invite },
  { name = "kick", usage = "[#ROOM] NICK [REASON]", about = "kicks somebody from the room", run = kick },
  {
    name = "ban",
    usage = "[#ROOM] [NICK or MASK …]",
    about = "bans users from the room, or lists the bans",
    run = ban "+",
  },
  { name = "unban", usage = "[#ROOM] MASK …", about = "lifts a ban", run = ban "-" },
  {
    name = "mode",
    usage = "[#ROOM] [MODES …]",
    about = "shows or changes modes; to a contact, your own",
    run = mode,
  },
}

-- The commands that add and remove a mode of members, with the letter of the mode.
for _, role in ipairs {
  { "owner", "q" },
  { "admin", "a" },
  { "op", "o" },
  { "halfop", "h" },
  { "voice", "v" },
} do
  local name, letter = role[1], role[2]
  table.insert(room_commands.commands, {
    name = name,
    usage = "[#ROOM] NICK …",
    about = ("makes members %s"):format(name),
    run = give("+", letter),
  })
  table.insert(room_commands.commands, {
    name = "de" .. name,
    usage = "[#ROOM] NICK …",
    about = ("takes %s from members"):format(name),
    run = give("-", letter),
  })
end

return room_commands
