-- irc/register.lua: the registration, from a new connection to an accepted login.
--
--   WEBIRC, PASS, CAP LS 302, NICK, USER -> CAP REQ -> SASL (irc/sasl.lua) -> CAP END
--   -> 001 … 376 -> identify, commands -> online
--
-- link.reg holds the state of the registration:
--   offered   capabilities that the server has, with their values
--   waiting   capabilities that were requested and have no answer yet
--   welcomed  001 has arrived
--   ended     CAP END was sent
--   again     rooms with a second JOIN, because NickServ was slower than the first one

local crypto = require "spectrum.crypto"
local isupport = require "irc.isupport"
local links = require "irc.links"
local names = require "irc.names"
local logins = require "irc.logins"
local message = require "irc.message"
local nicks = require "irc.nicks"
local out = require "irc.out"
local sasl = require "irc.sasl"
local say = require "irc.say"
local settings = require "irc.settings"

local register = {}

-- caps has the capabilities that we use.
-- stylua: ignore
register.caps = {
  "account-notify", "account-tag", "away-notify", "batch", "cap-notify", "chghost",
  "draft/chathistory", "draft/message-redaction", "draft/multiline", "draft/read-marker",
  "echo-message", "extended-join", "extended-monitor",
  "labeled-response", "message-tags", "multi-prefix", "sasl", "server-time", "setname",
  "standard-replies", "userhost-in-names",
}

-- REQ is the most bytes of a list of capabilities in one line. WELCOME is how many seconds the
-- server has between 001 and the end of its greeting. AGAIN is how many seconds NickServ has.
local REQ, WELCOME, AGAIN = 400, 5, 5

-- Capabilities -----------------------------------------------------------------

-- finish_caps ends the negotiation of capabilities, so the registration continues.
local function finish_caps(link)
  if not link.reg.ended then
    link.reg.ended = true
    out.now(link, "CAP", "END")
  end
end

-- after_caps continues when each requested capability has an answer.
local function after_caps(session, link)
  if link.state ~= "registering" or next(link.reg.waiting) or link.reg.ended or link.reg.authenticates then
    return
  end
  link.reg.authenticates, link.reg.waiting = true, {} -- an emptied table keeps its memory
  if not sasl.start(session, link) then
    finish_caps(link)
  end
end

-- ask_for requests capabilities, with as many in a line as fit.
local function ask_for(link, list)
  local lines = {}
  for _, name in ipairs(list) do
    local last = lines[#lines]
    if not last or #last + #name > REQ then
      lines[#lines + 1] = name
    else
      lines[#lines] = last .. " " .. name
    end
    link.reg.waiting[name] = true
  end
  for _, line in ipairs(lines) do
    out.now(link, "CAP", "REQ", line)
  end
end

-- request requests the offered capabilities that we use and do not have yet.
local function request(session, link, offered)
  local list = {}
  for _, name in ipairs(register.caps) do
    local wanted = offered[name] ~= nil and not link.caps[name] and not link.reg.waiting[name]
    if wanted and (name ~= "sasl" or sasl.wanted(session, link)) then
      list[#list + 1] = name
    end
  end
  ask_for(link, list)
  after_caps(session, link)
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

function CAP.LS(session, link, more, text)
  for name, value in pairs(read_caps(text)) do
    link.reg.offered[name] = value
  end
  if not more and not link.reg.ended then
    request(session, link, link.reg.offered)
  end
end

-- A server may answer one request in several lines.
function CAP.ACK(session, link, _, text)
  for name in pairs(read_caps(text)) do
    local gone = name:match("^%-(.*)$")
    if gone then
      link.caps[gone] = nil
    else
      link.caps[name] = link.reg.offered[name] or ""
      link.reg.waiting[name] = nil
    end
  end
  after_caps(session, link)
end

-- A refusal rejects all capabilities of the line, so each of them is requested again alone.
function CAP.NAK(session, link, _, text)
  local list = {}
  for name in pairs(read_caps(text)) do
    link.reg.waiting[name] = nil
    list[#list + 1] = name
  end
  table.sort(list)
  if #list > 1 and not link.reg.ended then
    for _, name in ipairs(list) do
      ask_for(link, { name })
    end
  end
  after_caps(session, link)
end

function CAP.NEW(session, link, _, text)
  local offered = read_caps(text)
  for name, value in pairs(offered) do
    link.reg.offered[name] = value
  end
  offered.sasl = nil -- the login is over
  request(session, link, offered)
end

function CAP.DEL(_, link, _, text)
  for name in pairs(read_caps(text)) do
    link.caps[name], link.reg.offered[name] = nil, nil
  end
end

-- The greeting -----------------------------------------------------------------

-- webirc tells the server who uses this connection. Spectrum does not know the user's
-- address, so the script derives one from the JID: a ban affects only this user.
local function webirc(session, link)
  local digest = crypto.sha256(session.user, "hex")
  local ip = "fd" .. digest:sub(1, 2) .. digest:sub(3, 30):gsub("%x%x%x%x", ":%0")
  local host = (settings.fill(settings.webirc_host, session) or ""):gsub("[^%w%.%-]", "-")
  out.now(
    link,
    "WEBIRC",
    settings.webirc,
    settings.webirc_gateway,
    host,
    ip,
    link.addresses[link.at].tls and "secure" or nil
  )
end

local function connected(session, link)
  link.reg = { offered = {}, waiting = {}, again = {} }
  link.nick = nicks.first(link)
  if settings.webirc then
    webirc(session, link)
  end
  local password = settings.send_pass and settings.fill(settings.server_password, session)
  if password and password ~= "" then
    out.now(link, "PASS", password)
    link.reg.password = true
  end
  out.now(link, "CAP", "LS", "302")
  out.now(link, "NICK", link.nick)
  nicks.say_user(session, link)
  local reg = link.reg
  session:after("cap " .. link.key, settings.cap_timeout, function()
    if link.reg ~= reg or not link.conn or link.state ~= "registering" or reg.welcomed or reg.authenticates then
      return
    end
    if sasl.required() then
      return links.lose(link, "the server does not answer the question about capabilities")
    end
    finish_caps(link) -- the server has not answered CAP
  end)
end

-- identify sends the password to NickServ, unless SASL has logged us in.
local function identify(session, link)
  local target, text = (settings.fill(settings.identify, session, link.nick) or ""):match("^(%S+)%s+(.+)$")
  if target and not link.account then
    link.reg.identifies = names.fold(link, target)
    say.hide(link, target, text)
    out.now(link, "PRIVMSG", target, text)
  end
end

-- commands sends the lines of the setting `commands`.
local function commands(session, link)
  for _, template in ipairs(settings.commands) do
    local line = settings.fill(template, session, link.nick)
    local said = line and message.parse((line:gsub("^/", "")))
    if said and said.command == "PRIVMSG" and said.params[2] then
      say.hide(link, said.params[1], said.params[2])
    end
    if said then
      out.raw(session, link, (line:gsub("^/", "")))
    end
  end
end

-- welcome handles the end of the server's greeting.
local function welcome(session, link)
  if link.state ~= "registering" or not link.reg.welcomed then
    return
  end
  if link.reg.password then
    logins.worked(session, link, "pass")
  end
  identify(session, link)
  commands(session, link)
  links.online(session, link)
  if settings.one_server and not session.data.connected then
    session.data.connected = true
    session:connected()
  end
end

-- registered_only handles 477: a room is for registered nicks. The JOIN may have arrived
-- before NickServ has handled our password, so the script sends it once more.
local function registered_only(session, link, msg)
  local key = names.fold(link, msg.params[2])
  local room = link.rooms[key]
  if not room or room.state ~= "asked" or not link.reg.identifies or link.reg.again[key] then
    return false
  end
  link.reg.again[key] = true
  session:after("again " .. link.key .. " " .. key, AGAIN, function()
    if link.rooms[key] == room and room.state == "asked" then
      out.join(session, link, room.channel, room.password)
    end
  end)
  return true
end

-- The server's refusals --------------------------------------------------------

-- FINAL has patterns of an ERROR that bans us for good: K-lined, G:Line, Z-Lined, banned, AKILL.
local FINAL = { "%f[%w][kgzdqx][%-:]?lined?%f[%W]", "%f[%w]banned%f[%W]", "%f[%w]auto?kill", "%f[%w]akill" }

-- WRONG has patterns of an ERROR for a wrong password, because not all servers send 464.
local WRONG = { "%f[%w]password", "access denied", "not authori[sz]ed" }

-- wrong_password ends a login after the server has refused the password. Unless the password
-- has worked before, there is no further attempt.
local function wrong_password(session, link, text)
  if link.reg.password and logins.trusted(session, link, "pass") then
    return links.refused(link, text)
  end
  links.fail(link, "authentication_failed", text)
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

-- early handles a numeric that answers a line of the registration, for example CAP if the
-- server does not know it. It returns false after the registration.
local function early(_, link)
  return link.state == "registering"
end

local function last(msg)
  return msg.params[#msg.params] or ""
end

register.events = {
  connected = connected,

  CAP = function(session, link, msg)
    local handler = CAP[msg.params[2]:upper()]
    if handler then
      handler(session, link, #msg.params > 3 and msg.params[3] == "*", last(msg))
    end
  end,

  ["001"] = function(session, link, msg)
    link.reg.welcomed = true
    if sasl.required() and not link.account then
      return sasl.impossible(session, link)
    end
    link.user, link.host = last(msg):match("%S+!(%S+)@(%S+)$")
    session:after("welcome " .. link.key, WELCOME, function()
      if link.conn then
        welcome(session, link)
      end
    end)
  end,
  ["005"] = function(_, link, msg)
    link.isupport = isupport.read(link.isupport, msg.params)
  end,
  ["376"] = welcome, -- end of MOTD
  ["422"] = welcome, -- no MOTD

  ["410"] = early,
  ["421"] = early,
  ["451"] = early,

  -- The network has no services. The user has not asked, so the answer is not shown.
  ["401"] = function(_, link, msg)
    if link.reg.identifies ~= names.fold(link, msg.params[2]) then
      return false
    end
    link.reg.identifies = nil
    return true
  end,

  ["477"] = registered_only,

  ["464"] = function(session, link)
    if link.state ~= "registering" then
      return false -- it answers OPER
    end
    wrong_password(session, link, "the server's password is wrong")
  end,
  ["465"] = function(_, link, msg)
    links.fail(link, "authentication_impossible", "banned from the server: " .. last(msg))
  end,
  ERROR = function(session, link, msg)
    if has_any(last(msg), FINAL) then
      links.fail(link, "authentication_impossible", last(msg))
    elseif not link.reg.welcomed and has_any(last(msg), WRONG) then
      wrong_password(session, link, last(msg))
    elseif nicks.refused(session, link, last(msg)) then
      links.lose(link, last(msg) .. "; the next login has another name")
    else
      links.lose(link, last(msg))
    end
  end,

  PING = function(_, link, msg)
    out.now(link, "PONG", unpack(msg.params))
  end,
  PONG = function() end, -- session:connection has noted the line

  ["396"] = function(_, link, msg) -- our host is shown as this
    link.host = msg.params[2] or link.host
  end,
}

-- The registration continues after SASL.
register.events["sasl done"] = function(_, link)
  finish_caps(link)
end

return register
