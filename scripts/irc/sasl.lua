-- irc/sasl.lua: proving who we are while we register (IRCv3 SASL 3.1 and 3.2).
--
-- link.sasl is the attempt: { list = mechanisms left to try, name = the present one,
-- input = what has come of a long challenge, scram = …, step = … }.

local crypto = require "spectrum.crypto"
local encoding = require "spectrum.encoding"
local events = require "irc.events"
local link = require "irc.link"
local logins = require "irc.logins"
local out = require "irc.out"
local settings = require "irc.settings"

local base64 = encoding.base64

local sasl = {}

-- CHUNK is how many bytes of base64 stand in one AUTHENTICATE; a shorter one is the
-- last. LONGEST is how much of a challenge is kept: more is none.
local CHUNK, LONGEST = 400, 16384

-- credentials are who logs in, or nil if that is not known.
local function credentials(session)
  local name = settings.fill(settings.sasl_name, session)
  local password = settings.fill(settings.sasl_password, session)
  if name and name ~= "" and password and password ~= "" then
    return name, password
  end
end

-- Mechanisms: each has able(session, link), whether it can be tried, and
-- answer(session, link, challenge), which returns what to say, or nil and why not.
local MECHANISMS = {}

MECHANISMS["EXTERNAL"] = {
  able = function(_, l)
    return settings.cert ~= nil and l.conn.tls ~= nil
  end,
  answer = function()
    return ""
  end,
}

MECHANISMS["SCRAM-SHA-256"] = {
  able = function(session)
    return credentials(session) ~= nil
  end,
  answer = function(session, l, challenge)
    local s = l.sasl
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

-- ORDER is from the best to the worst.
local ORDER = { "EXTERNAL", "SCRAM-SHA-256", "PLAIN" }

-- usable lists the mechanisms to try. `offered` is the server's list, "" if it has
-- not said.
local function usable(session, l, offered)
  local list = {}
  for _, name in ipairs(ORDER) do
    local chosen = settings.sasl == "auto" or settings.sasl == "optional" or settings.sasl == name:lower()
    local known = offered == "" or ("," .. offered:upper() .. ","):find("," .. name .. ",", 1, true)
    if chosen and known and MECHANISMS[name].able(session, l) then
      list[#list + 1] = name
    end
  end
  return list
end

-- required reports whether the admin has chosen a mechanism, so that there is no
-- going on without it.
function sasl.required()
  return MECHANISMS[settings.sasl:upper()] ~= nil
end

-- wanted reports whether SASL would be tried if the server lets us.
function sasl.wanted(session, l)
  return settings.sasl ~= "off" and #usable(session, l, l.reg.offered.sasl or "") > 0
end

-- refuse ends a login: for good, unless the same login has worked before. Then the
-- network has a problem, and not the user.
local function refuse(session, l, err, why)
  if logins.trusted(session, l, "sasl") then
    return link.refused(l, why)
  end
  link.fail(l, err, why)
end

-- impossible ends a login without SASL, where the admin wants it.
function sasl.impossible(session, l)
  refuse(session, l, "authentication_impossible", "the server does not offer the login (SASL) that is set for it")
end

-- go_on goes on without an account.
local function go_on(session, l, why)
  link.tell(session, l, why .. "; you are not logged in to an account.")
  events.emit("sasl done", session, l)
end

-- failed ends SASL without success: for good, or, if it is optional, to go on
-- without.
local function failed(session, l, why)
  l.sasl = nil
  if settings.sasl == "optional" then
    return go_on(session, l, why)
  end
  refuse(session, l, "authentication_failed", why)
end

-- try begins with the next mechanism.
local function try(session, l, why)
  local s = l.sasl
  s.name = table.remove(s.list, 1)
  s.input, s.step, s.scram = "", nil, nil
  if not s.name then
    return failed(session, l, why)
  end
  out.now(l, "AUTHENTICATE", s.name)
end

-- limit ends SASL if the server does not answer. That says nothing about the password.
local function limit(session, l)
  local s = l.sasl
  session:after("sasl " .. l.key, settings.sasl_timeout, function()
    if l.sasl ~= s or not l.conn then
      return
    end
    l.sasl = nil
    if settings.sasl ~= "optional" then
      return link.lose(l, "the server does not answer the login (SASL)")
    end
    out.now(l, "AUTHENTICATE", "*")
    go_on(session, l, "the server does not answer the login (SASL)")
  end)
end

-- start begins SASL, if there is one to begin; it reports whether there is.
function sasl.start(session, l)
  if not l.caps.sasl then
    if sasl.required() then
      sasl.impossible(session, l)
      return true
    end
    return false
  end
  l.sasl = { list = usable(session, l, l.reg.offered.sasl or "") }
  limit(session, l)
  try(session, l, "no way to log in (SASL) is known to both sides")
  return true
end

local function send(l, text)
  local data = base64.encode(text)
  for at = 1, #data, CHUNK do
    out.now(l, "AUTHENTICATE", data:sub(at, at + CHUNK - 1))
  end
  if #data % CHUNK == 0 then
    out.now(l, "AUTHENTICATE", "+")
  end
end

-- challenge takes one line of the server's; long challenges have several.
local function challenge(session, l, msg)
  local s, part = l.sasl, msg.params[1] or "+"
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
    answer, why = MECHANISMS[s.name].answer(session, l, text)
  end
  if not answer then
    out.now(l, "AUTHENTICATE", "*")
    s.why = why or "the server's challenge cannot be read"
    return
  end
  send(l, answer)
end

-- refused: another mechanism is tried only if this one is not known to the server;
-- a wrong password stays wrong, and a server that has not proved that it knows the
-- password is not told it.
local function refused(session, l, msg)
  local s = l.sasl
  if not s then
    return
  end
  local why = "the login failed: " .. (s.why or msg.params[#msg.params] or "no reason given")
  if s.why or not s.listed and l.reg.offered.sasl ~= "" then
    s.list = {}
  end
  s.listed = nil
  try(session, l, why)
end

sasl.events = {
  connected = function(_, l)
    l.sasl = nil
  end,
  AUTHENTICATE = challenge,
  ["900"] = function(_, l, msg)
    l.account = msg.params[3]
  end,
  ["901"] = function(_, l)
    l.account = nil
  end,
  ["902"] = refused,
  ["903"] = function(session, l)
    local s = l.sasl
    if not s then
      return
    end
    if s.name == "SCRAM-SHA-256" and not s.verified then -- it has not proved that it knows the password
      return failed(session, l, "the server has not proved who it is")
    end
    l.sasl, l.account = nil, l.account or true
    logins.worked(session, l, "sasl")
    events.emit("sasl done", session, l)
  end,
  ["904"] = refused,
  ["905"] = refused,
  ["906"] = refused,
  ["907"] = function(session, l)
    l.sasl = nil
    events.emit("sasl done", session, l)
  end,
  -- 908 lists the mechanisms that the server knows; 904 stands before or behind it.
  ["908"] = function(session, l, msg)
    local s = l.sasl
    if not s then
      return
    end
    local left = {}
    for _, name in ipairs(usable(session, l, msg.params[2])) do
      if name ~= s.name then
        left[#left + 1] = name
      end
    end
    s.list, s.listed = left, true
  end,
}

return sasl
