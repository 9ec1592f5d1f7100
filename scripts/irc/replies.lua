-- irc/replies.lua: shows the server's answers to the user: refusals, in the conversation that
-- they belong to; the list of rooms; and the answers to /quote.

local encoding = require "spectrum.encoding"
local time = require "spectrum.time"
local names = require "irc.names"
local out = require "irc.out"
local conversations = require "irc.conversations"
local settings = require "irc.settings"
local text = require "irc.text"
local whois = require "irc.whois"

local replies = {}

-- ASKED is how many seconds after a command the answers appear in its conversation.
local ASKED = 15

-- asked notes the conversation in which the user has typed a command. After /quote and
-- /motd the user sees all answers. After other commands, SILENT answers are not shown.
function replies.asked(link, conversation, command)
  local question = { conversation = conversation, at = time.monotonic() }
  link.asked = question
  if command == "QUOTE" or command == "MOTD" then
    link.quoted = question
  end
end

-- conversation_for returns the conversation of a question, or nil if it is too old.
local function conversation_for(question)
  return question and time.monotonic() - question.at <= ASKED and question.conversation or nil
end

-- Refusals ----------------------------------------------------------------------

-- REFUSALS has texts for numerics, where the server's text is not clear enough. "%1" stands for
-- the subject: a nick, a room or a command.
local REFUSALS = {
  ["401"] = "%1: No such client",
  ["402"] = "%1: No such client",
  ["403"] = "%1: this room does not exist",
  ["404"] = "Your message was not delivered: the room does not accept messages from you",
  ["405"] = "%1: you are in too many rooms",
  ["406"] = "%1: nobody has had this nick recently",
  ["407"] = "%1: too many recipients",
  ["408"] = "Your message was not delivered: the room does not accept colours",
  ["417"] = "The line was too long for the server",
  ["421"] = "%1: the server does not know this command",
  ["432"] = "%1: the server does not allow this nick",
  ["433"] = "%1: this nick is in use",
  ["436"] = "%1: this nick is in use",
  ["437"] = "%1 is not available at the moment",
  ["438"] = "You change your nick too fast",
  ["441"] = "%1 is not in this room",
  ["442"] = "%1: you are not in this room",
  ["443"] = "%1 is in this room already",
  ["447"] = "You cannot change your nick here",
  ["461"] = "%1: a parameter of the command is missing",
  ["467"] = "%1: the room has a key already",
  ["471"] = "%1: the room is full",
  ["472"] = "%1: the server does not know this mode",
  ["473"] = "%1: you need an invitation to this room",
  ["474"] = "%1: you are banned from this room",
  ["475"] = "%1: this room needs a key, and yours is missing or wrong",
  ["476"] = "%1: this is not a valid name of a room",
  ["477"] = "%1: this room is for registered nicks only",
  ["478"] = "%1: the list is full",
  ["481"] = "Only operators of the server may do that",
  ["482"] = "Only operators of the room may do that",
  ["484"] = "Your connection is restricted",
  ["485"] = "Only the room's founder may do that",
  ["489"] = "%1: this room is for TLS connections only",
  ["491"] = "You cannot become an operator of the server from here",
  ["501"] = "The server does not know this mode",
  ["502"] = "You cannot see or change the modes of others",
  ["520"] = "%1: this room is for operators of the server only",
}

-- PERSONAL has numerics whose first parameter is a nick that the user has written to or
-- asked about.
local PERSONAL = { ["401"] = true, ["402"] = true, ["406"] = true, ["408"] = true, ["531"] = true, ["716"] = true }

-- SILENT has numerics that are not shown: the server's greeting, an empty message (412), and
-- MOTD.
-- stylua: ignore
local SILENT = {
  ["002"] = true, ["003"] = true, ["004"] = true, ["042"] = true, ["221"] = true, ["250"] = true, ["251"] = true,
  ["252"] = true, ["253"] = true, ["254"] = true, ["255"] = true, ["265"] = true, ["266"] = true, ["329"] = true,
  ["372"] = true, ["375"] = true, ["411"] = true, ["412"] = true, ["451"] = true,
}

-- conversation_of returns the conversation for a numeric: with the recipient of the user's
-- last message, the room that the numeric names, the one of the last command, or the
-- server's.
local function conversation_of(link, msg)
  local nick = PERSONAL[msg.command] and not names.is_room(link, msg.params[2]) and msg.params[2]
  local said = nick and link.said
  if said and said.target == names.fold(link, nick) and not (link.asked and link.asked.at > said.at) then
    return conversations.with(link, nick)
  end
  for i = 2, #msg.params - 1 do
    if names.is_room(link, msg.params[i]) and link.rooms[names.fold(link, msg.params[i])] then
      return conversations.room(link, msg.params[i])
    end
  end
  return conversation_for(link.asked) or nick and conversations.with(link, nick) or conversations.server(link)
end

-- words_of returns the text of a refusal. After 404 and 437 it adds the server's text, which has
-- the reason.
local function words_of(msg)
  local own = text.plain(msg.params[#msg.params] or "")
  local known = REFUSALS[msg.command]
  if not known then
    return own
  end
  local about = #msg.params > 2 and msg.params[2] or ""
  local words = known:gsub("%%1", function()
    return about
  end)
  return words:gsub("^: ", "")
    .. ((msg.command == "404" or msg.command == "437") and own ~= "" and " (" .. own .. ")" or "")
end

local function refused(session, link, msg)
  if PERSONAL[msg.command] and whois.missing(session, link, msg.params[2]) then
    return
  end
  conversations.show(session, conversation_of(link, msg), words_of(msg))
end

-- nick_refused shows that the server has refused a nick. During the registration the script
-- tries other nicks instead.
local function nick_refused(session, link, msg)
  if link.state == "online" then
    refused(session, link, msg)
  end
end

-- unknown handles the lines that no other module has handled.
local function unknown(session, link, msg)
  local number = tonumber(msg.command)
  if not number or link.state ~= "online" then
    return
  end
  if number >= 400 and number < 600 and not SILENT[msg.command] then
    return refused(session, link, msg)
  end
  local here = conversation_for(link.quoted) or not SILENT[msg.command] and conversation_for(link.asked)
  if here then
    conversations.show(session, here, text.plain(table.concat(msg.params, " ", 2)))
  end
end

-- standard handles FAIL, WARN and NOTE (IRCv3). Their parameters are a command, a code, any
-- context, and a text.
local function standard(session, link, msg)
  local command = msg.params[1]
  if command == "CHATHISTORY" or link.state ~= "online" then
    return -- the user has not asked for it
  end
  local conversation = conversation_of(link, { command = msg.command, params = msg.params })
  conversations.show(session, conversation, text.plain(msg.params[#msg.params] or msg.command))
end

-- The list of rooms ----------------------------------------------------------------

-- SHOWN is the most rooms in a message, and TOPIC the most bytes of a topic in it.
local SHOWN, TOPIC = 30, 200

-- list asks for the rooms of the server. Without a conversation, only service discovery
-- shows them.
function replies.list(session, link, conversation, filter)
  link.list = { conversation = conversation, rooms = {}, count = 0 }
  if filter and filter ~= "" then
    return out.send(session, link, "LIST", filter)
  end
  return out.send(session, link, "LIST")
end

-- cut removes all but the largest rooms.
local function cut(list)
  table.sort(list.rooms, function(a, b)
    return a.people > b.people or a.people == b.people and a.name < b.name
  end)
  for i = #list.rooms, settings.list_limit + 1, -1 do
    list.rooms[i] = nil
  end
end

-- in_words returns a list of rooms as a text.
local function in_words(list)
  local lines = {}
  for i = 1, math.min(#list.rooms, SHOWN) do
    local room = list.rooms[i]
    lines[i] = ("%s (%d) %s"):format(room.name, room.people, room.topic):gsub(" $", "")
  end
  if list.count > #lines then
    lines[#lines + 1] = ("… and %d more; /list #name* looks for some"):format(list.count - #lines)
  end
  return #lines > 0 and table.concat(lines, "\n") or "There are no rooms."
end

local function listed(session, link)
  local list = link.list
  link.list = nil
  if not list then
    return
  end
  cut(list)
  local fields = { room = {}, name = {} }
  for i, room in ipairs(list.rooms) do
    fields.room[i] = names.address(link, room.name)
    fields.name[i] = ("%s (%d) %s"):format(room.name, room.people, room.topic):gsub(" $", "")
  end
  session:room_list(fields)
  if list.conversation then
    conversations.show(session, list.conversation, in_words(list))
  end
end

local function list_entry(_, link, msg)
  local list = link.list
  if not list or not names.is_room(link, msg.params[2] or "") then
    return
  end
  list.count = list.count + 1
  list.rooms[#list.rooms + 1] = {
    name = msg.params[2],
    people = tonumber(msg.params[3]) or 0,
    topic = (encoding.utf8.truncate(text.plain(msg.params[4] or ""), TOPIC)),
  }
  if #list.rooms > 2 * settings.list_limit + 100 then
    cut(list)
  end
end

-- Who is in a room that the user is not in ------------------------------------------

-- names_of asks who is in a room.
function replies.names_of(session, link, channel, conversation)
  link.names_asked[names.fold(link, channel)] = { conversation = conversation, nicks = {} }
  return out.send(session, link, "NAMES", channel)
end

local function names_question(link, channel)
  return channel and link.names_asked[names.fold(link, channel)]
end

local function names_entry(_, link, msg)
  local question = names_question(link, msg.params[#msg.params - 1])
  if question then
    question.nicks[#question.nicks + 1] = msg.params[#msg.params]
  end
end

local function names_listed(session, link, msg)
  local question = names_question(link, msg.params[2])
  if question then
    link.names_asked[names.fold(link, msg.params[2])] = nil
    local nicks = table.concat(question.nicks, " "):gsub(" +", " ")
    conversations.show(
      session,
      question.conversation,
      msg.params[2] .. ": " .. (nicks ~= "" and nicks or "nobody whom you may see")
    )
  end
end

replies.events = {
  unknown = unknown,
  ["432"] = nick_refused,
  ["433"] = nick_refused,
  ["436"] = nick_refused,
  FAIL = standard,
  WARN = standard,
  NOTE = standard,
  ["321"] = function() end, -- the head of the list
  ["322"] = list_entry,
  ["323"] = listed,
  ["353"] = names_entry,
  ["366"] = names_listed,
  ["324"] = function(session, link, msg) -- the modes of a room
    if conversation_for(link.asked) then
      conversations.show(
        session,
        link.asked.conversation,
        ("%s has the modes %s"):format(msg.params[2], table.concat(msg.params, " ", 3))
      )
    end
  end,
  ["341"] = function(session, link, msg) -- invited
    conversations.show(
      session,
      conversation_of(link, msg),
      ("%s has been invited to %s"):format(msg.params[2] or "", msg.params[3] or "")
    )
  end,
  connected = function(_, link)
    link.list, link.names_asked = nil, {}
  end,
}

return replies
