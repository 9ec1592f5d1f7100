-- irc/register.lua: from a fresh connection to one that the server has let in.
--
--   WEBIRC, PASS, CAP LS 302, NICK, USER -> CAP REQ -> SASL (irc/sasl.lua) -> CAP END
--   -> 001 … 376 -> identify, commands -> online
--
-- What is asked for in between stands in link.reg:
--   offered   capabilities that the server has, with their values
--   waiting   capabilities that were asked for, without an answer yet
--   welcomed  001 has come
--   ended     CAP END was sent
--   again     rooms that have been asked for twice, since NickServ was slower

local crypto = require "spectrum.crypto"
local isupport = require "irc.isupport"
local link = require "irc.link"
local names = require "irc.names"
local logins = require "irc.logins"
local message = require "irc.message"
local nicks = require "irc.nicks"
local out = require "irc.out"
local sasl = require "irc.sasl"
local say = require "irc.say"
local settings = require "irc.settings"

local register = {}

-- caps are the capabilities that we make use of.
register.caps = {
  "account-notify", "account-tag", "away-notify", "batch", "cap-notify", "chghost",
  "draft/chathistory", "echo-message", "extended-join", "extended-monitor",
  "labeled-response", "message-tags", "multi-prefix", "sasl", "server-time", "setname",
  "standard-replies", "userhost-in-names",
}

-- REQ is how long a list of capabilities in one line may be; WELCOME how many
-- seconds the server has between 001 and the end of its greeting, AGAIN how many
-- NickServ has.
local REQ, WELCOME, AGAIN = 400, 5, 5

-- Capabilities -----------------------------------------------------------------

-- finish_caps ends the talk about capabilities, which lets the registration go on.
local function finish_caps(l)
  if not l.reg.ended then
    l.reg.ended = true
    out.now(l, "CAP", "END")
  end
end

-- after_caps goes on when each capability that was asked for has an answer.
local function after_caps(session, l)
  if l.state ~= "registering" or next(l.reg.waiting) or l.reg.ended or l.reg.authenticates then
    return
  end
  l.reg.authenticates = true
  if not sasl.start(session, l) then
    finish_caps(l)
  end
end

-- ask_for asks for capabilities, as many in a line as fit.
local function ask_for(l, list)
  local lines = {}
  for _, name in ipairs(list) do
    local last = lines[#lines]
    if not last or #last + #name > REQ then
      lines[#lines + 1] = name
    else
      lines[#lines] = last .. " " .. name
    end
    l.reg.waiting[name] = true
  end
  for _, line in ipairs(lines) do
    out.now(l, "CAP", "REQ", line)
  end
end

-- request asks for those of the offered capabilities that we want and do not have.
local function request(session, l, offered)
  local list = {}
  for _, name in ipairs(register.caps) do
    local wanted = offered[name] ~= nil and not l.caps[name] and not l.reg.waiting[name]
    if wanted and (name ~= "sasl" or sasl.wanted(session, l)) then
      list[#list + 1] = name
    end
  end
  ask_for(l, list)
  after_caps(session, l)
end

local function read_caps(text)
  local found = {}
  for word in text:gmatch("%S+") do
    local name, value = word:match("^([^=]+)=?(.*)$")
    if name then
      found[name] = value
    end
  end
  return found
end

local CAP = {}

function CAP.LS(session, l, more, text)
  for name, value in pairs(read_caps(text)) do
    l.reg.offered[name] = value
  end
  if not more and not l.reg.ended then
    request(session, l, l.reg.offered)
  end
end

-- A server may answer one request in several lines.
function CAP.ACK(session, l, _, text)
  for name in pairs(read_caps(text)) do
    local gone = name:match("^%-(.*)$")
    if gone then
      l.caps[gone] = nil
    else
      l.caps[name] = l.reg.offered[name] or ""
      l.reg.waiting[name] = nil
    end
  end
  after_caps(session, l)
end

-- A refusal is of all that the line has asked for, so each is asked for alone, once.
function CAP.NAK(session, l, _, text)
  local list = {}
  for name in pairs(read_caps(text)) do
    l.reg.waiting[name] = nil
    list[#list + 1] = name
  end
  table.sort(list)
  if #list > 1 and not l.reg.ended then
    for _, name in ipairs(list) do
      ask_for(l, { name })
    end
  end
  after_caps(session, l)
end

function CAP.NEW(session, l, _, text)
  local offered = read_caps(text)
  for name, value in pairs(offered) do
    l.reg.offered[name] = value
  end
  offered.sasl = nil -- we are in already
  request(session, l, offered)
end

function CAP.DEL(_, l, _, text)
  for name in pairs(read_caps(text)) do
    l.caps[name], l.reg.offered[name] = nil, nil
  end
end

-- The greeting -----------------------------------------------------------------

-- webirc tells the server who stands behind this connection. Spectrum does not know
-- the user's address, so one is made of his JID: a ban of it hits him alone.
local function webirc(session, l)
  local digest = crypto.sha256(session.user, "hex")
  local ip = "fd" .. digest:sub(1, 2) .. digest:sub(3, 30):gsub("%x%x%x%x", ":%0")
  local host = (settings.fill(settings.webirc_host, session) or ""):gsub("[^%w%.%-]", "-")
  out.now(l, "WEBIRC", settings.webirc, settings.webirc_gateway, host, ip, l.addresses[l.at].tls and "secure" or nil)
end

local function connected(session, l)
  l.reg = { offered = {}, waiting = {}, again = {} }
  l.nick = nicks.first(l)
  if settings.webirc then
    webirc(session, l)
  end
  local password = settings.send_pass and settings.fill(settings.server_password, session)
  if password and password ~= "" then
    out.now(l, "PASS", password)
    l.reg.password = true
  end
  out.now(l, "CAP", "LS", "302")
  out.now(l, "NICK", l.nick)
  nicks.say_user(session, l)
  local reg = l.reg
  session:after("cap " .. l.key, settings.cap_timeout, function()
    if l.reg ~= reg or not l.conn or l.state ~= "registering" or reg.welcomed or reg.authenticates then
      return
    end
    if sasl.required() then
      return link.lose(l, "the server does not answer what is asked about capabilities")
    end
    finish_caps(l) -- the talk about capabilities has no end
  end)
end

-- identify says to NickServ who we are, as far as that is not known.
local function identify(session, l)
  local target, text = (settings.fill(settings.identify, session, l.nick) or ""):match("^(%S+)%s+(.+)$")
  if target and not l.account then
    l.reg.identifies = names.fold(l, target)
    say.hide(l, target, text)
    out.now(l, "PRIVMSG", target, text)
  end
end

-- commands sends what the admin has set.
local function commands(session, l)
  for _, template in ipairs(settings.commands) do
    local line = settings.fill(template, session, l.nick)
    local said = line and message.parse((line:gsub("^/", "")))
    if said and said.command == "PRIVMSG" and said.params[2] then
      say.hide(l, said.params[1], said.params[2])
    end
    if said then
      out.raw(session, l, (line:gsub("^/", "")))
    end
  end
end

-- welcome is the end of the server's greeting.
local function welcome(session, l)
  if l.state ~= "registering" or not l.reg.welcomed then
    return
  end
  if l.reg.password then
    logins.worked(session, l, "pass")
  end
  identify(session, l)
  commands(session, l)
  link.online(session, l)
  if settings.one_server and not session.data.connected then
    session.data.connected = true
    session:connected()
  end
end

-- registered_only is 477: a room is for registered nicks. NickServ may not have done with
-- what we have told it when the JOIN comes, so that is sent once more.
local function registered_only(session, l, msg)
  local key = names.fold(l, msg.params[2])
  local room = l.rooms[key]
  if not room or room.state ~= "asked" or not l.reg.identifies or l.reg.again[key] then
    return false
  end
  l.reg.again[key] = true
  session:after("again " .. l.key .. " " .. key, AGAIN, function()
    if l.rooms[key] == room and room.state == "asked" then
      out.join(session, l, room.channel, room.password)
    end
  end)
  return true
end

-- The server's refusals --------------------------------------------------------

-- FINAL are the words in an ERROR that say that we shall not come back: K-lined,
-- G:Line, Z-Lined, banned, AKILL.
local FINAL = { "%f[%w][kgzdqx][%-:]?lined?%f[%W]", "%f[%w]banned%f[%W]", "%f[%w]auto?kill", "%f[%w]akill" }

-- WRONG are those of a wrong password, before we are in: not all servers say 464.
local WRONG = { "%f[%w]password", "access denied", "not authori[sz]ed" }

-- wrong_password ends a login whose password the server has refused: for good, unless
-- the same password has worked before.
local function wrong_password(session, l, text)
  if l.reg.password and logins.trusted(session, l, "pass") then
    return link.refused(l, text)
  end
  link.fail(l, "authentication_failed", text)
end

local function has_any(text, patterns)
  text = text:lower()
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then
      return true
    end
  end
  return false
end

-- early tells of a numeric that answers what we said before we were in: CAP, to a
-- server that does not know it, for one.
local function early(_, l)
  return l.state == "registering"
end

local function last(msg)
  return msg.params[#msg.params] or ""
end

register.events = {
  connected = connected,

  CAP = function(session, l, msg)
    local handler = CAP[msg.params[2]:upper()]
    if handler then
      handler(session, l, #msg.params > 3 and msg.params[3] == "*", last(msg))
    end
  end,

  ["001"] = function(session, l, msg)
    l.reg.welcomed = true
    if sasl.required() and not l.account then
      return sasl.impossible(session, l)
    end
    l.user, l.host = last(msg):match("%S+!(%S+)@(%S+)$")
    session:after("welcome " .. l.key, WELCOME, function()
      if l.conn then
        welcome(session, l)
      end
    end)
  end,
  ["005"] = function(_, l, msg)
    l.isupport = isupport.read(l.isupport, msg.params)
  end,
  ["376"] = welcome, -- end of MOTD
  ["422"] = welcome, -- no MOTD

  ["410"] = early,
  ["421"] = early,
  ["451"] = early,

  -- A network without services: the user has not asked, so he is not told.
  ["401"] = function(_, l, msg)
    if l.reg.identifies ~= names.fold(l, msg.params[2]) then
      return false
    end
    l.reg.identifies = nil
    return true
  end,

  ["477"] = registered_only,

  ["464"] = function(session, l)
    if l.state ~= "registering" then
      return false -- it answers OPER
    end
    wrong_password(session, l, "the server's password is wrong")
  end,
  ["465"] = function(_, l, msg)
    link.fail(l, "authentication_impossible", "banned from the server: " .. last(msg))
  end,
  ERROR = function(session, l, msg)
    if has_any(last(msg), FINAL) then
      link.fail(l, "authentication_impossible", last(msg))
    elseif not l.reg.welcomed and has_any(last(msg), WRONG) then
      wrong_password(session, l, last(msg))
    elseif nicks.refused(session, l, last(msg)) then
      link.lose(l, last(msg) .. "; the next login has another name")
    else
      link.lose(l, last(msg))
    end
  end,

  PING = function(_, l, msg)
    out.now(l, "PONG", unpack(msg.params))
  end,
  PONG = function() end, -- that it came is enough

  ["396"] = function(_, l, msg) -- our host is shown as this
    l.host = msg.params[2] or l.host
  end,
}

-- What SASL comes to decides how the registration goes on.
register.events["sasl done"] = function(_, l)
  finish_caps(l)
end

return register
