-- irc/contacts.lua: the user's contacts on IRC, and whether they are online. A server with
-- MONITOR announces that; the script asks other servers with ISON from time to time.
--
--   session.data.contacts["dan@irc.example.net"] = true    the user's roster
--   link.contacts.dan = { name = "dan@irc.example.net", nick = "dan", online = true, away = … }

local events = require "irc.events"
local isupport = require "irc.isupport"
local links = require "irc.links"
local names = require "irc.names"
local out = require "irc.out"
local settings = require "irc.settings"

local contacts = {}

-- LINE is the most bytes of a list of nicks in one line. EVERY is the time between two ISON,
-- in seconds, if settings.away_timeout is 0.
local LINE, EVERY = 400, 60

-- show sends the state of a contact to Spectrum.
local function show(session, contact)
  local away = contact.online and contact.away
  session:update_buddy {
    buddy_name = contact.name,
    status = not contact.online and "none" or away and "away" or "online",
    status_message = type(away) == "string" and away or "",
  }
end

-- set updates the state of a contact, and shows it if it has changed.
local function set(session, contact, online, away)
  if contact.online ~= online or online and (contact.away or false) ~= (away or false) then
    contact.online, contact.away = online, away
    show(session, contact)
  end
end

local function get(link, nick)
  return link.contacts and link.contacts[names.fold(link, nick)]
end

-- Watching ------------------------------------------------------------------------

-- in_lines joins nicks into strings of at most LINE bytes.
local function in_lines(nicks, separator)
  local lines = {}
  for _, nick in ipairs(nicks) do
    local last = lines[#lines]
    if last and #last + #nick < LINE then
      lines[#lines] = last .. separator .. nick
    else
      lines[#lines + 1] = nick
    end
  end
  return lines
end

-- watch adds contacts to the server's MONITOR list, up to the server's limit.
local function watch(session, link, list)
  local monitor = link.isupport.MONITOR ~= nil
  local most = isupport.number(link.isupport, "MONITOR") or math.huge
  local nicks = {}
  for _, contact in ipairs(list) do
    if monitor and link.watched < most then
      contact.watched = true
      link.watched = link.watched + 1
      nicks[#nicks + 1] = contact.nick
    end
  end
  for _, line in ipairs(in_lines(nicks, ",")) do
    out.send(session, link, "MONITOR", "+", line)
  end
end

-- ask sends ISON for the contacts that MONITOR does not watch. The answers name the contacts
-- that are online, and arrive in the order of the questions. ask does nothing while an answer
-- is missing.
local function ask(session, link)
  local nicks = {}
  for _, contact in pairs(link.contacts or {}) do
    if not contact.watched then
      nicks[#nicks + 1] = contact.nick
    end
  end
  table.sort(nicks)
  if link.state ~= "online" or not out.idle(link) or link.ison[1] then
    return
  end
  for _, line in ipairs(in_lines(nicks, " ")) do
    if out.raw(session, link, "ISON " .. line, true) then
      table.insert(link.ison, line)
    end
  end
end

-- ask_often starts the timer that sends ISON.
local function ask_often(session, link)
  local seconds = settings.away_timeout > 0 and settings.away_timeout or EVERY
  link.ison_timer = session:every("ison " .. link.key, seconds, function()
    ask(session, link)
  end)
end

-- stop stops that timer.
local function stop(link)
  if link.ison_timer then
    link.ison_timer:cancel()
    link.ison_timer = nil
  end
end

-- resume gives the timer the function of this script after a reload.
function contacts.resume(session, link)
  stop(link)
  if next(link.contacts or {}) then
    ask_often(session, link)
  end
end

-- From Spectrum -------------------------------------------------------------------

-- add adds a contact of the roster to a link if the contact belongs there. It returns the
-- contact if the link did not have it.
local function add(session, link, name)
  local key, nick = names.parse(name)
  if key ~= link.key or not link.contacts then
    return nil
  end
  if not nick then
    session:update_buddy { buddy_name = name, status = "online" } -- the server
    return nil
  end
  if names.is_room(link, nick) or not names.fits(nick) or get(link, nick) then
    return nil
  end
  local contact = { name = name, nick = nick, online = false }
  link.contacts[names.fold(link, nick)] = contact
  if not link.ison_timer then
    ask_often(session, link)
  end
  return contact
end

-- added handles BUDDY_CHANGED. Spectrum sends it after our own changes, too.
function contacts.added(session, m)
  session.data.contacts = session.data.contacts or {}
  if session.data.contacts[m.buddy_name] or m.buddy_name:find("/", 1, true) then
    return
  end
  session.data.contacts[m.buddy_name] = true
  local link = links.find(session, (names.parse(m.buddy_name)))
  local contact = link and link.state == "online" and add(session, link, m.buddy_name)
  if contact then
    watch(session, link, { contact })
    if not contact.watched then
      ask(session, link)
    end
  end
end

-- removed handles BUDDY_REMOVED.
function contacts.removed(session, m)
  if session.data.contacts then
    session.data.contacts[m.buddy_name] = nil
  end
  local key, nick = names.parse(m.buddy_name)
  local link = links.find(session, key)
  local contact = link and nick and get(link, nick)
  if not contact then
    return
  end
  link.contacts[names.fold(link, nick)] = nil
  if contact.watched then
    link.watched = link.watched - 1
    out.send(session, link, "MONITOR", "-", nick)
  end
end

-- roster handles BUDDIES: the complete roster, at the login.
function contacts.roster(session, m)
  for _, buddy in ipairs(m.buddy or {}) do
    contacts.added(session, buddy)
  end
end

-- From the server -----------------------------------------------------------------

-- each calls a function with each nick of a list such as "dan!d@example.org,bob".
local function each(list, fn)
  for entry in list:gmatch("[^, ]+") do
    fn(entry:match("^[^!]+") or entry)
  end
end

-- is updates whether somebody is online. It ignores nicks that are not contacts.
local function is(session, link, nick, online)
  local contact = get(link, nick)
  if contact then
    set(session, contact, online, online and contact.away)
  end
end

-- presence_of returns a handler for a list of nicks that are online, or offline.
local function presence_of(online)
  return function(session, link, msg)
    each(msg.params[#msg.params], function(nick)
      is(session, link, nick, online)
    end)
  end
end

-- found handles the answer to an ISON. Nicks that were asked for and are not in the answer
-- are offline.
local function found(session, link, msg)
  local asked = table.remove(link.ison, 1) -- nil if the user has sent the ISON
  if asked then
    events.emit("received", session, link)
  end
  local found_nicks = {}
  each(msg.params[#msg.params], function(nick)
    found_nicks[names.fold(link, nick)] = true
  end)
  each(asked or "", function(nick)
    is(session, link, nick, found_nicks[names.fold(link, nick)] == true)
  end)
end

-- there notes that the sender of a line is online.
local function there(session, link, msg)
  is(session, link, msg.source.nick, true)
end

contacts.events = {
  ["730"] = presence_of(true),
  ["731"] = presence_of(false),
  ["734"] = function(_, link, msg) -- the list is full
    each(msg.params[3] or "", function(nick)
      local contact = get(link, nick)
      if contact then
        contact.watched = false
      end
    end)
  end,
  ["303"] = found,
  heard = there,
  JOIN = there,
  QUIT = function(session, link, msg)
    is(session, link, msg.source.nick, false)
  end,
  NICK = function(session, link, msg)
    is(session, link, msg.source.nick, false)
    is(session, link, msg.params[1], true)
  end,
  away = function(session, link, nick, away)
    local contact = get(link, nick)
    if contact then
      set(session, contact, true, away)
    end
  end,
  online = function(session, link)
    link.contacts, link.watched, link.ison = {}, 0, {}
    local list = {}
    for name in pairs(session.data.contacts or {}) do
      list[#list + 1] = add(session, link, name)
    end
    watch(session, link, list)
    ask(session, link)
  end,
  offline = function(session, link)
    stop(link)
    for _, contact in pairs(link.contacts or {}) do
      set(session, contact, false)
    end
    link.contacts, link.ison = nil, {}
  end,
}

return contacts
