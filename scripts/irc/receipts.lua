-- irc/receipts.lua: whether the server has received what the user has said. A line that
-- was written may still be lost with the connection: the network is down, the server was
-- killed. So some seconds after a message a PING follows it; its PONG says that all lines
-- before have arrived. Servers handle a client's lines in their order.
--
--   link.unproven = { dan = 2 }                      lines that have left, by target
--   link.proving = { token = …, lines = { dan = 1 } }  those before a PING without a PONG
--
-- irc/out.lua counts them. When the connection is lost, it leaves both in link.unsure.

local links = require "irc.link"
local out = require "irc.out"
local settings = require "irc.settings"

local receipts = {}

-- SOON is how many seconds pass before a PING: the lines of a conversation share one.
local SOON = 3

-- limit gives the server some time to answer.
local function limit(session, link, token)
  session:after("receipt " .. link.key, settings.ping_timeout, function()
    if link.proving and link.proving.token == token then
      links.lose(link, "the server does not answer")
    end
  end)
end

-- ask sends the PING, behind all that waits.
local function ask(session, link)
  link.receipt_due = nil
  if link.state ~= "online" or link.proving or not next(link.unproven) and not out.waiting(link) then
    return
  end
  link.receipts = (link.receipts or 0) + 1
  out.proof(session, link, "said-" .. link.receipts)
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

receipts.events = {
  PONG = function(session, link, msg)
    local proving = link.proving
    if proving and msg.params[#msg.params] == proving.token then
      link.proving = nil
      if next(link.unproven) then
        receipts.want(session, link)
      end
    end
  end,
  ["ping sent"] = limit,
  connected = function(_, link)
    link.receipt_due = nil
  end,
}

return receipts
