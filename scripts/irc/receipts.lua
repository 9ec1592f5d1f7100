-- irc/receipts.lua: whether the server has received what the user has said. A line that
-- was written may still be lost with the connection: the network is down, the server was
-- killed. So some seconds after a message a PING follows it; its PONG says that all lines
-- before have arrived. Servers handle a client's lines in their order. The questions about
-- contacts (ISON) do the same, if there are any.
--
--   link.unproven = { dan = 2 }                      lines that have left, by target
--   link.proving = { dan = 1 }                       those before a PING without a PONG
--
-- irc/out.lua counts them. When the connection is lost, it leaves both in link.unsure.

local out = require "irc.out"

local receipts = {}

-- SOON is how many seconds pass before a PING: the lines of a conversation share one.
local SOON = 5

-- ask sends the PING, behind all that waits.
local function ask(session, link)
  link.receipt_due = nil
  if link.state ~= "online" or link.proving or not next(link.unproven) and not out.waiting(link) then
    return
  end
  out.proof(session, link, "said")
end

-- want has a PING follow what the user has just said.
function receipts.want(session, link)
  if not link.receipt_due and not link.proving then
    link.receipt_due = true
    session:after("receipt " .. link.key, SOON, function()
      ask(session, link)
    end)
  end
end

-- received takes the answer.
local function received(session, link)
  if link.proving then
    link.proving = nil
    if next(link.unproven) then
      receipts.want(session, link)
    end
  end
end

receipts.events = {
  PONG = received, -- whatever it says: some servers answer with their name alone
  received = received,
  connected = function(_, link)
    link.receipt_due = nil
  end,
}

return receipts
