-- irc/links.lua: the life of one connection of one user to one server.
--
--   connecting -> registering -> online
--       ^             |            |
--       +-- waiting <-+------------+     the connection is lost; closed: for good
--
-- A link is plain data in session.data.links, so it survives a reload of the script.
-- irc/state.lua lists its fields. session:connection connects, reads and waits for it.
--
-- After a QUIT, the server may still hold the nick for a while and would refuse a new
-- login. So a new link to the same server waits until the server has closed the old one.

local encoding = require "spectrum.encoding"
local time = require "spectrum.time"
local dial = require "irc.dial"
local events = require "irc.events"
local isupport = require "irc.isupport"
local lines = require "irc.lines"
local names = require "irc.names"
local out = require "irc.out"
local settings = require "irc.settings"
local state = require "irc.state"

local links = {}

-- REFUSED is the time, in seconds, before we ask a server again that has refused the user for
-- good. PATIENCE multiplies the first pause after a refused login.
local REFUSED, PATIENCE = 30, 10

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

-- limit_login closes the connection if the server does not accept the login in time.
local function limit_login(session, link)
  link.login_timer = session:after("register " .. link.key, settings.register_timeout, function()
    if link.state == "registering" then
      links.lose(link, "the server does not accept the login in time")
    end
  end)
end

-- begin resets the fields that belong to one connection, and starts the login.
local function begin(session, link, conn)
  link.conn, link.state = conn, "registering"
  link.caps, link.isupport = {}, isupport.defaults()
  link.batches, link.requests, link.account = {}, {}, nil
  out.reset(link)
  limit_login(session, link)
  events.emit("connected", session, link)
end

-- offline ends the use of a connection.
local function offline(session, link, why)
  local conn = link.conn
  link.conn = nil
  out.reset(link)
  if conn then
    events.emit("offline", session, link, why)
  end
end

-- lost handles a connection that has ended or could not be made. It returns how many seconds
-- to wait. Servers count refused logins, so the pause after a refused login is long at once.
local function lost(session, link, why, seconds)
  if link.state == "closed" then
    return -- links.close does the rest
  end
  local was_online = link.state == "online"
  offline(session, link, why)
  if link.state == "closed" then
    return -- a handler of "offline" has closed it
  end
  if link.failure then
    return links.give_up(session, link)
  end
  link.at = link.at % #link.addresses + 1
  if link.at ~= 1 and not was_online and not link.refused_login then
    link.state = "connecting"
    return 0 -- to the next address, at once
  end
  if link.refused_login then
    seconds = math.max(seconds, settings.reconnect_delay * PATIENCE * (1 - math.random() / 4))
  end
  link.refused_login, link.state, link.waited = nil, "waiting", true
  events.emit("waiting", session, link, why, seconds)
  return seconds
end

-- connect starts the connection of a link. After a reload, it gives the open connection the
-- functions of this script.
local function connect(session, link)
  link.connection = session:connection("irc " .. link.key, {
    connect = function()
      link.state = "connecting"
      return dial.connect(session, link.addresses[link.at])
    end,
    online = function(conn)
      begin(session, link, conn)
    end,
    line = function(line)
      local msg = lines.read(line)
      if msg then
        events.dispatch(session, link, msg)
      end
    end,
    lost = function(why, seconds)
      return lost(session, link, why, seconds)
    end,
    failed = function(err, why)
      offline(session, link, why)
      link.failure = { error = err, text = why }
      links.give_up(session, link)
    end,
    ping = function()
      out.now(link, "PING", "spectrum")
    end,
    ping_after = settings.ping,
    ping_timeout = settings.ping_timeout,
    delay = settings.reconnect_delay,
    delay_max = settings.reconnect_delay_max,
    tries = settings.reconnect_tries,
  })
end

-- Its end ----------------------------------------------------------------------

-- lose closes a connection that cannot be used any more. Another attempt follows.
function links.lose(link, why)
  link.connection:reconnect(why)
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
  link.connection:close()
  events.emit("closed", session, link, why)
  if settings.one_server then
    session:disconnected { error = link.failure.error, message = why }
  else
    links.tell(session, link, why)
  end
end

-- online notes that the server has accepted the login.
function links.online(session, link)
  link.state, link.waited = "online", nil
  if link.login_timer then
    link.login_timer:cancel()
    link.login_timer = nil
  end
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
  link.connection:close(DEPARTURE)
  offline(session, link, "closed")
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

-- resume continues a link after a reload of the script.
function links.resume(session, link)
  state.complete(link)
  connect(session, link)
  if link.state == "registering" then
    limit_login(session, link)
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
  out.reset(link)
  session.data.links[key] = link
  connect(session, link)
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
