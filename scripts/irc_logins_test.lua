-- irc_logins_test.lua: logins that fail although the password is correct, because services are
-- down or do not answer, and names that the server does not accept.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

-- authenticate plays a login up to AUTHENTICATE PLAIN.
local function authenticate(conn)
  conn:find_line("^USER ")
  fake.say(conn, "CAP * LS :sasl=PLAIN")
  conn:expect_line("^CAP REQ :?sasl$")
  fake.say(conn, "CAP * ACK :sasl")
  conn:expect_line("^AUTHENTICATE PLAIN$")
end

-- let_in plays the rest of a login that works.
local function let_in(conn)
  conn:write_line("AUTHENTICATE +")
  conn:expect_line("^AUTHENTICATE %S+$")
  fake.say(
    conn,
    "900 alice alice!a@h alice :You are now logged in as alice",
    "903 alice :SASL authentication successful"
  )
  conn:expect_line("^CAP END$")
  fake.welcome(conn, "alice")
end

-- FAILURES has answers of a server while its services are down.
local FAILURES = {
  ["902"] = { "902 alice :You must use a nick assigned to you" },
  ["904"] = { "904 alice :SASL authentication failed" },
  ["905"] = { "905 alice :SASL message too long" },
  ["906"] = { "906 alice :SASL authentication aborted" },
  ["908, 904"] = { "908 alice EXTERNAL :are available SASL mechanisms", "904 alice :SASL authentication failed" },
}

-- relogin logs alice in on the first connection, and calls fn with the next ones.
local function relogin(t, fn, more)
  local server = t:serve(function(conn, n)
    if n == 1 then
      authenticate(conn)
      let_in(conn)
      conn:expect_line("^PRIVMSG dan go$")
      return
    end
    fn(conn, n)
  end)
  local config = { reconnect_delay = 1, reconnect_delay_max = 1 }
  for key, value in pairs(more or {}) do
    config[key] = value
  end
  t:start { config = fake.config(server, config) }
  local user = t:login()
  user:expect("connected")
  user:say("dan", "go")
  return user, server
end

for name, lines in pairs(FAILURES) do
  test.case("a login that has worked before gets another attempt: " .. name, function(t)
    local user, server = relogin(t, function(conn, n)
      authenticate(conn)
      if n < 4 then
        fake.say(conn, unpack(lines))
        conn:read_line()
        return
      end
      let_in(conn)
      fake.reach(conn)
      fake.hold(conn)
    end)
    fake.advance_until(t, server, 4)
    fake.await(t)
    user:never("disconnected")
  end)

  test.case("a first login that fails is final: " .. name, function(t)
    local server = t:serve(function(conn)
      authenticate(conn)
      fake.say(conn, unpack(lines))
      fake.hold(conn)
    end)
    t:start { config = fake.config(server) }
    t:login():expect("disconnected", { error = "authentication_failed" })
    t:advance(600)
    t.equal(server.count, 1)
  end)
end

test.case("a login that has worked before fails for good after a day", function(t)
  local STEP = 590 -- seconds, less than the timeouts: a login that begins in a step survives it
  local ended = 1
  local user, server = relogin(t, function(conn)
    if pcall(authenticate, conn) then
      fake.say(conn, "904 alice :SASL authentication failed")
      conn:read_line()
    end
    ended = ended + 1
  end, {
    reconnect_delay = 3600,
    reconnect_delay_max = 40000,
    ping = 3600,
    stop_limit = 3600,
    connect_timeout = 600,
    cap_timeout = 600,
    sasl_timeout = 600,
    register_timeout = 600,
  })
  local hours = 0
  local final
  repeat
    hours = hours + STEP / 3600
    t:advance(STEP)
    t.eventually(function()
      return ended == server.count
    end, 10)
    final = pcall(user.expect, user, "disconnected", { error = "authentication_failed" }, 0.01)
  until final or hours > 60
  t.truthy(final and hours > 24, hours .. " hours")
  t.truthy(server.count > 4, server.count)
end)

test.case("another process knows that a login has worked", function(t)
  local password = "secret"
  local server = t:serve(function(conn, n)
    authenticate(conn)
    if n == 1 then
      let_in(conn)
    else
      fake.say(conn, "904 alice :SASL authentication failed")
    end
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { reconnect_delay = 1000, reconnect_delay_max = 1000 }) }
  local first = t:login { password = password }
  first:expect("connected")
  first:logout()
  t.eventually(function() -- only the store knows the first login
    local second = t:login { password = password }
    local known =
      pcall(second.expect, second, "conv_message", { message = t.pattern("it has worked before.*next attempt") }, 0.5)
    second:logout()
    return known
  end)
  local third = t:login { password = "another one" }
  third:expect("disconnected", { error = "authentication_failed" })
end)

test.case("the configured mechanism is not offered while services are down", function(t)
  local user, server = relogin(t, function(conn, n)
    if n > 2 then
      authenticate(conn)
      let_in(conn)
      fake.reach(conn)
    else
      conn:find_line("^USER ")
      fake.say(conn, "CAP * LS :away-notify")
      conn:expect_line("^CAP REQ ")
      fake.say(conn, "CAP * ACK :away-notify")
    end
    fake.hold(conn)
  end, { sasl = "plain" })
  fake.advance_until(t, server, 3)
  fake.await(t)
  user:never("disconnected")
end)

test.case("a server password that has worked before", function(t)
  local server = t:serve(function(conn, n)
    conn:expect_line("^PASS secret$")
    conn:find_line("^USER ")
    if n == 2 then
      fake.say(conn, "464 * :Password incorrect")
      fake.hold(conn)
    elseif n == 3 then
      conn:write_line("ERROR :Closing Link: Access denied")
    else
      fake.welcome(conn, "alice")
      if n == 1 then
        conn:expect_line("^PRIVMSG dan go$")
        return
      end
      fake.reach(conn)
      fake.hold(conn)
    end
  end)
  t:start { config = fake.config(server, { send_pass = 1, reconnect_delay = 1, reconnect_delay_max = 1 }) }
  local user = t:login()
  user:expect("connected")
  user:say("dan", "go")
  fake.advance_until(t, server, 4)
  fake.await(t)
  user:never("disconnected")
end)

-- No answer ------------------------------------------------------------------------

test.case("services do not answer: with optional SASL the login continues without it", function(t)
  local server = t:serve(function(conn)
    authenticate(conn)
    fake.reach(conn)
    conn:expect_line("^AUTHENTICATE %*$", 10)
    conn:expect_line("^CAP END$")
    fake.say(conn, "906 alice :SASL authentication aborted")
    fake.welcome(conn, "alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { sasl = "optional", sasl_timeout = 20 }) }
  local user = t:login()
  fake.await(t)
  t:advance(10)
  user:never("connected")
  t:advance(10)
  user:expect("conv_message", { message = t.pattern("does not answer the login.*not logged in to an account") })
  user:expect("connected")
end)

test.case("services stop answering during SASL: another attempt follows", function(t)
  local server = t:serve(function(conn, n)
    authenticate(conn)
    if n == 2 then
      let_in(conn)
    else
      conn:write_line("AUTHENTICATE +")
      conn:expect_line("^AUTHENTICATE %S+$")
      fake.reach(conn)
    end
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { sasl_timeout = 20, reconnect_delay = 1 }) }
  local user = t:login()
  fake.await(t)
  t:advance(20)
  fake.advance_until(t, server, 2)
  user:expect("connected")
  user:never("disconnected")
end)

test.case("a login without the configured mechanism fails", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "421 * CAP :Unknown command")
    fake.welcome(conn, "alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { sasl = "plain" }) }
  local user = t:login()
  user:expect("disconnected", { error = "authentication_impossible" })
  user:never("connected")
end)

test.case("a server grants capabilities in several lines, and offers new ones meanwhile", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS :away-notify sasl=PLAIN server-time")
    conn:expect_line("^CAP REQ :away%-notify sasl server%-time$")
    fake.say(conn, "CAP * ACK :away-notify", "CAP * ACK :sasl server-time")
    conn:expect_line("^AUTHENTICATE PLAIN$")
    fake.say(conn, "CAP * NEW :setname")
    conn:expect_line("^CAP REQ setname$")
    fake.say(conn, "CAP * ACK :setname")
    let_in(conn)
    fake.hold(conn)
  end)
  t:start { config = fake.config(server) }
  t:login():expect("connected")
end)

test.case("a server that has not proved itself does not get the password", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS :sasl")
    conn:expect_line("^CAP REQ sasl$")
    fake.say(conn, "CAP * ACK :sasl")
    conn:expect_line("^AUTHENTICATE SCRAM%-SHA%-256$")
    conn:write_line("AUTHENTICATE +")
    conn:expect_line("^AUTHENTICATE %S+$")
    conn:write_line("AUTHENTICATE bm9uc2Vuc2U=")
    conn:expect_line("^AUTHENTICATE %*$")
    fake.say(conn, "906 alice :SASL authentication aborted")
    conn:expect_close()
  end)
  t:start { config = fake.config(server) }
  t:login():expect("disconnected", { error = "authentication_failed" })
  server:wait()
end)

-- Names ----------------------------------------------------------------------------

-- refused plays a server that refuses the first logins with the answers of fn. It collects the
-- names that were tried.
local function refused(t, config, fn)
  local tried = {}
  local server = t:serve(function(conn, n)
    local nick = conn:find_line("^NICK (%S+)$")
    local user = conn:find_line("^USER (%S+) ")
    tried[n] = nick .. " " .. user
    if fn(conn, n, nick, user) then
      fake.welcome(conn, nick)
      fake.reach(conn)
    end
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, config) }
  return server, tried
end

test.case("the next login uses another user name after a refusal", function(t)
  local server, tried = refused(
    t,
    { username = "_A.b-c9", reconnect_delay = 1, reconnect_delay_max = 1 },
    function(conn, n)
      if n == 3 then
        return true
      end
      conn:write_line("ERROR :Closing Link: host.example (Invalid username [~x])")
      conn:close()
    end
  )
  local user = t:login()
  fake.advance_until(t, server, 3)
  fake.await(t)
  t.equal(tried, { "alice A.b-c9", "alice abc9", "alice user" })
  user:expect("connected")
end)

test.case("the server accepts no user name", function(t)
  local server = refused(t, { reconnect_delay = 1, reconnect_delay_max = 1 }, function(conn)
    conn:write_line("ERROR :Closing Link: Bad user name")
    conn:close()
  end)
  local user = t:login()
  fake.advance_until(t, server, 2)
  user:expect("disconnected", { error = "invalid_username", message = t.pattern("Bad user name") })
  t:advance(600)
  t.equal(server.count, 2) -- alice, user
end)

test.case("a numeric refuses the user name", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER 9%-lives ")
    fake.say(conn, "468 alice :Your username is not valid")
    conn:expect_line("^USER lives ")
    fake.welcome(conn, "alice")
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { username = "9-lives" }) }
  t:login():expect("connected")
end)

test.case("the next login uses another nick if the nick has ended the login", function(t)
  local server, tried = refused(t, { reconnect_delay = 1, reconnect_delay_max = 1 }, function(conn, n)
    if n == 2 then
      return true
    end
    conn:write_line("ERROR :Closing Link: (Nick collision)")
    conn:close()
  end)
  local user = t:login()
  fake.advance_until(t, server, 2)
  fake.await(t)
  t.equal(tried, { "alice alice", "alice_ alice" })
  user:expect("connected")
end)

test.case("an ambiguous ERROR after a nick in use", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "433 * alice :Nickname is already in use")
    conn:expect_line("^NICK alice_$")
    fake.say(conn, "432 * alice_ :Erroneous nickname")
    local nick = conn:expect_line("^NICK (alice%d%d%d)$")
    fake.welcome(conn, nick)
    fake.hold(conn)
  end)
  t:start { config = fake.config(server) }
  t:login():expect("connected")
end)

test.case("a reserved nick gets digits", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "432 * alice :Erroneous Nickname: Reserved for services")
    fake.welcome(conn, conn:expect_line("^NICK (alice%d%d%d)$"))
    fake.hold(conn)
  end)
  t:start { config = fake.config(server) }
  t:login():expect("connected")
end)

test.case("a nick is cut to the server's limit", function(t)
  local server = t:serve(function(conn, n)
    conn:find_line("^NICK " .. (n == 1 and "alexandersmith" or "alexander") .. "$")
    conn:find_line("^USER ")
    if n == 2 then
      fake.say(conn, "433 * alexander :Nickname is already in use")
      conn:expect_line("^NICK alexande_$")
    end
    fake.welcome(conn, n == 1 and "alexander" or "alexande_", "NICKLEN=9 CHANTYPES=#")
    if n == 1 then
      conn:expect_line("^NICK bartholom$")
      conn:write_line(":alexander!a@h NICK alexander", ":alexander!a@h PRIVMSG alexander :x")
      return
    end
    fake.reach(conn)
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { reconnect_delay = 1 }) }
  local user = t:login { legacy_name = "alexandersmith" }
  user:expect("conv_message", { message = "You cannot be alexandersmith there, so you are alexander." })
  user:say("127.0.0.1", "/nick bartholomew")
  fake.advance_until(t, server, 2)
  fake.await(t)
end)

-- The wanted nick ---------------------------------------------------------------------

-- waiting accepts alice as alice_, because her nick is in use.
local function waiting(t, fn, isupport)
  local server = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "433 * alice :Nickname is already in use")
    conn:expect_line("^NICK alice_$")
    fake.welcome(conn, "alice_", isupport)
    fn(conn)
    fake.hold(conn)
  end)
  t:start { config = fake.config(server, { ping = 3600 }) }
  local user = t:login()
  user:expect("connected")
  return user
end

test.case("the script asks for a nick in use until it is free", function(t)
  local user = waiting(t, function(conn)
    fake.reach(conn)
    for _ = 1, 2 do
      conn:expect_line("^NICK alice$", 10)
      fake.say(conn, "433 alice_ alice :Nickname is already in use")
      fake.reach(conn)
    end
    conn:expect_line("^NICK alice$", 10)
    conn:write_line(":alice_!a@h NICK alice")
    fake.reach(conn)
    conn:expect_line("^QUIT ", 10)
  end)
  user:expect("conv_message", { message = "You cannot be alice there, so you are alice_." })
  fake.await(t)
  for _, seconds in ipairs { 5, 10, 20 } do
    t:advance(seconds)
    fake.await(t)
  end
  t:advance(600)
  user:never("conv_message")
  user:logout()
end)

test.case("a server with MONITOR announces that the nick is free", function(t)
  waiting(t, function(conn)
    conn:expect_line("^MONITOR %+ alice$")
    fake.say(conn, "730 alice_ :alice!a@h", "731 alice_ :alice")
    conn:expect_line("^NICK alice$")
    fake.reach(conn)
  end, "MONITOR=100 CHANTYPES=#")
  fake.await(t)
end)

test.case("the user keeps a nick that services have set", function(t)
  local user = waiting(t, function(conn)
    conn:write_line(":alice_!a@h NICK Guest1")
    fake.reach(conn)
    conn:expect_line("^PRIVMSG dan over$", 10)
    fake.reach(conn)
  end)
  fake.await(t)
  t:advance(300)
  user:say("dan", "over")
  fake.await(t)
end)
