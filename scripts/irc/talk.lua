-- irc/talk.lua: shows PRIVMSG and NOTICE from other users and the server, and echoes of the
-- user's own messages. irc/say.lua sends the user's messages.

local time = require "spectrum.time"
local ctcp = require "irc.ctcp"
local events = require "irc.events"
local names = require "irc.names"
local conversations = require "irc.conversations"
local say = require "irc.say"
local text = require "irc.text"

local talk = {}

-- OLD is the age, in seconds, from which a message is shown with its time. Clients treat a
-- message with a time as history.
local OLD = 30

-- timestamp returns the time of a message, or nil if it is recent. In a history, all messages
-- have a time.
local function timestamp(msg, history)
  local at = msg.tags.time and time.parse(msg.tags.time)
  if at and (history or time.now() - at > OLD) then
    return math.floor(at)
  end
  return nil
end

-- readable converts a message to plain text and XHTML. An action becomes "/me …", the form of
-- XMPP.
local function readable(words, action)
  local plain, xhtml = text.from_irc(words)
  if action then
    plain = "/me " .. plain
    xhtml = xhtml and "/me " .. xhtml
  end
  return { message = plain, xhtml = xhtml }
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

-- channel_of returns the channel of a message, and the signs of the members that get it: "@#lua"
-- is for the operators of #lua.
local function channel_of(link, target)
  local known, at = link.isupport.STATUSMSG or "", 1
  while at <= #target and known:find(target:sub(at, at), 1, true) and is_sign(link, target:sub(at)) do
    at = at + 1
  end
  local channel = target:sub(at)
  if names.is_room(link, channel) then
    return channel, target:sub(1, at - 1)
  end
  return nil, ""
end

-- audience returns a prefix for a message that only some members of a room get. It warns the
-- user, because an answer in the room goes to all.
local function audience(link, target)
  local _, signs = channel_of(link, target)
  return signs ~= "" and "[" .. signs .. "] " or ""
end

-- said shows a message from somebody else.
local function said(session, link, msg, fields)
  local nick, channel = msg.source.nick, (channel_of(link, msg.params[1]))
  if channel then
    conversations.show(session, { buddy_name = names.room(link, channel), nickname = nick }, fields.message, fields)
  else
    conversations.show(session, conversations.from(link, nick), fields.message, fields)
    events.emit("heard", session, link, msg)
  end
end

-- elsewhere shows a message that the user has sent with another client under the same nick.
local function elsewhere(session, link, msg, fields)
  local channel = channel_of(link, msg.params[1])
  if channel then
    conversations.show(
      session,
      { buddy_name = names.room(link, channel), nickname = link.nick },
      fields.message,
      fields
    )
  else
    fields.carbon = true
    conversations.show(session, { buddy_name = names.contact(link, msg.params[1]) }, fields.message, fields)
  end
end

-- returned shows the user's own message if it was sent to a room. The user's client shows
-- other messages itself.
local function returned(session, link, sent)
  if sent.room and sent.whole then
    say.shown(session, link, sent.room, sent.whole)
  end
end

-- by_server shows a notice from the server. Notices before the login are about our address, and
-- not of interest to the user.
local function by_server(session, link, msg)
  local channel, words = (channel_of(link, msg.params[1])), text.plain(msg.params[2])
  if channel then
    conversations.show(session, conversations.room(link, channel), words)
  elseif link.state == "online" then
    conversations.show(session, conversations.server(link), words, { headline = true })
  end
end

-- by_ctcp handles questions and answers between clients.
local function by_ctcp(session, link, msg, command, rest)
  if msg.command == "NOTICE" then
    ctcp.answered(session, link, msg.source.nick, command, rest)
  else
    ctcp.asked(session, link, msg.source.nick, command, rest)
  end
end

-- hear handles a PRIVMSG or a NOTICE. `history` is true if it is from before the user joined.
function talk.hear(session, link, msg, history)
  local words = msg.params[2] or ""
  if text.plain(words) == "" and not words:find("^\1%a") then
    return -- an empty message
  end
  if is_server(link, msg.source) then
    return by_server(session, link, msg)
  end
  local mine = names.fold(link, msg.source.nick) == names.fold(link, link.nick)
  local sent = mine and not history and say.returned(link, msg)
  if sent then
    return returned(session, link, sent)
  end
  local command, rest = ctcp.read(words)
  if command and command ~= "ACTION" then
    if not history and not mine then
      by_ctcp(session, link, msg, command, rest)
    end
    return
  end
  local fields = readable(audience(link, msg.params[1]) .. (command and rest or words), command)
  fields.timestamp = timestamp(msg, history)
  local show = mine and elsewhere or said
  show(session, link, msg, fields)
end

local function hear(session, link, msg)
  talk.hear(session, link, msg)
end

talk.events = {
  ["001"] = function(_, link, msg)
    link.server_name = msg.source.raw
  end,
  PRIVMSG = hear,
  NOTICE = hear,
  NICK = function(_, link, msg)
    if msg.source and msg.params[1] then
      conversations.renamed(link, msg.source.nick, msg.params[1])
    end
  end,
}

return talk
