-- irc/nicks.lua: the nick and the user name on IRC. It finds names that the server
-- accepts, and returns to the wanted nick when that is free again. After a refusal it never
-- tries the same name again. irc/state.lua lists the fields of the link.

local encoding = require "spectrum.encoding"
local isupport = require "irc.isupport"
local links = require "irc.links"
local names = require "irc.names"
local out = require "irc.out"
local settings = require "irc.settings"

local utf8 = encoding.utf8

local nicks = {}

-- SAFE is a length that every server accepts: the limit of RFC 1459.
local SAFE = 9

-- FIRST and MOST are the first and the longest pause, in seconds, before we ask again for a
-- nick that is in use.
local FIRST, MOST = 5, 120

-- Nicks ------------------------------------------------------------------------

-- fit cuts a nick to the server's limit, minus `more` bytes.
function nicks.fit(link, nick, more)
  local length = isupport.number(link.isupport, "NICKLEN") or link.nick_length
  if not length or #nick + (more or 0) <= length then
    return nick
  end
  return (utf8.truncate(nick, math.max(length - (more or 0), 4)))
end

-- numbered returns a short nick with digits, which no server cuts.
local function numbered(nick)
  return ("%s%03d"):format((utf8.truncate(nick, SAFE - 3)), math.random(0, 999))
end

-- candidate returns the nick to ask for: alice, then alice_, alice__, then alice123.
local function candidate(link)
  local n = link.refused
  if n > 2 or n > 0 and link.simplified then
    return numbered(link.wanted)
  end
  return nicks.fit(link, link.wanted, n) .. ("_"):rep(n)
end

-- first returns the nick that a new connection asks for.
function nicks.first(link)
  return candidate(link)
end

-- early reports whether the server has not accepted a nick yet.
local function early(link)
  return link.state == "registering" and not link.reg.welcomed
end

-- count notes that a nick was refused. It returns false, and gives up, if that was the
-- last one to try.
local function count(link)
  link.refused = link.refused + 1
  if link.refused <= settings.nick_tries then
    return true
  end
  links.fail(link, "name_in_use", ("the nick %s is in use"):format(link.wanted))
  return false
end

local function ask(link)
  link.nick = candidate(link)
  out.now(link, "NICK", link.nick)
end

-- in_use handles the refusal of a nick that somebody else has.
local function in_use(_, link)
  if early(link) then
    link.taken = true
    if count(link) then
      ask(link)
    end
  end
end

-- invalid handles a nick that the server rejects for its characters or its length, or has
-- reserved. It tries the nick once more with letters and digits only. If that changes
-- nothing, it appends digits.
local function invalid(_, link, msg)
  if not early(link) then
    return
  end
  local plain = link.wanted:gsub("[^%w]", ""):gsub("^%d+", ""):sub(1, SAFE)
  if link.simplified then
    return links.fail(
      link,
      "invalid_username",
      ("the nick %s is not allowed: %s"):format(link.nick, msg.params[#msg.params])
    )
  end
  link.simplified = true
  if plain == link.wanted or plain == "" then
    link.refused = link.refused + 1
  end
  link.wanted = plain ~= "" and plain or "user"
  ask(link)
end

-- User names -------------------------------------------------------------------

-- FORMS turn the configured user name into one that servers accept. Servers differ in the
-- allowed characters and the length.
local FORMS = {
  function(link, name)
    return name
      :gsub("[^%w%-_.]", "")
      :gsub("^[%-_.]+", "")
      :sub(1, math.min(isupport.number(link.isupport, "USERLEN") or link.user_length or 10, 10))
  end,
  function(_, name)
    return name:lower():gsub("[^%l%d]", ""):gsub("^%d+", ""):sub(1, 8)
  end,
  function()
    return "user"
  end,
}

-- username returns the user name for the next login.
function nicks.username(session, link)
  local name = FORMS[link.username_form](link, settings.fill(settings.username, session, link.nick) or "")
  return name ~= "" and name or "user"
end

-- say_user sends USER.
function nicks.say_user(session, link)
  local realname = settings.fill(settings.realname, session, link.nick)
  out.now(link, "USER", nicks.username(session, link), "0", "*", realname ~= "" and realname or link.nick)
end

-- other_username selects the next form. If the server has refused them all, it ends the
-- link and returns false.
local function other_username(session, link, why)
  local before = nicks.username(session, link)
  repeat
    link.username_form = link.username_form + 1
    if not FORMS[link.username_form] then
      link.username_form = #FORMS
      links.fail(link, "invalid_username", "the server does not accept the user name: " .. why)
      return false
    end
  until nicks.username(session, link) ~= before
  return true
end

-- BAD are words of an ERROR about a name. NICK or USER say which name it is.
local BAD = {
  "invalid",
  "illegal",
  "bad",
  "bogus",
  "erroneous",
  "malformed",
  "not valid",
  "not allowed",
  "in use",
  "collision",
  "taken",
  "reserved",
}
local USER, NICK = { "user ?name", "%f[%a]ident%f[%A]", "userid" }, { "nick" }

local function has(text, patterns)
  for _, pattern in ipairs(patterns) do
    if text:find(pattern) then
      return true
    end
  end
  return false
end

-- refused handles the ERROR that ends a login. It reports whether the reason was a name;
-- the next login uses another one then.
function nicks.refused(session, link, why)
  local text = why:lower()
  if not early(link) or not has(text, BAD) then
    return false
  end
  if has(text, USER) then
    other_username(session, link, why)
    return true
  end
  if has(text, NICK) then
    link.taken = true
    count(link)
    return true
  end
  return false
end

-- The wanted nick is free --------------------------------------------------------

-- wants reports whether the user has another nick than the wanted one, because that was
-- in use.
local function wants(link)
  return link.state == "online" and link.taken and names.fold(link, link.nick) ~= names.fold(link, link.wanted)
end

-- claim asks for the wanted nick. A refusal is not shown.
local function claim(session, link)
  link.claiming = names.fold(link, link.wanted)
  out.send(session, link, "NICK", link.wanted)
end

-- claim_later asks for the wanted nick repeatedly.
local function claim_later(session, link, seconds)
  session:after("nick " .. link.key, seconds, function()
    if not wants(link) then
      return
    end
    if out.idle(link) then
      claim(session, link)
    end
    claim_later(session, link, math.min(seconds * 2, MOST))
  end)
end

-- freed asks for the wanted nick if that is the one that has become free.
function nicks.freed(session, link, nick)
  if
    link.state == "online"
    and names.fold(link, nick) == names.fold(link, link.wanted)
    and names.fold(link, link.nick) ~= names.fold(link, nick)
  then
    claim(session, link)
  end
end

-- changed handles the user's new nick. If somebody else has changed it, the script does not
-- ask for the wanted nick again: the network's services would change it back.
function nicks.changed(link, nick)
  local asked = names.fold(link, nick)
  if link.asked_nick and asked == names.fold(link, link.asked_nick) then
    link.wanted, link.asked_nick = nick, nil
  end
  link.claiming, link.taken = nil, nil
end

-- claimed handles a refusal of claim. It returns true if the refusal belongs to claim.
local function claimed(_, link, msg)
  if link.claiming and names.fold(link, msg.params[2]) == link.claiming then
    link.claiming = nil
    return true
  end
  return false
end

-- either passes a refusal to a handler during the login, and otherwise to claimed.
local function either(handler)
  return function(session, link, msg)
    if early(link) then
      return handler(session, link, msg)
    end
    return claimed(session, link, msg)
  end
end

nicks.events = {
  ["432"] = either(invalid),
  ["433"] = either(in_use),
  ["436"] = either(in_use),
  ["437"] = function(session, link, msg) -- of a channel, too
    if early(link) then
      in_use(session, link)
    elseif not names.is_room(link, msg.params[2]) then
      return claimed(session, link, msg)
    end
    return false -- irc/refusals.lua and irc/replies.lua handle it, too
  end,
  ["438"] = claimed, -- too fast
  ["468"] = function(session, link, msg)
    if not early(link) then
      return false -- it answers MODE
    end
    if other_username(session, link, msg.params[#msg.params]) then
      nicks.say_user(session, link)
    end
    return true
  end,
  ["001"] = function(_, link, msg)
    local given = msg.params[1] or link.nick
    if given ~= link.wanted and link.nick == link.wanted and #given >= 4 and link.wanted:sub(1, #given) == given then
      link.cut = link.wanted
      link.wanted = given -- the server has cut it, and always will
    end
    link.nick = given
  end,
  ["731"] = function(session, link, msg)
    for nick in msg.params[#msg.params]:gmatch("[^,%s]+") do
      if wants(link) then
        nicks.freed(session, link, nick)
      end
    end
  end,
  online = function(session, link)
    link.nick_length = isupport.number(link.isupport, "NICKLEN")
    link.user_length = isupport.number(link.isupport, "USERLEN")
    local wished = link.cut or link.wanted
    link.refused, link.cut = 0, nil
    if link.nick ~= wished then
      links.tell(session, link, ("You cannot be %s there, so you are %s."):format(wished, link.nick))
    end
    if wants(link) then
      claim_later(session, link, FIRST)
      if link.isupport.MONITOR then
        out.send(session, link, "MONITOR", "+", link.wanted)
      end
    else
      link.taken = nil
    end
  end,
}

return nicks
