-- irc/links.lua: the life of one connection of one user to one server.
--
--   connecting -> registering -> online
--       ^             |            |
--       +-- waiting <-+------------+     the connection is lost; closed: for good
--
-- A link is plain data in session.data.links, so it survives a reload of the script.
-- irc/state.lua lists its fields. One task, "link KEY NUMBER", runs its states.
--
-- After a QUIT, the server may still hold the nick for a while and would refuse a new
-- login. So the old connection stays in session.data.departing until the server has
-- closed it. A new link to the same server waits for that.

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
local state = require "irc.state"

local links = {}

-- STABLE is the time online, in seconds, after which the count of failures starts again at 0.
-- REFUSED is the time, in seconds, before we ask a server again that has refused the user for
-- good.
local STABLE, REFUSED = 60, 30

-- PATIENCE multiplies the first pause after a refused login.
local PATIENCE = 10

-- GOODBYE is how many seconds a QUIT may take. It is short because a logout sends a QUIT
-- to each server in turn.
local GOODBYE = 0.3

-- DEPARTURE is how many seconds the server has to close the connection after a QUIT.
-- ngIRCd handles one command in two seconds, and takes five for a PART and a QUIT.
local DEPARTURE = 6

-- tell shows a text to the user as a message from the server.
function links.tell(session, link, text)
  session:conv_message { buddy_name = names.server(link), message = text }
end

-- The connection ------------------------------------------------------------

-- prepare resets the fields that belong to one connection.
local function prepare(link, conn)
  link.conn, link.state, link.why = conn, "registering", nil
  link.caps, link.isupport = {}, isupport.defaults()
  link.batches, link.requests, link.account = {}, {}, nil
  link.heard = time.monotonic()
  out.reset(link)
end

-- check sends a PING after a silence, and closes the connection if no line answers it.
local function check(session, link)
  if not link.conn or time.monotonic() - link.heard < settings.ping * 0.9 then
    return
  end
  local asked = time.monotonic()
  out.now(link, "PING", "spectrum")
  session:after("pong " .. link.key, settings.ping_timeout, function()
    if link.heard < asked then
      links.lose(link, "the server does not answer")
    end
  end)
end

-- start_timers starts the timers that detect a dead connection and a stuck login.
local function start_timers(session, link)
  link.pinger = session:every("ping " .. link.key, settings.ping, function()
    check(session, link)
  end)
  if link.state == "registering" then
    session:after("register " .. link.key, settings.register_timeout, function()
      if link.state == "registering" then
        links.lose(link, "the server does not accept the login in time")
      end
    end)
  end
end

-- connect connects to the current address of the server.
local function connect(session, link)
  local conn, why = dial.connect(session, link.addresses[link.at])
  if link.state ~= "connecting" then -- closed meanwhile
    if conn then
      conn:close()
    end
    return
  end
  if not conn then
    return links.lost(session, link, why)
  end
  prepare(link, conn)
  start_timers(session, link)
  events.emit("connected", session, link)
end

-- decode converts a line to UTF-8. Servers cut long lines anywhere, so half a character
-- at the end does not mean that the line has another charset.
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

-- drain reads until the server has closed a connection that we have closed.
local function drain(session, key, conn)
  repeat
    local line = conn:read_line()
  until not line
  links.departed(session, key, conn)
end

-- handle handles a line, unless we have closed the connection.
local function handle(session, link, conn, line)
  if link.conn ~= conn then
    return
  end
  link.heard = time.monotonic()
  local msg = message.parse(decode(line))
  if msg then
    events.dispatch(session, link, msg)
  end
end

-- read handles the server's lines until the connection ends. If we close the connection,
-- it reads on until the server closes it too. An error concerns only its line.
local function read(session, link)
  local conn = link.conn
  local why = spectrum.each(function()
    if link.conn == conn then
      return conn:read_line()
    end
  end, handle, session, link, conn)
  if link.conn == conn then
    return links.lost(session, link, link.why or why)
  end
  drain(session, link.key, conn)
end

-- wait sleeps until the next attempt.
local function wait(_, link)
  spectrum.sleep(math.max(0, link.wake - time.monotonic()))
  if link.state == "waiting" then
    link.state = "connecting"
  end
end

local STATES = { connecting = connect, registering = read, online = read, waiting = wait }

local function run(session, link)
  while STATES[link.state] do
    STATES[link.state](session, link)
  end
end

-- Its end ----------------------------------------------------------------------

-- drop ends the use of the connection. `close` is the function that closes it.
local function drop(session, link, why, close)
  if link.pinger then
    link.pinger:cancel()
  end
  local conn = link.conn
  link.conn, link.pinger = nil, nil
  out.reset(link)
  if conn then
    close(session, link, conn)
    events.emit("offline", session, link, why)
  end
end

local function close_at_once(_, _, conn)
  conn:close()
end

-- limit_departure gives the server some time to close a connection.
local function limit_departure(session, key, conn)
  session:after("depart " .. key, DEPARTURE, function()
    links.departed(session, key, conn)
  end)
end

-- depart gives the server time to close the connection after a QUIT.
local function depart(session, link, conn)
  session.data.departing = session.data.departing or {}
  session.data.departing[link.key] = { conn = conn, number = link.number }
  conn:set_timeout(DEPARTURE)
  conn:close_write()
  limit_departure(session, link.key, conn)
end

-- delay returns how many seconds to wait before the next attempt. The pause doubles with
-- each failure. It is randomly up to a quarter shorter, so that users do not all return at
-- once. Servers count refused logins, so the pause after a refused login is long at once.
local function delay(link)
  local full = settings.reconnect_delay * 2 ^ math.min(link.attempts - 1, 30)
  local seconds = math.min(full, settings.reconnect_delay_max)
  if link.refused_login then
    seconds = math.max(seconds, settings.reconnect_delay * PATIENCE)
  end
  return seconds * (1 - math.random() / 4)
end

-- lost handles a connection that has ended or could not be made.
function links.lost(session, link, why)
  if link.state == "closed" then
    return -- links.close does the rest
  end
  if link.online_at and time.monotonic() - link.online_at >= STABLE then
    link.attempts = 0
  end
  local was_online = link.online_at ~= nil
  link.online_at = nil
  drop(session, link, why, close_at_once)
  if link.state == "closed" then
    return -- a handler of "offline" has closed it
  end
  if link.failure then
    return links.give_up(session, link)
  end
  link.at = link.at % #link.addresses + 1
  if link.at ~= 1 and not was_online and not link.refused_login then
    link.state = "connecting" -- to the next address, at once
    return
  end
  link.attempts = link.attempts + 1
  if settings.reconnect_tries > 0 and link.attempts > settings.reconnect_tries then
    link.failure = { error = "network_error", text = why }
    return links.give_up(session, link)
  end
  local seconds = delay(link)
  link.refused_login = nil
  link.state, link.wake = "waiting", time.monotonic() + seconds
  events.emit("waiting", session, link, why, seconds)
end

-- lose closes a connection that cannot be used any more. Another attempt follows.
function links.lose(link, why)
  link.why = link.why or why
  if link.conn then
    link.conn:close()
  end
end

-- refused closes a connection after the server has refused a login that has worked
-- before. The network has a problem then, so another attempt follows later.
function links.refused(link, why)
  link.refused_login = true
  links.lose(link, why .. "; it has worked before")
end

-- fail ends a link for good, because another attempt would fail too. `err` is the error
-- for Spectrum.
function links.fail(link, err, text)
  link.failure = link.failure or { error = err, text = text }
  links.lose(link, text)
end

-- give_up closes the link and tells the user why.
function links.give_up(session, link)
  local why = ("%s: %s"):format(link.server, link.failure.text)
  link.state, link.refused_at = "closed", time.monotonic()
  events.emit("closed", session, link, why)
  if settings.one_server then
    session:disconnected { error = link.failure.error, message = why }
  else
    links.tell(session, link, why)
  end
end

-- online notes that the server has accepted the login.
function links.online(session, link)
  link.state, link.online_at = "online", time.monotonic()
  events.emit("online", session, link)
end

-- rename asks for another nick. If the server grants it, later logins ask for it too.
function links.rename(session, link, nick)
  local length = isupport.number(link.isupport, "NICKLEN")
  nick = length and encoding.utf8.truncate(nick, math.max(length, 4)) or nick
  link.asked_nick, link.claiming = nick, nil
  return out.send(session, link, "NICK", nick)
end

-- close ends a link that the user does not need any more.
function links.close(session, link, reason)
  link.state = "closed" -- first, because the server may close the connection during the QUIT
  if session.data.links[link.key] == link then
    session.data.links[link.key] = nil
  end
  if link.conn then
    link.conn:set_timeout(GOODBYE)
  end
  out.last(link, "QUIT", reason or settings.fill(settings.quit, session, link.nick) or "")
  drop(session, link, "closed", depart)
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

-- start starts the link's task, and ends an older one.
local function start(session, link)
  session:spawn(task_name(link.key, link.number), run, session, link)
end

-- departed notes that a server has closed the old connection, and starts the link that
-- waits for this.
function links.departed(session, key, conn)
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

-- begin starts a new link as soon as the server has closed the old connection.
local function begin(session, link)
  local entry = session.data.departing and session.data.departing[link.key]
  if entry then
    entry.next = link
  else
    start(session, link)
  end
end

-- resume_departures waits again for old connections, after a reload of the script.
function links.resume_departures(session)
  for key, entry in pairs(session.data.departing or {}) do
    session:spawn(task_name(key, entry.number), drain, session, key, entry.conn)
    limit_departure(session, key, entry.conn)
  end
end

-- resume continues a link after a reload of the script.
function links.resume(session, link)
  state.complete(link)
  begin(session, link)
  if link.conn then
    start_timers(session, link)
  end
end

-- find returns the open link with a key, or nil.
function links.find(session, key)
  local link = session.data.links[key]
  return link and link.state ~= "closed" and link or nil
end

-- open returns the link with a key, and creates it if necessary. It returns nil and a
-- message if the name is not a server, or if the server has just refused the user.
function links.open(session, key, server, nick)
  local link = links.find(session, key)
  if link then
    return link
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
    return nil, ('"%s" is not a server'):format(server)
  end
  link = state.new(key, server, list, nick)
  session.data.link_count = (session.data.link_count or 0) + 1
  link.number = session.data.link_count
  out.reset(link)
  session.data.links[key] = link
  begin(session, link)
  return link
end

-- all returns a list of the user's open links.
function links.all(session)
  local list = {}
  for _, link in pairs(session.data.links) do
    if link.state ~= "closed" then
      list[#list + 1] = link
    end
  end
  return list
end

return links
