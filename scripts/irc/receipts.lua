-- irc/receipts.lua: proof that the server has received the user's messages. A written line
-- may be lost with the connection, for example if the server was killed. So a PING follows
-- some seconds after a message. Servers handle lines in order, so the PONG proves that all
-- earlier lines have arrived. The answers to ISON (irc/contacts.lua) prove the same.
--
--   link.unproven = { dan = 2 }                      written lines, by target
--   link.proving = { dan = 1 }                       those before a PING without a PONG
--
-- irc/out.lua counts them. When the connection ends, link.unsure gets the sum of both.

local out = require "irc.out"

local receipts = {}

-- SOON is the delay of the PING in seconds, so that several messages share one.
local SOON = 5

-- ask queues the PING.
local function ask(session, link)
  link.receipt_due = nil
  if link.state ~= "online" or link.proving or not next(link.unproven) and not out.waiting(link) then
    return
  end
  out.proof(session, link, "said")
end

-- want schedules a PING for the user's last message.
function receipts.want(session, link)
  if not link.receipt_due and not link.proving then
    link.receipt_due = true
    session:after("receipt " .. link.key, SOON, function()
      ask(session, link)
    end)
  end
end

-- received handles the answer.
local function received(session, link)
  if link.proving then
    link.proving = nil
    if next(link.unproven) then
      receipts.want(session, link)
    end
  end
end

receipts.events = {
  PONG = received, -- with any text: some servers answer with their name only
  received = received,
  connected = function(_, link)
    link.receipt_due = nil
  end,
}

return receipts
