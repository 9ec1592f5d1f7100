-- irc/talk.lua: shows PRIVMSG and NOTICE from other users and the server, and echoes of the
-- user's own messages. irc/say.lua sends the user's messages.

local encoding = require "spectrum.encoding"
local time = require "spectrum.time"
local ctcp = require "irc.ctcp"
local events = require "irc.events"
local members = require "irc.members"
local names = require "irc.names"
local conversations = require "irc.conversations"
local recall = require "irc.recall"
local say = require "irc.say"
local text = require "irc.text"

local talk = {}

-- OLD is the age, in seconds, from which a message is shown with its time. Clients treat a
-- message with a time as history.
local OLD = 30

-- QUOTED is the most bytes of the text of an answered message.
local QUOTED = 200

-- timestamp returns the time of a message, or nil if it is recent. In a history, all messages
-- have a time.
local function timestamp(msg, history)
  local at = msg.tags.time and time.parse(msg.tags.time)
  if at and (history or time.now() - at > OLD) then
    return math.floor(at)
  end
  return nil
end

-- readable converts a text to plain text and XHTML. An action becomes "/me …", the form of XMPP.
local function readable(words, action)
  local plain, xhtml = text.from_irc(words)
  if action then
    return "/me " .. plain, xhtml and "/me " .. xhtml
  end
  return plain, xhtml
end

-- read reads the text of a message, once for all users who get the same line (irc/lines.lua).
-- It returns
--
--   { empty = true }
--   { command = "VERSION", rest = "" }           a question or an answer of a client
--   { words = …, action = …, plain = …, xhtml = … }
local function read(msg)
  if msg.read then
    return msg.read
  end
  local words = msg.params[2] or ""
  if words ~= "" and text.is_plain(words) then
    msg.read = { words = words, plain = words }
    return msg.read
  end
  local command, rest = ctcp.read(words)
  if text.plain(words) == "" and not words:find("^\1%a") then
    msg.read = { empty = true }
  elseif command and command ~= "ACTION" then
    msg.read = { command = command, rest = rest }
  else
    local plain, xhtml = readable(rest or words, command)
    msg.read = { words = rest or words, action = command, plain = plain, xhtml = xhtml }
  end
  return msg.read
end

-- is_server reports whether a source is a server: it has neither user nor host, and its
-- name has a dot or is the name of our own server.
local function is_server(link, source)
  if source.user or source.host then
    return false
  end
  return source.raw == link.server_name or source.nick:find(".", 1, true) ~= nil
end

-- is_sign reports whether a target is a channel behind a sign, such as "+#lua", and not a
-- channel whose name begins with that sign.
local function is_sign(link, target)
  local rest = target:sub(2)
  if not names.is_room(link, target) then
    return true
  end
  return link.rooms[names.fold(link, rest)] ~= nil and link.rooms[names.fold(link, target)] == nil
end

-- room_of returns Spectrum's name of the room that a message is for, and the signs of the
-- members that get it: "@#lua" is for the operators of #lua. The name is nil for a message to
-- a nick.
local function room_of(link, target)
  local room = link.rooms[names.fold(link, target)]
  if room then
    return room.name, ""
  end
  local known, at = link.isupport.STATUSMSG or "", 1
  while at <= #target and known:find(target:sub(at, at), 1, true) and is_sign(link, target:sub(at)) do
    at = at + 1
  end
  local channel = target:sub(at)
  if names.is_room(link, channel) then
    return names.room(link, channel), target:sub(1, at - 1)
  end
  return nil, ""
end

-- answered returns the message of a room or a nick that a line answers, or nil. Its author is a
-- nick.
local function answered(link, with, msg)
  local id = recall.valid(msg.tags["+draft/reply"])
  if not id then
    return nil
  end
  local known = recall.find(link, with, id)
  if not known then
    return { id = id }
  end
  local quoted = read(known).plain
  return {
    id = known.tags.msgid,
    author = known.source.nick,
    text = quoted and encoding.utf8.truncate(quoted, QUOTED) or nil,
  }
end

-- in_room shows a message in a room. A message that only some members get has a prefix, because
-- an answer in the room goes to all.
local function in_room(session, link, msg, room, nick, said, signs, at)
  local plain, xhtml, tags = said.plain, said.xhtml, msg.tags
  local channel = signs == "" and msg.params[1] or msg.params[1]:sub(#signs + 1)
  if signs ~= "" then
    plain, xhtml = readable("[" .. signs .. "] " .. said.words, said.action)
  end
  session:conv_message {
    buddy_name = room,
    nickname = nick,
    message = plain,
    xhtml = xhtml,
    timestamp = at,
    -- Most lines of a room have no tags: no calls for them.
    reply_to = tags["+draft/reply"] and answered(link, channel, msg) or nil,
    id = tags.msgid and recall.note(link, channel, msg) or nil,
  }
end

-- privately shows a private message with a nick in a conversation.
local function privately(session, link, msg, said, at, nick, conversation, carbon)
  local answers = answered(link, nick, msg)
  if answers and answers.author then
    local other = conversation.pm and conversation.nickname or conversation.buddy_name
    answers.author = members.is_me(link, answers.author) and session.user or other
  end
  conversations.show(session, conversation, said.plain, {
    xhtml = said.xhtml,
    timestamp = at,
    carbon = carbon,
    reply_to = answers,
    id = recall.note(link, nick, msg),
  })
end

-- from_other shows a private message from somebody else.
local function from_other(session, link, msg, said, at)
  local nick = msg.source.nick
  privately(session, link, msg, said, at, nick, conversations.from(link, nick))
  events.emit("heard", session, link, msg)
end

-- elsewhere shows a private message that the user has sent with another client under the same
-- nick.
local function elsewhere(session, link, msg, said, at)
  local nick = msg.params[1]
  privately(session, link, msg, said, at, nick, { buddy_name = names.contact(link, nick) }, true)
end

-- returned handles the server's copy of the user's own message, which may have an id. The user
-- sees it if it was sent to a room. The user's client shows other messages itself.
local function returned(session, link, sent, msg)
  local id, whole = recall.id(msg), sent.whole
  if id and sent.ids then
    table.insert(sent.ids, id)
  end
  if not whole then
    return
  end
  if id then
    local words = { msg.params[1], whole.message }
    recall.note(link, msg.params[1], { tags = msg.tags, source = msg.source, params = words }, sent.ids)
  end
  if id and whole.id then
    session:sent { id = whole.id, network_id = id }
  elseif sent.room then
    say.shown(session, link, sent.room, whole)
  end
end

-- by_server shows a notice from the server. Notices before the login are about our address, and
-- not of interest to the user.
local function by_server(session, link, msg)
  local room, words = (room_of(link, msg.params[1])), text.plain(msg.params[2])
  if room then
    conversations.show(session, { buddy_name = room, nickname = link.server }, words)
  elseif link.state == "online" then
    conversations.show(session, conversations.server(link), words, { headline = true })
  end
end

-- by_ctcp handles questions and answers between clients.
local function by_ctcp(session, link, msg, said)
  if msg.command == "NOTICE" then
    ctcp.answered(session, link, msg.source.nick, said.command, said.rest)
  else
    ctcp.asked(session, link, msg.source.nick, said.command, said.rest)
  end
end

-- hear handles a PRIVMSG or a NOTICE. `history` is true if it is from before the user joined.
function talk.hear(session, link, msg, history)
  local said, nick = read(msg), msg.source.nick
  if said.empty then
    return
  end
  if is_server(link, msg.source) then
    return by_server(session, link, msg)
  end
  local mine = members.is_me(link, nick)
  local sent = mine and not history and say.returned(link, msg)
  if sent then
    return returned(session, link, sent, msg)
  end
  if said.command then
    if not history and not mine then
      by_ctcp(session, link, msg, said)
    end
    return
  end
  local room, signs = room_of(link, msg.params[1])
  local at = timestamp(msg, history)
  if room then
    in_room(session, link, msg, room, mine and link.nick or nick, said, signs, at)
  elseif mine then
    elsewhere(session, link, msg, said, at)
  else
    from_other(session, link, msg, said, at)
  end
end

talk.events = {
  ["001"] = function(_, link, msg)
    link.server_name = msg.source.raw
  end,
  NICK = function(_, link, msg)
    if msg.source and msg.params[1] then
      conversations.renamed(link, msg.source.nick, msg.params[1])
    end
  end,
}

return talk
