-- irc/fakeserver.lua: an IRC server and helpers for the tests. Only tests require it.
--
--   local server = fake.start(t, {}, function(conn) … end)     one-server mode
--
-- fn is called with each connection after its login.

local spectrum = require "spectrum"

local fake = {}

-- steps holds one value for each fake.reach that no fake.await has received yet.
local steps = spectrum.channel(100)

fake.NAME = "irc.example.net"

-- say writes lines as the server: "353 …" becomes ":irc.example.net 353 …".
function fake.say(conn, ...)
  for _, line in ipairs { ... } do
    assert(conn:write_line(":" .. fake.NAME .. " " .. line))
  end
end

-- reach waits until the script has handled all lines that were written to it. Then it lets
-- one fake.await return.
function fake.reach(conn)
  conn:write_line("PING reached")
  conn:find_line("^PONG reached$")
  steps:send(true)
end

-- await waits until a server is at its next fake.reach.
function fake.await(t)
  t.truthy(steps:receive(60), "the server has not come so far")
  t:settle()
end

-- advance_until advances the clock in steps of a second until a server has had `count`
-- connections.
function fake.advance_until(t, server, count)
  for _ = 1, 1000 do
    if server.count >= count then
      return
    end
    t:advance(1)
    t:settle()
    spectrum.sleep(0.005)
  end
  t.fail("there are only " .. server.count .. " connections")
end

-- greet plays the login of a client. `o` has caps, the capabilities to offer, isupport, and
-- nick, the nick that the client gets.
function fake.greet(conn, o)
  conn:expect_line("^CAP LS 302$")
  local nick = conn:expect_line("^NICK (%S+)$")
  conn:expect_line("^USER ")
  if o.caps then
    fake.say(conn, "CAP * LS :" .. o.caps)
    local wanted = conn:expect_line("^CAP REQ :?(.*)$")
    fake.say(conn, "CAP * ACK :" .. wanted)
    conn:expect_line("^CAP END$")
  else
    fake.say(conn, "421 * CAP :Unknown command")
  end
  fake.welcome(conn, o.nick or nick, o.isupport)
end

-- welcome sends the greeting after a login.
function fake.welcome(conn, nick, isupport)
  fake.say(
    conn,
    ("001 %s :Welcome to IRC %s!~%s@host.example"):format(nick, nick, nick),
    ("005 %s %s :are supported by this server"):format(
      nick,
      isupport or "PREFIX=(qaohv)~&@%+ CHANTYPES=# CASEMAPPING=rfc1459"
    ),
    ("422 %s :MOTD File is missing"):format(nick)
  )
end

-- serve starts a server that accepts every login.
function fake.serve(t, o, fn)
  return t:serve(function(conn, n)
    fake.greet(conn, o)
    fn(conn, n)
  end, o.serve)
end

-- config returns the config of a transport for a server; `more` overrides keys of [irc].
function fake.config(peer, more)
  local irc = { server = peer.address, identify = "", flood_seconds = 0, away_timeout = 0 }
  for key, value in pairs(more or {}) do
    irc[key] = value
  end
  return { irc = irc }
end

-- start starts a server and the script for it. o.config has more keys of [irc].
function fake.start(t, o, fn)
  local peer = fake.serve(t, o, fn)
  t:start { config = fake.config(peer, o.config) }
  return peer
end

-- enter answers the client's JOIN. `list` holds the other members of the room.
function fake.enter(conn, nick, room, list)
  conn:expect_line("^JOIN " .. room:gsub("%p", "%%%0") .. "$")
  conn:write_line((":%s!~%s@host.example JOIN %s"):format(nick, nick, room))
  fake.say(
    conn,
    ("353 %s = %s :%s %s"):format(nick, room, nick, list or ""),
    ("366 %s %s :End of /NAMES list"):format(nick, room)
  )
end

-- join has a user join a room; `more` holds further fields of the message.
function fake.join(user, room, more)
  local fields = { room = room, nickname = "alice" }
  for key, value in pairs(more or {}) do
    fields[key] = value
  end
  user:send("join_room", fields)
end

-- leave has a user leave a room.
function fake.leave(user, room)
  user:send("leave_room", { room = room, nickname = "alice" })
end

-- log_in starts a server and the script, and logs alice in. The server calls fn and then
-- keeps the connection open. `o` has the options of fake.start.
function fake.log_in(t, o, fn)
  local server = fake.start(t, o, function(conn, n)
    fn(conn, n)
    fake.hold(conn)
  end)
  local user = t:login()
  user:expect("connected")
  return user, server
end

-- in_room logs alice in and has her join rooms; then the server calls fn. `o` has the
-- options of fake.start, o.rooms, which is { "#lua" } by default, and o.occupants: who
-- is in each room, "dan" by default.
function fake.in_room(t, o, fn)
  local rooms = o.rooms or { "#lua" }
  local user, server = fake.log_in(t, o, function(conn, n)
    for _, room in ipairs(rooms) do
      fake.enter(conn, "alice", room, o.occupants or "dan")
    end
    fn(conn, n)
  end)
  for _, room in ipairs(rooms) do
    fake.join(user, room)
    user:expect("room_subject_changed", { buddy_name = room })
  end
  return user, server
end

-- hold keeps the connection until the client closes it.
function fake.hold(conn)
  repeat
    local line = conn:read_line()
  until not line
end

return fake
