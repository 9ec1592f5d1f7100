-- irc/whois.lua: answers to WHOIS. It collects their lines into one message, in the
-- conversation in which the user has asked.

local text = require "irc.text"
local time = require "spectrum.time"
local names = require "irc.names"
local out = require "irc.out"
local conversations = require "irc.conversations"

local whois = {}

-- ask asks the server about somebody. The answer appears in a conversation.
function whois.ask(session, link, nick, conversation)
  link.whois[names.fold(link, nick)] = { nick = nick, conversation = conversation, lines = {} }
  return out.send(session, link, "WHOIS", nick)
end

-- span returns a number of seconds as a text.
local function span(seconds)
  seconds = tonumber(seconds) or 0
  local words = {}
  for _, unit in ipairs { { 86400, "d" }, { 3600, "h" }, { 60, "min" } } do
    if seconds >= unit[1] then
      words[#words + 1] = math.floor(seconds / unit[1]) .. " " .. unit[2]
      seconds = seconds % unit[1]
    end
  end
  if #words == 0 then
    return seconds .. " s"
  end
  return table.concat(words, " ", 1, math.min(#words, 2))
end

-- LINES has a function for each numeric, which returns the lines for the user. `p` holds the
-- parameters after our nick and the nick that was asked about.
local LINES = {
  ["311"] = function(p)
    return ("%s!%s@%s"):format(p.nick, p[1] or "", p[2] or ""), "Name: " .. (p[4] or "")
  end,
  ["314"] = function(p)
    return ("was %s!%s@%s"):format(p.nick, p[1] or "", p[2] or ""), "Name: " .. (p[4] or "")
  end,
  ["312"] = function(p)
    return ("Server: %s (%s)"):format(p[1] or "", p[2] or "")
  end,
  ["317"] = function(p)
    local since = tonumber(p[2])
    return "Idle: " .. span(p[1]), since and "Online since: " .. time.format(since, "rfc1123") or nil
  end,
  ["319"] = function(p)
    return "Rooms: " .. (p[1] or ""):gsub(" +$", "")
  end,
  ["301"] = function(p)
    return "Away: " .. (p[1] or "")
  end,
  ["330"] = function(p)
    return "Account: " .. (p[1] or "")
  end,
  ["338"] = function(p)
    return "Address: " .. (p[1] or "")
  end,
}

-- OTHERS has further numerics of WHOIS. The user sees the server's text.
local OTHERS = { "276", "307", "310", "313", "320", "335", "337", "350", "378", "379", "671" }

-- open returns the question that a line answers, or nil.
local function open(link, msg)
  return msg.params[2] and link.whois[names.fold(link, msg.params[2])]
end

-- collect adds a line's text. It returns false if nobody has asked.
local function collect(link, msg)
  local question = open(link, msg)
  if not question then
    return false
  end
  local p = { nick = msg.params[2], unpack(msg.params, 3) }
  local make = LINES[msg.command]
  local lines = make and { make(p) } or { table.concat(p, " ") }
  for _, line in ipairs(lines) do
    question.lines[#question.lines + 1] = text.plain(line)
  end
  return true
end

-- answer shows the collected lines.
local function answer(session, link, nick, nothing)
  local key = names.fold(link, nick)
  local question = link.whois[key]
  if not question then
    return false
  end
  link.whois[key] = nil
  local found = #question.lines > 0 and table.concat(question.lines, "\n") or question.nick .. ": " .. nothing
  conversations.show(session, question.conversation, found)
  return true
end

-- away handles 301. It returns false if the line does not belong to a WHOIS.
function whois.away(link, msg)
  return collect(link, msg)
end

-- missing handles 401, 402 and 406: nobody has this nick. It returns false if the user has
-- not asked about this nick.
function whois.missing(session, link, nick)
  return answer(session, link, nick, "No such client")
end

local function finished(session, link, msg)
  answer(session, link, msg.params[2] or "", "No such client")
end

whois.events = {
  ["318"] = finished,
  ["369"] = finished,
  connected = function(_, link)
    link.whois = {}
  end,
}

for numeric in pairs(LINES) do
  if numeric ~= "301" then -- irc/presence.lua handles it
    whois.events[numeric] = function(_, link, msg)
      collect(link, msg)
    end
  end
end
for _, numeric in ipairs(OTHERS) do
  whois.events[numeric] = function(_, link, msg)
    collect(link, msg)
  end
end

return whois
