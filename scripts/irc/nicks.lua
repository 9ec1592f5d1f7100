-- irc/nicks.lua: what the user is called on IRC: names that the server accepts, and the
-- nick that the user wants, as soon as it is free again.
--
-- A login that was refused for a name is never tried again with the same one. On the
-- link stand, for the whole session:
--
--   wanted         the nick that the user wants
--   refused        how many nicks were refused since the last login that worked
--   simplified     wanted has only letters and digits, after a refusal
--   username_form  which form of the user name comes next
--   nick_length    how long a nick may be, as the server said when it was here last
--   taken          wanted is in use, by the user's own old connection for example

local encoding = require "spectrum.encoding"
local isupport = require "irc.isupport"
local link = require "irc.link"
local names = require "irc.names"
local out = require "irc.out"
local settings = require "irc.settings"

local utf8 = encoding.utf8

local nicks = {}

-- SAFE is a length that every server takes: NICKLEN was 9 before there was NICKLEN.
local SAFE = 9

-- FIRST and MOST are how many seconds pass until a nick that is in use is asked for
-- again: at first, and at most.
local FIRST, MOST = 5, 120

-- Nicks ------------------------------------------------------------------------

-- fit cuts a nick to what the server takes, and leaves room for what is put behind it.
function nicks.fit(l, nick, more)
  local length = isupport.number(l.isupport, "NICKLEN") or l.nick_length
  if not length or #nick + (more or 0) <= length then
    return nick
  end
  return (utf8.truncate(nick, math.max(length - (more or 0), 4)))
end

-- numbered is a short nick with digits, which a server that cuts nicks leaves alone.
local function numbered(nick)
  return ("%s%03d"):format((utf8.truncate(nick, SAFE - 3)), math.random(0, 999))
end

-- candidate is the nick to ask for: the wanted one, then alice_, alice__, then alice123
-- and the like.
local function candidate(l)
  local n = l.refused or 0
  if n > 2 or n > 0 and l.simplified then
    return numbered(l.wanted)
  end
  return nicks.fit(l, l.wanted, n) .. ("_"):rep(n)
end

-- first is the nick that a new connection asks for.
function nicks.first(l)
  return candidate(l)
end

-- early reports whether the server has not accepted a nick yet.
local function early(l)
  return l.state == "registering" and not l.reg.welcomed
end

-- count notes that a nick was refused. It returns false, and gives up, if that was the
-- last one to try.
local function count(l)
  l.refused = (l.refused or 0) + 1
  if l.refused <= settings.nick_tries then
    return true
  end
  link.fail(l, "name_in_use", ("the nick %s is in use"):format(l.wanted))
  return false
end

local function ask(l)
  l.nick = candidate(l)
  out.now(l, "NICK", l.nick)
end

-- in_use: somebody has the nick.
local function in_use(_, l)
  if early(l) then
    l.taken = true
    if count(l) then
      ask(l)
    end
  end
end

-- invalid: the server does not like the nick's characters, or its length, or has
-- reserved it. What is left of it without any doubtful characters is tried once; if that
-- is the same, it gets digits.
local function invalid(_, l, msg)
  if not early(l) then
    return
  end
  local plain = l.wanted:gsub("[^%w]", ""):gsub("^%d+", ""):sub(1, SAFE)
  if l.simplified then
    return link.fail(l, "invalid_username", ("the nick %s is not allowed: %s"):format(l.nick, msg.params[#msg.params]))
  end
  l.simplified = true
  if plain == l.wanted or plain == "" then
    l.refused = (l.refused or 0) + 1
  end
  l.wanted = plain ~= "" and plain or "user"
  ask(l)
end

-- User names -------------------------------------------------------------------

-- FORMS make a user name of what the admin has set: servers differ in which characters
-- it may have and begin with, and in its length.
local FORMS = {
  function(l, name)
    return name:gsub("[^%w%-_.]", ""):gsub("^[%-_.]+", ""):sub(1, math.min(isupport.number(l.isupport, "USERLEN") or l.user_length or 10, 10))
  end,
  function(_, name)
    return name:lower():gsub("[^%l%d]", ""):gsub("^%d+", ""):sub(1, 8)
  end,
  function()
    return "user"
  end,
}

-- username is the user name for the next login.
function nicks.username(session, l)
  local name = FORMS[l.username_form or 1](l, settings.fill(settings.username, session, l.nick) or "")
  return name ~= "" and name or "user"
end

-- say_user sends USER.
function nicks.say_user(session, l)
  local realname = settings.fill(settings.realname, session, l.nick)
  out.now(l, "USER", nicks.username(session, l), "0", "*", realname ~= "" and realname or l.nick)
end

-- other_username goes on to the next form. It returns false, and gives up, if the server
-- has refused them all.
local function other_username(session, l, why)
  local before = nicks.username(session, l)
  repeat
    l.username_form = (l.username_form or 1) + 1
    if not FORMS[l.username_form] then
      l.username_form = #FORMS
      link.fail(l, "invalid_username", "the server does not accept the user name: " .. why)
      return false
    end
  until nicks.username(session, l) ~= before
  return true
end

-- BAD are words of an ERROR that is about a name, with NICK or USER before or behind.
local BAD = { "invalid", "illegal", "bad", "bogus", "erroneous", "malformed", "not valid", "not allowed", "in use", "collision", "taken", "reserved" }
local USER, NICK = { "user ?name", "%f[%a]ident%f[%A]", "userid" }, { "nick" }

local function has(text, patterns)
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then
      return true
    end
  end
  return false
end

-- refused takes the ERROR that ends a login. It reports whether it was for a name: the
-- next login has another one then.
function nicks.refused(session, l, why)
  local text = why:lower()
  if not early(l) or not has(text, BAD) then
    return false
  end
  if has(text, USER) then
    other_username(session, l, why)
    return true
  end
  if has(text, NICK) then
    l.taken = true
    count(l)
    return true
  end
  return false
end

-- The wanted nick is free --------------------------------------------------------

-- wants reports whether the user has another nick than the wanted one, because that was
-- in use.
local function wants(l)
  return l.state == "online" and l.taken and names.fold(l, l.nick) ~= names.fold(l, l.wanted)
end

-- claim asks for the wanted nick. The user does not see a refusal.
local function claim(session, l)
  l.claiming = names.fold(l, l.wanted)
  out.send(session, l, "NICK", l.wanted)
end

-- claim_later asks for it again and again.
local function claim_later(session, l, seconds)
  session:after("nick " .. l.key, seconds, function()
    if not wants(l) then
      return
    end
    if out.idle(l) then
      claim(session, l)
    end
    claim_later(session, l, math.min(seconds * 2, MOST))
  end)
end

-- freed takes that nobody has a nick any more.
function nicks.freed(session, l, nick)
  if l.state == "online" and names.fold(l, nick) == names.fold(l, l.wanted) and names.fold(l, l.nick) ~= names.fold(l, nick) then
    claim(session, l)
  end
end

-- changed takes the user's new nick. One that others have forced on the user ends what
-- the transport does by itself: it would be a quarrel with the network's services.
function nicks.changed(l, nick)
  local asked = names.fold(l, nick)
  if l.asked_nick and asked == names.fold(l, l.asked_nick) then
    l.wanted, l.asked_nick = nick, nil
  end
  l.claiming, l.taken = nil, nil
end

-- claimed takes a refusal of what claim has asked. It returns true if that is all there is
-- to do about it.
local function claimed(_, l, msg)
  if l.claiming and names.fold(l, msg.params[2]) == l.claiming then
    l.claiming = nil
    return true
  end
  return false
end

-- either hands a refusal to its handler while the user is logging in, else to claimed.
local function either(handler)
  return function(session, l, msg)
    if early(l) then
      return handler(session, l, msg)
    end
    return claimed(session, l, msg)
  end
end

nicks.events = {
  ["432"] = either(invalid),
  ["433"] = either(in_use),
  ["436"] = either(in_use),
  ["437"] = function(session, l, msg) -- of a channel, too
    if early(l) then
      in_use(session, l)
    elseif not names.is_room(l, msg.params[2]) then
      return claimed(session, l, msg)
    end
    return false -- irc/refusals.lua and irc/replies.lua look at it, too
  end,
  ["438"] = claimed, -- too fast
  ["468"] = function(session, l, msg)
    if not early(l) then
      return false -- it answers MODE
    end
    if other_username(session, l, msg.params[#msg.params]) then
      nicks.say_user(session, l)
    end
    return true
  end,
  ["001"] = function(_, l, msg)
    local given = msg.params[1] or l.nick
    if given ~= l.wanted and l.nick == l.wanted and #given >= 4 and l.wanted:sub(1, #given) == given then
      l.cut = l.wanted
      l.wanted = given -- the server has cut it, and always will
    end
    l.nick = given
  end,
  ["731"] = function(session, l, msg)
    for nick in msg.params[#msg.params]:gmatch("[^,%s]+") do
      if wants(l) then
        nicks.freed(session, l, nick)
      end
    end
  end,
  online = function(session, l)
    l.nick_length = isupport.number(l.isupport, "NICKLEN")
    l.user_length = isupport.number(l.isupport, "USERLEN")
    local wished = l.cut or l.wanted
    l.refused, l.cut = nil, nil
    if l.nick ~= wished then
      link.tell(session, l, ("You cannot be %s there, so you are %s."):format(wished, l.nick))
    end
    if wants(l) then
      claim_later(session, l, FIRST)
      if l.isupport.MONITOR then
        out.send(session, l, "MONITOR", "+", l.wanted)
      end
    else
      l.taken = nil
    end
  end,
}

return nicks
