-- irc/sasl.lua: authentication during the registration (IRCv3 SASL 3.1 and 3.2).
--
-- link.sasl is the current attempt: { list = mechanisms left to try, name = the current
-- mechanism, input = the part of a long challenge that has arrived, scram = …, step = … }.

local crypto = require "spectrum.crypto"
local encoding = require "spectrum.encoding"
local events = require "irc.events"
local links = require "irc.links"
local logins = require "irc.logins"
local out = require "irc.out"
local settings = require "irc.settings"

local base64 = encoding.base64

local sasl = {}

-- CHUNK is how many bytes of base64 one AUTHENTICATE contains; a shorter one is the last.
-- LONGEST is the longest challenge; a longer one is rejected.
local CHUNK, LONGEST = 400, 16384

-- credentials returns the account and the password, or nil if they are unknown.
local function credentials(session)
  local name = settings.fill(settings.sasl_name, session)
  local password = settings.fill(settings.sasl_password, session)
  if name and name ~= "" and password and password ~= "" then
    return name, password
  end
end

-- MECHANISMS has two functions for each mechanism. able(session, link) reports whether it can
-- be tried. answer(session, link, challenge) returns the answer, or nil and an error message.
local MECHANISMS = {}

MECHANISMS["EXTERNAL"] = {
  able = function(_, link)
    return settings.cert ~= nil and link.conn.tls ~= nil
  end,
  answer = function()
    return ""
  end,
}

MECHANISMS["SCRAM-SHA-256"] = {
  able = function(session)
    return credentials(session) ~= nil
  end,
  answer = function(session, link, challenge)
    local s = link.sasl
    s.step = (s.step or 0) + 1
    if s.step == 1 then
      local name, password = credentials(session)
      local err
      s.scram, err = crypto.scram_client { username = name, password = password }
      if not s.scram then
        return nil, err
      end
      return s.scram:first()
    elseif s.step == 2 then
      return s.scram:final(challenge)
    end
    local ok, err = s.scram:verify(challenge)
    s.verified = ok
    return ok and "" or nil, err
  end,
}

MECHANISMS["PLAIN"] = {
  able = function(session)
    return credentials(session) ~= nil
  end,
  answer = function(session)
    local name, password = credentials(session)
    return name .. "\0" .. name .. "\0" .. password
  end,
}

-- ORDER has the best mechanism first.
local ORDER = { "EXTERNAL", "SCRAM-SHA-256", "PLAIN" }

-- usable returns the mechanisms to try. `offered` is the server's list, or "" if the server has
-- not sent one.
local function usable(session, link, offered)
  local list = {}
  for _, name in ipairs(ORDER) do
    local chosen = settings.sasl == "auto" or settings.sasl == "optional" or settings.sasl == name:lower()
    local known = offered == "" or ("," .. offered:upper() .. ","):find("," .. name .. ",", 1, true)
    if chosen and known and MECHANISMS[name].able(session, link) then
      list[#list + 1] = name
    end
  end
  return list
end

-- required reports whether the admin has chosen a mechanism. Then a login must use it.
function sasl.required()
  return MECHANISMS[settings.sasl:upper()] ~= nil
end

-- wanted reports whether SASL is to be tried if the server grants the capability.
function sasl.wanted(session, link)
  return settings.sasl ~= "off" and #usable(session, link, link.reg.offered.sasl or "") > 0
end

-- refuse ends a login. If the same login has worked before, the network has a problem, and
-- another attempt follows later.
local function refuse(session, link, err, why)
  if logins.trusted(session, link, "sasl") then
    return links.refused(link, why)
  end
  links.fail(link, err, why)
end

-- impossible ends a login that has to use SASL, because the server does not offer it.
function sasl.impossible(session, link)
  refuse(session, link, "authentication_impossible", "the server does not offer the login (SASL) that is set for it")
end

-- go_on continues the registration without an account.
local function go_on(session, link, why)
  links.tell(session, link, why .. "; you are not logged in to an account.")
  events.emit("sasl done", session, link)
end

-- failed ends SASL after a failure. If SASL is optional, the registration continues without an
-- account. Otherwise it ends.
local function failed(session, link, why)
  link.sasl = nil
  if settings.sasl == "optional" then
    return go_on(session, link, why)
  end
  refuse(session, link, "authentication_failed", why)
end

-- try starts the next mechanism.
local function try(session, link, why)
  local s = link.sasl
  s.name = table.remove(s.list, 1)
  s.input, s.step, s.scram = "", nil, nil
  if not s.name then
    return failed(session, link, why)
  end
  out.now(link, "AUTHENTICATE", s.name)
end

-- limit ends SASL if the server does not answer. That says nothing about the password.
local function limit(session, link)
  local s = link.sasl
  session:after("sasl " .. link.key, settings.sasl_timeout, function()
    if link.sasl ~= s or not link.conn then
      return
    end
    link.sasl = nil
    if settings.sasl ~= "optional" then
      return links.lose(link, "the server does not answer the login (SASL)")
    end
    out.now(link, "AUTHENTICATE", "*")
    go_on(session, link, "the server does not answer the login (SASL)")
  end)
end

-- start starts SASL. It returns false if the registration continues without it.
function sasl.start(session, link)
  if not link.caps.sasl then
    if sasl.required() then
      sasl.impossible(session, link)
      return true
    end
    return false
  end
  link.sasl = { list = usable(session, link, link.reg.offered.sasl or "") }
  limit(session, link)
  try(session, link, "the server offers no login method (SASL) that this transport can use")
  return true
end

local function send(link, text)
  local data = base64.encode(text)
  for at = 1, #data, CHUNK do
    out.now(link, "AUTHENTICATE", data:sub(at, at + CHUNK - 1))
  end
  if #data % CHUNK == 0 then
    out.now(link, "AUTHENTICATE", "+")
  end
end

-- challenge handles one line of a challenge from the server. Long challenges have several.
local function challenge(session, link, msg)
  local s, part = link.sasl, msg.params[1] or "+"
  if not s or not s.name then
    return
  end
  s.input = (s.input .. (part == "+" and "" or part)):sub(1, LONGEST + 1)
  if #part == CHUNK then
    return
  end
  local text = #s.input <= LONGEST and base64.decode(s.input) or nil
  s.input = ""
  local answer, why
  if text then
    answer, why = MECHANISMS[s.name].answer(session, link, text)
  end
  if not answer then
    out.now(link, "AUTHENTICATE", "*")
    s.why = why or "the server's challenge cannot be read"
    return
  end
  send(link, answer)
end

-- refused handles a failure. It tries another mechanism only if the server does not know this
-- one. After a wrong password, the other mechanisms would fail too. And a server that has not
-- proved that it knows the password must not get it by PLAIN.
local function refused(session, link, msg)
  local s = link.sasl
  if not s then
    return
  end
  local why = "the login failed: " .. (s.why or msg.params[#msg.params] or "no reason given")
  if s.why or not s.listed and link.reg.offered.sasl ~= "" then
    s.list = {}
  end
  s.listed = nil
  try(session, link, why)
end

sasl.events = {
  connected = function(_, link)
    link.sasl = nil
  end,
  AUTHENTICATE = challenge,
  ["900"] = function(_, link, msg)
    link.account = msg.params[3]
  end,
  ["901"] = function(_, link)
    link.account = nil
  end,
  ["902"] = refused,
  ["903"] = function(session, link)
    local s = link.sasl
    if not s then
      return
    end
    if s.name == "SCRAM-SHA-256" and not s.verified then -- the server has not proved that it knows the password
      return failed(session, link, "the server has not proved who it is")
    end
    link.sasl, link.account = nil, link.account or true
    logins.worked(session, link, "sasl")
    events.emit("sasl done", session, link)
  end,
  ["904"] = refused,
  ["905"] = refused,
  ["906"] = refused,
  ["907"] = function(session, link)
    link.sasl = nil
    events.emit("sasl done", session, link)
  end,
  -- 908 lists the mechanisms that the server knows. A 904 comes before or after it.
  ["908"] = function(session, link, msg)
    local s = link.sasl
    if not s then
      return
    end
    local left = {}
    for _, name in ipairs(usable(session, link, msg.params[2])) do
      if name ~= s.name then
        left[#left + 1] = name
      end
    end
    s.list, s.listed = left, true
  end,
}

return sasl
