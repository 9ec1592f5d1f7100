-- irc/ctcp.lua: questions between clients (CTCP). A PRIVMSG "\1VERSION\1" asks, and a
-- NOTICE "\1VERSION …\1" answers. irc/talk.lua handles ACTION, which is /me.

local spectrum = require "spectrum"
local encoding = require "spectrum.encoding"
local time = require "spectrum.time"
local names = require "irc.names"
local out = require "irc.out"
local conversations = require "irc.conversations"

local ctcp = {}

-- BURST answers may be sent at once, then one every SECONDS. Without this limit, others
-- could exhaust our flood control.
local BURST, SECONDS = 3, 10

-- LONGEST is how many bytes of a PING's text our answer repeats.
local LONGEST = 200

-- read parses "\1COMMAND text\1". It returns nil if the text is not CTCP.
function ctcp.read(text)
  local command, rest = text:match("^\1([^ \1]+) ?([^\1]*)\1?$")
  return command and command:upper(), rest
end

-- ANSWERS are our answers by question. Other questions get no answer.
local ANSWERS = {
  VERSION = function()
    return "spectrum2-lua " .. spectrum.version
  end,
  PING = function(text)
    return (encoding.utf8.truncate(text, LONGEST))
  end,
  TIME = function()
    return time.format(time.now(), "rfc1123")
  end,
  CLIENTINFO = function()
    return "ACTION CLIENTINFO PING TIME VERSION"
  end,
}

-- allowed reports whether the limit permits another answer.
local function allowed(link)
  local now = time.monotonic()
  local state = link.ctcp or { left = BURST, at = now }
  link.ctcp = state
  state.left = math.min(BURST, state.left + (now - state.at) / SECONDS)
  state.at = now
  if state.left < 1 then
    return false
  end
  state.left = state.left - 1
  return true
end

-- asked answers a question.
function ctcp.asked(session, link, nick, command, text)
  local answer = ANSWERS[command]
  if answer and allowed(link) then
    out.send(session, link, "NOTICE", nick, ("\1%s %s\1"):format(command, answer(text)))
  end
  if command == "DCC" then
    conversations.show(
      session,
      conversations.from(link, nick),
      "/me offers something by DCC (" .. text .. "), which does not work through this transport"
    )
  end
end

-- ask sends a question; the answer appears in a conversation.
function ctcp.ask(session, link, nick, command, text, conversation)
  link.ctcp_asked[names.fold(link, nick) .. " " .. command] = { conversation = conversation, at = time.now() }
  if command == "PING" and text == "" then
    text = tostring(math.floor(time.now()))
  end
  return out.send(session, link, "PRIVMSG", nick, "\1" .. command .. (text ~= "" and " " .. text or "") .. "\1")
end

-- answered shows an answer, if the user has asked.
function ctcp.answered(session, link, nick, command, text)
  local key = names.fold(link, nick) .. " " .. command
  local question = link.ctcp_asked[key]
  if not question then
    return
  end
  link.ctcp_asked[key] = nil
  if command == "PING" then
    text = ("%.1f seconds"):format(time.now() - question.at)
  end
  conversations.show(session, question.conversation, ("%s, %s: %s"):format(nick, command, text))
end

return ctcp
