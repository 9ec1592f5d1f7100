-- irc/link.lua: the life of one connection of one user to one server.
--
--   connecting -> registering -> online
--       ^             |            |
--       +-- waiting <-+------------+     the connection is lost; closed: for good
--
-- A link is plain data in session.data.links, so that it outlives a reload of the
-- script; one task, "link KEY NUMBER", takes it through its states.
--
-- A server that has just been left may not know it yet, and would refuse the nick. So its
-- connection stays in session.data.departing until the server has closed it, and a new
-- link to the same server waits for that.

local spectrum = require "spectrum"
local encoding = require "spectrum.encoding"
local time = require "spectrum.time"
local dial = require "irc.dial"
local events = require "irc.events"
local isupport = require "irc.isupport"
local message = require "irc.message"
local names = require "irc.names"
local out = require "irc.out"
local settings = require "irc.settings"

local link = {}

-- STABLE is how long a connection has to last, in seconds, to count as none of a row
-- of failures. REFUSED is how long a server that has refused a user for good is not
-- asked again.
local STABLE, REFUSED = 60, 30

-- PATIENCE is how many times longer the first pause is after a refused login.
local PATIENCE = 10

-- GOODBYE is how long a QUIT may take, in seconds: a logout has one for all servers.
local GOODBYE = 0.3

-- DEPARTURE is how many seconds the server has to close a connection that was left.
-- ngIRCd handles one command in two seconds, and takes five for a PART and a QUIT.
local DEPARTURE = 6

-- tell says something to the user that belongs to no room: as the server.
function link.tell(session, l, text)
  session:conv_message { buddy_name = names.server(l), message = text }
end

-- The connection ------------------------------------------------------------

-- prepare makes the state of a new connection.
local function prepare(l, conn)
  l.conn, l.state, l.why = conn, "registering", nil
  l.caps, l.isupport = {}, isupport.defaults()
  l.batches, l.requests, l.account = {}, {}, nil
  l.heard = time.monotonic()
  out.reset(l)
end

-- check is the timer that finds out whether the server is still there.
local function check(session, l)
  if not l.conn or time.monotonic() - l.heard < settings.ping * 0.9 then
    return
  end
  local asked = time.monotonic()
  out.now(l, "PING", "spectrum")
  session:after("pong " .. l.key, settings.ping_timeout, function()
    if l.heard < asked then
      link.lose(l, "the server does not answer")
    end
  end)
end

-- start_timers starts what watches over a connection.
local function start_timers(session, l)
  l.pinger = session:every("ping " .. l.key, settings.ping, function()
    check(session, l)
  end)
  if l.state == "registering" then
    session:after("register " .. l.key, settings.register_timeout, function()
      if l.state == "registering" then
        link.lose(l, "the server does not let us in")
      end
    end)
  end
end

-- connect tries the next of the server's addresses.
local function connect(session, l)
  local conn, why = dial.connect(session, l.addresses[l.at])
  if l.state ~= "connecting" then -- closed meanwhile
    if conn then
      conn:close()
    end
    return
  end
  if not conn then
    return link.lost(session, l, why)
  end
  prepare(l, conn)
  start_timers(session, l)
  events.emit("connected", session, l)
end

-- decode makes UTF-8 of a line. Servers cut lines that are too long wherever that is:
-- half a character at the end makes no other charset of the rest.
local function decode(line)
  if settings.charset ~= "utf-8" then
    return encoding.to_utf8(line, settings.charset) or line
  end
  if encoding.utf8.valid(line) then
    return line
  end
  local whole = line:match("^(.*)[\194-\244][\128-\191]?[\128-\191]?$")
  if whole and whole:find("[\128-\255]") and encoding.utf8.valid(whole) then
    return whole
  end
  return encoding.to_utf8(line, settings.fallback_charset) or line
end

-- drain waits until the server has closed a connection that was closed on this side.
local function drain(session, key, conn)
  repeat
    local line = conn:read_line()
  until not line
  link.departed(session, key, conn)
end

-- read handles what the server says, until the connection ends. A connection that was
-- closed on this side is read until the server has closed it, too.
local function read(session, l)
  local conn = l.conn
  while l.conn == conn do
    local line, why = conn:read_line()
    if l.conn == conn then
      if not line then
        return link.lost(session, l, l.why or why)
      end
      l.heard = time.monotonic()
      local msg = message.parse(decode(line))
      if msg then
        events.dispatch(session, l, msg)
      end
    end
  end
  drain(session, l.key, conn)
end

-- wait lets the time pass until the next attempt.
local function wait(_, l)
  spectrum.sleep(math.max(0, l.wake - time.monotonic()))
  if l.state == "waiting" then
    l.state = "connecting"
  end
end

local STATES = { connecting = connect, registering = read, online = read, waiting = wait }

local function run(session, l)
  while STATES[l.state] do
    STATES[l.state](session, l)
  end
end

-- Its end ----------------------------------------------------------------------

-- drop gives up the connection. `close` closes it.
local function drop(session, l, why, close)
  if l.pinger then
    l.pinger:cancel()
  end
  local conn = l.conn
  l.conn, l.pinger = nil, nil
  out.reset(l)
  if conn then
    close(session, l, conn)
    events.emit("offline", session, l, why)
  end
end

local function close_at_once(_, _, conn)
  conn:close()
end

-- limit_departure gives the server some time to close a connection.
local function limit_departure(session, key, conn)
  session:after("depart " .. key, DEPARTURE, function()
    link.departed(session, key, conn)
  end)
end

-- depart leaves it to the server to close a connection after a QUIT, for some time.
local function depart(session, l, conn)
  session.data.departing = session.data.departing or {}
  session.data.departing[l.key] = { conn = conn, number = l.number }
  conn:set_timeout(DEPARTURE)
  conn:close_write()
  limit_departure(session, l.key, conn)
end

-- delay is how long to wait before the next attempt: longer with each failure, and
-- up to a quarter less, so that users do not come back together. Servers count logins
-- that they have refused, so after one the first pause is a long one already.
local function delay(l)
  local full = settings.reconnect_delay * 2 ^ math.min(l.attempts - 1, 30)
  local seconds = math.min(full, settings.reconnect_delay_max)
  if l.refused_login then
    seconds = math.max(seconds, settings.reconnect_delay * PATIENCE)
  end
  return seconds * (1 - math.random() / 4)
end

-- lost handles the end of a connection, or that there is none.
function link.lost(session, l, why)
  if l.state == "closed" then
    return -- by link.close, which sees to the rest
  end
  if l.online_at and time.monotonic() - l.online_at >= STABLE then
    l.attempts = 0
  end
  local was_online = l.online_at ~= nil
  l.online_at = nil
  drop(session, l, why, close_at_once)
  if l.state == "closed" then
    return -- while the user was told
  end
  if l.failure then
    return link.give_up(session, l)
  end
  l.at = l.at % #l.addresses + 1
  if l.at ~= 1 and not was_online and not l.refused_login then
    l.state = "connecting" -- the next of the list, at once
    return
  end
  l.attempts = l.attempts + 1
  if settings.reconnect_tries > 0 and l.attempts > settings.reconnect_tries then
    l.failure = { error = "network_error", text = why }
    return link.give_up(session, l)
  end
  local seconds = delay(l)
  l.refused_login = nil
  l.state, l.wake = "waiting", time.monotonic() + seconds
  events.emit("waiting", session, l, why, seconds)
end

-- lose ends a connection that is of no use any more; another one is tried.
function link.lose(l, why)
  l.why = l.why or why
  if l.conn then
    l.conn:close()
  end
end

-- refused ends a connection whose login was refused, although the same one has worked
-- before: the network has a problem, and another attempt comes later.
function link.refused(l, why)
  l.refused_login = true
  link.lose(l, why .. "; it has worked before")
end

-- fail ends a link for good: trying again would lead to the same. `err` is the error
-- that Spectrum is told.
function link.fail(l, err, text)
  l.failure = l.failure or { error = err, text = text }
  link.lose(l, text)
end

-- give_up tells the user why there is no connection and will be none.
function link.give_up(session, l)
  local why = ("%s: %s"):format(l.server, l.failure.text)
  l.state, l.refused_at = "closed", time.monotonic()
  events.emit("closed", session, l, why)
  if settings.one_server then
    session:disconnected { error = l.failure.error, message = why }
  else
    link.tell(session, l, why)
  end
end

-- online notes that the server has let us in.
function link.online(session, l)
  l.state, l.online_at = "online", time.monotonic()
  events.emit("online", session, l)
end

-- rename asks for another nick. It is the one to ask for at later logins, too, once
-- the server has given it.
function link.rename(session, l, nick)
  local length = isupport.number(l.isupport, "NICKLEN")
  nick = length and encoding.utf8.truncate(nick, math.max(length, 4)) or nick
  l.asked_nick, l.claiming = nick, nil
  return out.send(session, l, "NICK", nick)
end

-- close ends a link that the user does not need any more.
function link.close(session, l, reason)
  l.state = "closed" -- first, since the server may hang up while we say it
  if session.data.links[l.key] == l then
    session.data.links[l.key] = nil
  end
  if l.conn then
    l.conn:set_timeout(GOODBYE)
  end
  out.last(l, "QUIT", reason or settings.fill(settings.quit, session, l.nick) or "")
  drop(session, l, "closed", depart)
end

-- Finding one -----------------------------------------------------------------

local function addresses(key, server)
  if settings.one_server then
    return settings.servers
  end
  if settings.networks[key] then
    return settings.networks[key]
  end
  return { settings.address(server) }
end

local function task_name(key, number)
  return ("link %s %d"):format(key, number or 0)
end

-- start has the link's task run, in the place of the one that ran before.
local function start(session, l)
  session:spawn(task_name(l.key, l.number), run, session, l)
end

-- departed notes that a server has closed the connection that was left. A link that has
-- waited for it begins.
function link.departed(session, key, conn)
  local departing = session.data.departing or {}
  local entry = departing[key]
  conn:close()
  if not entry or entry.conn ~= conn then
    return
  end
  departing[key] = nil
  if entry.next and entry.next.state == "connecting" then
    start(session, entry.next)
  end
end

-- begin starts a new link, as soon as the server has closed the one before.
local function begin(session, l)
  local entry = session.data.departing and session.data.departing[l.key]
  if entry then
    entry.next = l
  else
    start(session, l)
  end
end

-- resume_departures goes on with what was left, after a reload of the script.
function link.resume_departures(session)
  for key, entry in pairs(session.data.departing or {}) do
    session:spawn(task_name(key, entry.number), drain, session, key, entry.conn)
    limit_departure(session, key, entry.conn)
  end
end

-- resume goes on with a link after a reload of the script.
function link.resume(session, l)
  begin(session, l)
  if l.conn then
    start_timers(session, l)
  end
end

-- find is the link with a key, if it is open.
function link.find(session, key)
  local l = session.data.links[key]
  return l and l.state ~= "closed" and l or nil
end

-- open is the link with a key; it is made if there is none. It returns nil and why
-- if the server cannot be one, or has just refused us.
function link.open(session, key, server, nick)
  local l = link.find(session, key)
  if l then
    return l
  end
  local old = session.data.links[key]
  if old and time.monotonic() - old.refused_at < REFUSED then
    return nil, ("%s: %s"):format(old.server, old.failure.text)
  end
  if settings.allowed and not settings.allowed[key] and not settings.one_server then
    return nil, ("this transport does not connect to %s"):format(server)
  end
  local list = addresses(key, server)
  if #list == 0 then
    return nil, ('"%s" is no server'):format(server)
  end
  l = {
    key = key, server = server, addresses = list, at = 1,
    state = "connecting", attempts = 0,
    nick = nick, wanted = nick,
    rooms = {}, chats = {}, monitored = {}, pending = {},
    isupport = isupport.defaults(), caps = {}, batches = {}, requests = {},
  }
  session.data.link_count = (session.data.link_count or 0) + 1
  l.number = session.data.link_count
  out.reset(l)
  session.data.links[key] = l
  begin(session, l)
  return l
end

-- all is a list of a user's links that are open.
function link.all(session)
  local list = {}
  for _, l in pairs(session.data.links) do
    if l.state ~= "closed" then
      list[#list + 1] = l
    end
  end
  return list
end

return link
