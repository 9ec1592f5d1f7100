-- irc_test.lua: tests of logins and lost connections. The tests play the servers. The other
-- files irc_*_test.lua have one topic each.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

-- Logging in --------------------------------------------------------------------

test.case("the registration, line by line", function(t)
  local server = t:serve(function(conn)
    conn:expect_line("^CAP LS 302$")
    conn:expect_line("^NICK alice$")
    conn:expect_line("^USER alice 0 %* alice$")
    fake.say(conn, "CAP * LS * :multi-prefix away-notify=x", "CAP * LS :server-time unheard-of")
    conn:expect_line("^CAP REQ :away%-notify multi%-prefix server%-time$")
    fake.say(conn, "CAP alice ACK :away-notify multi-prefix server-time ")
    conn:expect_line("^CAP END$")
    fake.welcome(conn, "alice")
    conn:expect_line("^QUIT ")
    conn:expect_close()
  end)
  t:start { config = fake.config(server) }
  local alice = t:login()
  alice:expect("connected")
  alice:never("conv_message")
  alice:logout()
  server:wait()
end)

test.case("capabilities that are refused together are requested one by one", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS :away-notify server-time")
    conn:expect_line("^CAP REQ :away%-notify server%-time$")
    fake.say(conn, "CAP * NAK :away-notify server-time")
    conn:expect_line("^CAP REQ away%-notify$")
    conn:expect_line("^CAP REQ server%-time$")
    fake.say(conn, "CAP * NAK :away-notify", "CAP * ACK :server-time")
    conn:expect_line("^CAP END$")
    fake.welcome(conn, "alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server) }
  t:login():expect("connected")
end)

test.case("a server that does not end CAP", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS * :away-notify")
    fake.reach(conn)
    conn:expect_line("^CAP END$")
    fake.welcome(conn, "alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { cap_timeout = 10 }) }
  local alice = t:login()
  fake.await(t)
  alice:never("connected")
  t:advance(10)
  alice:expect("connected")
end)

test.case("a server that sends nothing", function(t)
  local server = t:serve(function(conn, n)
    conn:find_line("^USER ")
    if n == 1 then
      fake.reach(conn) -- no other line
    else
      fake.welcome(conn, "alice")
    end
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { register_timeout = 60, reconnect_delay = 5 }) }
  local alice = t:login()
  fake.await(t)
  t:advance(60)
  alice:expect("conv_message", { buddy_name = "127.0.0.1", message = t.pattern("does not accept the login in time") })
  alice:never("disconnected")
  t:advance(5)
  alice:expect("connected")
end)

test.case("the nick is in use", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "433 * alice :Nickname is already in use")
    conn:expect_line("^NICK alice_$")
    fake.say(conn, "436 * alice_ :Nickname collision")
    conn:expect_line("^NICK alice__$")
    fake.welcome(conn, "alice__")
    fake.enter(conn, "alice__", "#lua", "alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server) }
  local alice = t:login()
  alice:expect("connected")
  alice:expect("conv_message", { message = "You cannot be alice there, so you are alice__." })
  fake.join(alice, "#lua")
  alice:expect("participant_changed", { nickname = "alice", flag = {} })
  alice:expect("room_nickname_changed", { room = "#lua", nickname = "alice__" })
  alice:expect("participant_changed", { nickname = "alice__", flag = { "me" } })
end)

test.case("every nick is in use", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    repeat
      fake.say(conn, "433 * alice :Nickname is already in use")
      local line = conn:read_line()
      test.truthy(not line or line:find("^NICK "), line)
    until not line
  end)
  t:start { config = fake.config(server, { nick_tries = 4 }) }
  t:login():expect("disconnected", { error = "name_in_use", message = t.pattern("alice is in use") })
end)

test.case("a nick that is not allowed", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^NICK al|ice$")
    fake.say(conn, "432 * al|ice :Erroneous nickname")
    conn:find_line("^NICK alice$")
    fake.say(conn, "432 * alice :Erroneous nickname")
    conn:expect_close()
  end)
  t:start { config = fake.config(server) }
  local alice = t:login { legacy_name = "al|ice" }
  alice:expect("disconnected", { error = "invalid_username", message = t.pattern("Erroneous nickname") })
end)

test.case("a wrong server password is final", function(t)
  local server = t:serve(function(conn)
    conn:expect_line("^PASS secret$")
    fake.say(conn, "464 * :Password incorrect")
    conn:write_line("ERROR :Closing Link: Bad Password")
  end)
  t:start { config = fake.config(server, { send_pass = 1 }) }
  t:login():expect("disconnected", { error = "authentication_failed" })
  t:advance(600)
  t.equal(server.count, 1)
end)

for name, said in pairs {
  ["a ban"] = { "465 alice :You are banned from this server", "authentication_impossible" },
  ["a K-line"] = { "ERROR :Closing Link: host.example (K-Lined)", "authentication_impossible" },
  ["a wrong password, in the words of ngIRCd,"] = {
    "ERROR :Closing connection: alice[~alice@127.0.0.1] (Access denied: Bad password?)",
    "authentication_failed",
  },
} do
  test.case(name .. " is final", function(t)
    local server = t:serve(function(conn)
      conn:find_line("^USER ")
      conn:write_line(said[1])
    end)
    t:start { config = fake.config(server) }
    t:login():expect("disconnected", { error = said[2] })
    t:advance(600)
    t.equal(server.count, 1)
  end)
end

test.case("the servers of a list are tried one after the other", function(t)
  local server = fake.serve(t, {}, fake.hold)
  t:start { config = fake.config(server, { server = "127.0.0.1:1, " .. server.address }) }
  t:login():expect("connected")
end)

test.case("NickServ and the admin's commands", function(t)
  local server = fake.start(t, {
    config = { identify = "NickServ identify $name $password", command = { "MODE $nick +x", "JOIN ${hash}help" } },
  }, function(conn)
    conn:expect_line("^PRIVMSG NickServ :identify alice secret$")
    conn:expect_line("^MODE alice %+x$")
    conn:expect_line("^JOIN #help$")
  end)
  t:login()
  server:wait()
end)

test.case("a network without NickServ", function(t)
  fake.start(t, { config = { identify = "NickServ identify $name $password" } }, function(conn)
    conn:expect_line("^PRIVMSG NickServ ")
    fake.say(conn, "401 alice NickServ :No such nick/channel")
    conn:expect_line("^PRIVMSG nickserv ")
    fake.say(conn, "401 alice nickserv :No such nick/channel")
    fake.hold(conn)
  end)
  local alice = t:login()
  alice:expect("connected")
  t:settle()
  alice:say("nickserv", "help")
  alice:expect("conv_message", { buddy_name = "nickserv" })
  alice:never()
end)

test.case("WEBIRC identifies the user of the connection", function(t)
  local server = t:serve(function(conn)
    conn:expect_line("^WEBIRC hush spectrum alice%.localhost fd%x%x:[%x:]+$")
    conn:expect_line("^CAP LS 302$")
  end)
  t:start { config = fake.config(server, { webirc = "hush" }) }
  t:login()
  server:wait()
end)

test.case("TLS", function(t)
  local server = fake.serve(t, { serve = { tls = true } }, fake.hold)
  t:start { config = fake.config(server, { server = "127.0.0.1:+" .. server.port, ca = server.ca }) }
  t:login():expect("connected")
end)

for key, wrong in pairs {
  server = "host:port",
  sasl = "maybe",
  charset = "klingon",
  flood_lines = "0",
  network = "alone",
  port = "6697+",
  servr = "irc.example.net",
  cert = "$name.pem",
} do
  test.case("a wrong " .. key .. " is an error that names it", function(t)
    t.error(function()
      t:start { config = { irc = { [key] = wrong } } }
    end, "%[irc%] " .. key .. ": ")
  end)
end

-- The connection is lost ----------------------------------------------------------

test.case("after a lost connection the user is back in the rooms", function(t)
  local server = fake.start(t, { config = { reconnect_delay = 4, reconnect_delay_max = 8 } }, function(conn, n)
    fake.enter(conn, "alice", "#lua", n == 1 and "dan eve" or "dan fay")
    if n == 1 then
      conn:expect_line("^PRIVMSG #lua go$")
      return
    end
    fake.hold(conn)
  end)
  local alice = t:login()
  alice:expect("connected")
  fake.join(alice, "#lua")
  alice:expect("room_subject_changed")
  alice:say("#lua", "go")
  alice:expect(
    "conv_message",
    { buddy_name = "#lua", message = t.pattern("No connection to 127.0.0.1: closed by the peer") }
  )
  alice:expect("participant_changed", { nickname = "dan" })
  alice:expect("participant_changed", { nickname = "eve", status = "online" })
  alice:expect("participant_changed", { flag = { "me" } })
  t.equal(server.count, 1)
  t:advance(4)
  alice:expect("conv_message", { buddy_name = "#lua", message = "Connected again." })
  alice:expect("participant_changed", { nickname = "eve", status = "none" })
  alice:expect("participant_changed", { nickname = "fay", status = "online" })
  alice:never("participant_changed", { nickname = "dan" })
  alice:never("disconnected")
  alice:never("connected", {})
end)

test.case("a connection without an answer to PING is closed", function(t)
  local server = fake.start(t, { config = { ping = 90, ping_timeout = 60, reconnect_delay = 1 } }, function(conn, n)
    fake.reach(conn)
    conn:expect_line("^PING spectrum$", 20)
    if n == 2 then
      fake.say(conn, "PONG " .. fake.NAME .. " spectrum")
      fake.reach(conn)
    end
    fake.hold(conn)
  end)
  t:login():expect("connected")
  fake.await(t)
  t:advance(90)
  t:advance(60)
  t:settle()
  t:advance(1)
  fake.await(t)
  t.equal(server.count, 2)
  t:advance(90)
  fake.await(t)
  t:advance(80)
  t:settle()
  t.equal(server.count, 2)
end)
