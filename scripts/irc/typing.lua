-- irc/typing.lua: typing notifications: XMPP's chat states, and IRC's tag +typing.

local time = require "spectrum.time"
local about = require "irc.about"
local clienttags = require "irc.clienttags"
local members = require "irc.members"
local out = require "irc.out"
local conversations = require "irc.conversations"

local typing = {}

-- STATES has the session method for each value of the tag.
local STATES = { active = "buddy_typing", paused = "buddy_typed", done = "buddy_stopped_typing" }

-- EVERY is the least time, in seconds, between two equal notifications.
local EVERY = 3

-- composing tells somebody that the user is typing: "active", "paused" or "done".
function typing.composing(session, m, state)
  local link, target = about.by_user(session, m.buddy_name)
  if not link or not clienttags.allowed(link, "typing") then
    return
  end
  local now, last = time.monotonic(), link.typing
  if not out.idle(link) then
    return -- messages have priority
  end
  if last and last.target == target and last.state == state and now - last.at < EVERY then
    return
  end
  link.typing = { target = target, state = state, at = now }
  out.tagged(session, link, { ["+typing"] = state }, "TAGMSG", target)
end

-- heard shows that somebody is typing to the user. Spectrum cannot show it in rooms.
local function heard(session, link, msg)
  local send = STATES[msg.tags["+typing"] or msg.tags["+draft/typing"] or ""]
  local to_me = members.is_me(link, msg.params[1])
  if not send or not msg.source or not to_me then
    return
  end
  local conversation = conversations.from(link, msg.source.nick)
  if not conversation.pm then
    session[send](session, { buddy_name = conversation.buddy_name })
  end
end

typing.events = { TAGMSG = heard }

return typing
