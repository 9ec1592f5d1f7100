-- irc/say.lua: sends the user's messages to rooms, to users in rooms, and to contacts.
--
-- An XMPP client shows the user's own words in a room only when the room sends them back.
-- With echo-message, the script sends them back when the server has returned their last
-- line; link.echoes holds the lines that are missing. Otherwise it does so at once.

local time = require "spectrum.time"
local awake = require "irc.awake"
local bounded = require "irc.bounded"
local clienttags = require "irc.clienttags"
local links = require "irc.links"
local members = require "irc.members"
local multiline = require "irc.multiline"
local names = require "irc.names"
local out = require "irc.out"
local conversations = require "irc.conversations"
local receipts = require "irc.receipts"
local rooms = require "irc.rooms"
local settings = require "irc.settings"
local text = require "irc.text"

local say = {}

-- ECHOES is the most lines that may wait for their echo. HELD is the most messages that may
-- wait for the connection.
local ECHOES, HELD = 100, 20

-- Lines ---------------------------------------------------------------------------

-- ACTION_START is "/me " with codes before it.
local ACTION_START = "^([\2\3\4\17\22\29\30\31%d,]*)/me "

-- says_more reports whether lines from XHTML have more than the plain text. Otherwise the
-- plain text is sent, with all its blanks. The XHTML may have less: Spectrum 2.2.1 passes
-- on only its last element.
local function says_more(lines, plain)
  local styled, bare = table.concat(lines):gsub("%s+", ""), plain:gsub("%s+", "")
  local words = text.plain(styled)
  return styled ~= bare and (words == bare or not bare:find(words, 1, true))
end

-- plain_lines returns the lines of a text.
local function plain_lines(s)
  if not s:find("[\r\n]") then
    return { s }
  end
  return text.lines((s:gsub("^[\r\n]+", ""):gsub("[\r\n]+$", ""):gsub("\r\n?", "\n")))
end

-- lines_of returns the lines of a message, with empty ones between others. It also reports
-- whether they are an action (/me).
local function lines_of(m)
  local lines = m.xhtml and text.to_irc(m.xhtml)
  if not lines or not says_more(lines, m.message) then
    lines = plain_lines(m.message)
  end
  if not m.message:find("^/me ") then
    return lines, false
  end
  if lines[1] then
    lines[1] = lines[1]:gsub(ACTION_START, "%1")
  end
  return lines, true
end

-- mark adds to the first line what others see of a correction or an answer. IRC has no
-- corrections, and many clients do not show which message an answer belongs to: there, people
-- write the nick.
local function mark(link, room, m, lines)
  local author = room and m.reply_to and m.reply_to.author
  if not lines[1] then
    return
  end
  if author and not members.is_me(link, author) and not m.message:find(author, 1, true) then
    lines[1] = author .. ": " .. lines[1]
  end
  if m.replaces then
    lines[1] = settings.correction .. lines[1]
  end
end

-- tags_of returns the tags of a message: the one that it answers.
local function tags_of(link, m)
  if m.reply_to and clienttags.allowed(link, "draft/reply") then
    return { ["+draft/reply"] = m.reply_to.id }
  end
  return nil
end

-- pieces_of splits lines into the pieces that are sent, each as a message.
local function pieces_of(link, command, target, lines, action)
  local before, after = action and "\1ACTION " or "", action and "\1" or ""
  local pieces = {}
  for _, line in ipairs(lines) do
    for _, piece in ipairs(out.pieces(link, command, target, line, #before + #after)) do
      pieces[#pieces + 1] = before .. piece .. after
    end
  end
  return pieces
end

-- parts_of returns what is sent for a message: texts, each of which is a message, and batches of
-- irc/multiline.lua. Only a message of several lines becomes a batch.
local function parts_of(link, command, target, lines, action)
  local pieces = pieces_of(link, command, target, lines, action)
  local batches = #pieces > 1 and not action and command == "PRIVMSG" and multiline.batches(link, target, lines)
  if not batches then
    return pieces
  end
  local parts = {}
  for _, batch in ipairs(batches) do
    if multiline.text(batch):find("%S") then
      parts[#parts + 1] = #batch > 1 and batch or batch[1].text
    end
  end
  return parts
end

-- Echoes --------------------------------------------------------------------------

-- remember notes a line that the server will send back. It returns the line's id.
local function remember(link, sent)
  link.echo_id = link.echo_id + 1
  sent.id = "echo " .. link.echo_id
  bounded.add(link.echoes, sent, ECHOES)
  return sent.id
end

-- returned finds the user's line for an echo: by its label, or by its text if the server does
-- not support labels. It returns nil if the line is not an echo, and otherwise
--
--   { target = folded, line = …, room = …, whole = { message, xhtml, id }, ids = { … } }
--
-- Only the last line of a message has `whole`, the complete message. All lines of a message share
-- `ids`, for the ids that the server gives to them. Lines that the user has not typed are `hidden`.
function say.returned(link, msg)
  local target = names.fold(link, msg.params[1])
  for i, sent in ipairs(link.echoes) do
    local same = sent.line == msg.params[2] and (sent.target == target or sent.hidden)
    if msg.request == sent.id or msg.request == nil and same then
      return table.remove(link.echoes, i)
    end
  end
  return nil
end

-- hide prevents that the user sees the echo of a line that the script sends in the user's
-- name, for example a password to NickServ.
function say.hide(link, target, line)
  if link.caps["echo-message"] then
    remember(link, { target = names.fold(link, target), line = line, hidden = true })
  end
end

-- shown shows the user's own message in a room.
function say.shown(session, link, room, m)
  conversations.show(session, { buddy_name = room, nickname = link.nick }, m.message, { xhtml = m.xhtml })
end

-- Sending -------------------------------------------------------------------------

-- put sends one part of a message: a text or a batch.
local function put(session, link, request, command, target, part, tags)
  if type(part) == "string" then
    return out.say(session, link, request, command, target, part, tags)
  end
  link.batch_id = link.batch_id + 1
  local ref = tostring(link.batch_id)
  return out.batch(session, link, request, target, tags, function(first)
    return multiline.format(ref, target, part, first)
  end)
end

-- send sends a message ({ message, xhtml, id, replaces, reply_to }) to a channel or a nick, as a
-- PRIVMSG or another command. It returns true, or nil and an error message.
function say.send(session, link, target, m, command)
  command = command or "PRIVMSG"
  local lines, action = lines_of(m)
  local echo = link.caps["echo-message"]
  local room = names.is_room(link, target) and names.room(link, target) or nil
  mark(link, room, m, lines)
  local parts = parts_of(link, command, target, lines, action)
  local ids = #parts > 1 and {} or nil
  for i, part in ipairs(parts) do
    local id = echo
      and remember(link, {
        target = names.fold(link, target),
        line = type(part) == "string" and part or multiline.text(part),
        room = room,
        whole = i == #parts and { message = m.message, xhtml = m.xhtml, id = m.id } or nil,
        ids = ids,
      })
    local ok, why = put(session, link, id or "said", command, target, part, i == 1 and tags_of(link, m) or nil)
    if not ok then
      return nil, why
    end
  end
  if #parts > 0 then
    receipts.want(session, link)
  end
  if room and #parts > 0 and not echo then
    say.shown(session, link, room, m)
  end
  return true
end

-- hold keeps a message until the connection exists.
local function hold(link, target, m)
  if #link.held >= HELD then
    return nil, "too many messages wait for the connection"
  end
  local message = {}
  for _, name in ipairs { "message", "xhtml", "id", "replaces", "reply_to" } do
    message[name] = m[name]
  end
  table.insert(link.held, { target = target, message = message, at = awake.now() })
  return true
end

-- holds reports whether a message to somebody waits for the connection.
local function holds(link, target)
  for _, item in ipairs(link.held) do
    if names.fold(link, item.target) == names.fold(link, target) then
      return true
    end
  end
  return false
end

-- deliver sends a message. During the first attempt to connect, it keeps the message until the
-- connection exists.
local function deliver(session, link, target, m)
  if link.state == "online" then
    return say.send(session, link, target, m)
  end
  if not link.waited then
    return hold(link, target, m)
  end
  return nil, "there is no connection to " .. link.server
end

-- refuse tells the user that a message has not been sent.
local function refuse(session, conversation, why)
  conversations.show(session, conversation, "Not sent: " .. why .. ".")
end

-- conversation_of returns the conversation in which the user has written. `name` is Spectrum's
-- name of it.
local function conversation_of(name, nick)
  if nick then
    return { buddy_name = name:match("^[^/]*"), nickname = nick, pm = true }
  end
  return { buddy_name = name }
end

-- find returns the link, the name on IRC and the conversation for a name from Spectrum. The name
-- on IRC is nil for the server itself. If there is no link, find returns nil, nil, the
-- conversation, and an error message.
function say.find(session, name)
  local key, target, server, nick = names.parse(name)
  local conversation = conversation_of(name, nick)
  if not names.fits(target or "") or not names.fits(nick or "") then
    return nil, nil, conversation, "this is not a valid name on IRC"
  end
  local link, why = links.open(session, key, server, names.nick(session.data.account.name))
  if not link then
    return nil, nil, conversation, why
  end
  if not target then
    return link, nil, conversation
  end
  if nick then
    conversations.remember(link, nick, target)
    return link, nick, conversation
  end
  if names.is_room(link, target) then
    return link, target, conversations.room(link, target)
  end
  conversations.remember(link, target, nil)
  link.chats[names.fold(link, target)] = true
  return link, target, conversation
end

-- written handles a message from the user to a room, to somebody in a room, or to a contact.
function say.written(session, m)
  local link, target, conversation, why = say.find(session, m.buddy_name)
  if not link then
    return refuse(session, conversation, why)
  end
  if not target then
    return refuse(session, conversation, "this is the server itself, which accepts only commands; /help lists them")
  end
  local stopped = awake.stopped()
  if stopped then
    return refuse(session, conversation, awake.why(stopped))
  end
  link.said = { target = names.fold(link, target), at = time.monotonic() }
  local ok, problem = deliver(session, link, target, m)
  if not ok then
    refuse(session, conversation, problem)
  end
end

-- closed handles LEAVE_ROOM for a contact: the user has closed the chat.
function say.closed(session, m)
  local key, target = names.parse(m.room)
  local link = links.find(session, key)
  if not link then
    return
  end
  if target and not holds(link, target) then
    link.chats[names.fold(link, target)] = nil
  end
  rooms.close_unused(session, link)
end

-- lines_in_words returns a number of lines as a text.
local function lines_in_words(n)
  return n == 1 and "1 line" or n .. " lines"
end

-- report_unsent tells the user how many lines were not sent, and why.
local function report_unsent(session, link, why)
  local unsent = link.unsent
  link.unsent = {}
  for target, lines in pairs(unsent) do
    refuse(session, conversations.target(link, target), why:format(lines_in_words(lines)))
  end
end

-- report_unsure tells the user how many lines were sent just before the connection was lost.
local function report_unsure(session, link)
  local unsure = link.unsure
  link.unsure = {}
  for target, lines in pairs(unsure) do
    conversations.show(
      session,
      conversations.target(link, target),
      ("The connection was lost: the last %s may not have arrived."):format(lines_in_words(lines))
    )
  end
end

-- refuse_held tells the user that the messages that wait for the connection are not sent.
local function refuse_held(session, link, why)
  local held = link.held
  link.held = {}
  for _, item in ipairs(held) do
    refuse(session, conversations.target(link, item.target), why)
  end
end

-- refused_batch handles FAIL BATCH: the server refuses a message of several lines.
local function refused_batch(session, link, msg)
  if msg.params[1] ~= "BATCH" then
    return false
  end
  for i, sent in ipairs(link.echoes) do
    if sent.id == msg.request then
      table.remove(link.echoes, i)
      refuse(session, conversations.target(link, sent.target), text.plain(msg.params[#msg.params]):gsub("%.$", ""))
      return true
    end
  end
  return false
end

say.events = {
  FAIL = refused_batch,
  connected = function(_, link)
    link.echoes = {}
  end,
  unsent = function(session, link)
    report_unsent(session, link, "%s waited while " .. awake.why(link.stopped or 0))
  end,
  offline = function(session, link, why)
    report_unsent(session, link, "the connection was lost before %s had left")
    if why ~= "closed" then
      report_unsure(session, link)
    end
  end,
  online = function(session, link)
    local held = link.held
    link.held = {}
    for _, item in ipairs(held) do
      local stopped = awake.stopped_since(item.at)
      if stopped then
        refuse(session, conversations.target(link, item.target), awake.why(stopped))
      else
        say.send(session, link, item.target, item.message)
      end
    end
  end,
  waiting = function(session, link, why)
    refuse_held(session, link, ("there is no connection to %s (%s)"):format(link.server, why))
  end,
  closed = refuse_held,
}

return say
