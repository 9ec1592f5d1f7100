-- irc_sasl_test.lua: SASL during the registration.

local test = require "spectrum.test"
local crypto = require "spectrum.crypto"
local encoding = require "spectrum.encoding"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local base64 = encoding.base64

-- This key was made for these tests.
local CERTIFICATE = [[
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGJS0wifaLBbA+43f
0tpKIg2Kb6ZnXctAao/Qa1IZ23OhRANCAATNv5wenOAdDRftuJlC0r+qt79gEh+C
A5oykUH1b5dbSEyLpV7huC5KWAwFPEgvAWBl/jEpfwMJ4HMlrM3I4KoZ
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBdzCCAR2gAwIBAgIUSg4wB4foepEuyA0iCsq4O5qFZQIwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFYWxpY2UwIBcNMjYxMTIyMTkzNTMxWhgPMjEyNjEwMjkxOTM1
MzFaMBAxDjAMBgNVBAMMBWFsaWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
zb+cHpzgHQ0X7biZQtK/qre/YBIfggOaMpFB9W+XW0hMi6Ve4bguSlgMBTxILwFg
Zf4xKX8DCeBzJazNyOCqGaNTMFEwHQYDVR0OBBYEFIrJbHxHslDjort5+/RBRC/p
HFQTMB8GA1UdIwQYMBaAFIrJbHxHslDjort5+/RBRC/pHFQTMA8GA1UdEwEB/wQF
MAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAIiC3t2+pom4QYLMml1VswY/y40tzF+h
cZorH2p3MClhAiBvJ747h7F6IYkE7GF4pxVeX8fi8L5TN8oU2NIzs6DDZA==
-----END CERTIFICATE-----
]]

-- server plays a server that offers SASL with these mechanisms. It calls fn after
-- AUTHENTICATE.
local function server(t, mechanisms, fn, more)
  local peer = t:serve(function(conn, n)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS :sasl" .. mechanisms)
    conn:expect_line("^CAP REQ sasl$")
    fake.say(conn, "CAP * ACK :sasl")
    fn(conn, n)
  end, more and more.serve)
  t:start { config = fake.config(peer, more and more.config and more.config(peer)) }
  return peer
end

local function let_in(conn)
  fake.say(
    conn,
    "900 alice alice!a@host.example alice :You are now logged in as alice",
    "903 alice :SASL authentication successful"
  )
  conn:expect_line("^CAP END$")
  fake.welcome(conn, "alice")
  fake.hold(conn)
end

local function with(config)
  return {
    config = function()
      return config
    end,
  }
end

test.case("PLAIN", function(t)
  server(t, "=PLAIN", function(conn)
    conn:expect_line("^AUTHENTICATE PLAIN$")
    conn:write_line("AUTHENTICATE +")
    t.equal(base64.decode(conn:expect_line("^AUTHENTICATE (%S+)$")), "alice\0alice\0secret")
    let_in(conn)
  end)
  t:login():expect("connected")
end)

test.case("a long password takes several lines", function(t)
  local password = ("x"):rep(300 - #"alice\0alice\0")
  server(t, "=PLAIN", function(conn)
    conn:expect_line("^AUTHENTICATE PLAIN$")
    conn:write_line("AUTHENTICATE +")
    local data = conn:expect_line("^AUTHENTICATE (%S+)$")
    t.equal(#data, 400)
    conn:expect_line("^AUTHENTICATE %+$")
    t.equal(base64.decode(data), "alice\0alice\0" .. password)
    let_in(conn)
  end)
  t:login({ password = password }):expect("connected")
end)

-- prove plays the server's side of SCRAM-SHA-256 (RFC 5802) for a password.
local function prove(conn, password)
  local bare = base64.decode(conn:expect_line("^AUTHENTICATE (%S+)$")):match("^n,,(.*)$")
  local salt, rounds = "0123456789abcdef", 4096
  local first = ("r=%sserver,s=%s,i=%d"):format(bare:match("r=(.*)$"), base64.encode(salt), rounds)
  conn:write_line("AUTHENTICATE " .. base64.encode(first))
  local final = base64.decode(conn:expect_line("^AUTHENTICATE (%S+)$"))
  local salted = crypto.pbkdf2("sha256", password, salt, rounds)
  local signature = crypto.hmac(
    "sha256",
    crypto.hmac("sha256", salted, "Server Key"),
    bare .. "," .. first .. "," .. final:match("^(.*),p=")
  )
  conn:write_line("AUTHENTICATE " .. base64.encode("v=" .. base64.encode(signature)))
end

test.case("SCRAM-SHA-256 comes before PLAIN", function(t)
  server(t, "=PLAIN,SCRAM-SHA-256", function(conn)
    conn:expect_line("^AUTHENTICATE SCRAM%-SHA%-256$")
    conn:write_line("AUTHENTICATE +")
    prove(conn, "secret")
    conn:expect_line("^AUTHENTICATE %+$")
    let_in(conn)
  end)
  t:login():expect("connected")
end)

test.case("a server that does not prove that it knows the password", function(t)
  server(t, "=SCRAM-SHA-256", function(conn)
    conn:expect_line("^AUTHENTICATE SCRAM%-SHA%-256$")
    conn:write_line("AUTHENTICATE +")
    prove(conn, "a guess")
    conn:expect_line("^AUTHENTICATE %*$")
    fake.say(conn, "906 alice :SASL authentication aborted")
    fake.hold(conn)
  end)
  t:login():expect("disconnected", { error = "authentication_failed" })
end)

test.case("a success without a proof", function(t)
  server(t, "=SCRAM-SHA-256", function(conn)
    conn:expect_line("^AUTHENTICATE SCRAM%-SHA%-256$")
    fake.say(conn, "903 alice :SASL authentication successful")
    conn:write_line("AUTHENTICATE +")
    fake.hold(conn)
  end)
  t:login():expect("disconnected", { error = "authentication_failed" })
end)

test.case("a challenge that does not end", function(t)
  server(t, "=SCRAM-SHA-256", function(conn)
    conn:expect_line("^AUTHENTICATE SCRAM%-SHA%-256$")
    for _ = 1, 100 do
      conn:write_line("AUTHENTICATE " .. ("A"):rep(400))
    end
    conn:write_line("AUTHENTICATE +")
    conn:expect_line("^AUTHENTICATE %*$")
    fake.say(conn, "906 alice :SASL authentication aborted")
    fake.hold(conn)
  end)
  t:login():expect("disconnected", { error = "authentication_failed", message = t.pattern("challenge cannot be read") })
end)

test.case("EXTERNAL", function(t)
  local certificate = t.folder .. "/alice.pem"
  local file = assert(io.open(certificate, "w"))
  file:write(CERTIFICATE)
  file:close()
  server(t, "=EXTERNAL,PLAIN", function(conn)
    conn:expect_line("^AUTHENTICATE EXTERNAL$")
    conn:write_line("AUTHENTICATE +")
    conn:expect_line("^AUTHENTICATE %+$")
    let_in(conn)
  end, {
    serve = { tls = true },
    config = function(peer)
      return { server = "127.0.0.1:+" .. peer.port, ca = peer.ca, cert = t.folder .. "/$local.pem" }
    end,
  })
  t:login():expect("connected")
end)

test.case("a wrong password is final", function(t)
  local peer = server(t, "=PLAIN,SCRAM-SHA-256", function(conn)
    conn:expect_line("^AUTHENTICATE SCRAM%-SHA%-256$")
    fake.say(conn, "904 alice :SASL authentication failed")
    fake.hold(conn)
  end)
  t:login()
    :expect("disconnected", { error = "authentication_failed", message = t.pattern("SASL authentication failed") })
  t:advance(600)
  t.equal(peer.count, 1)
end)

test.case("the next mechanism is tried if the server does not know the first", function(t)
  server(t, "", function(conn)
    conn:expect_line("^AUTHENTICATE SCRAM%-SHA%-256$")
    fake.say(conn, "908 alice PLAIN :are available SASL mechanisms", "904 alice :SASL authentication failed")
    conn:expect_line("^AUTHENTICATE PLAIN$")
    conn:write_line("AUTHENTICATE +")
    conn:expect_line("^AUTHENTICATE %S+$")
    let_in(conn)
  end)
  t:login():expect("connected")
end)

test.case("optional: the login continues without an account after a refusal", function(t)
  server(t, "=PLAIN", function(conn)
    conn:expect_line("^AUTHENTICATE PLAIN$")
    fake.say(conn, "904 alice :SASL authentication failed")
    conn:expect_line("^CAP END$")
    fake.welcome(conn, "alice")
    fake.hold(conn)
  end, with { sasl = "optional" })
  local alice = t:login()
  alice:expect("conv_message", { message = t.pattern("not logged in") })
  alice:expect("connected")
end)

test.case("without a password there is no SASL", function(t)
  local peer = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS :sasl=PLAIN")
    conn:expect_line("^CAP END$")
    fake.welcome(conn, "alice")
    conn:expect_line("^QUIT ")
  end)
  t:start { config = fake.config(peer, { identify = "NickServ identify $password" }) }
  local alice = t:login { password = "" }
  alice:expect("connected")
  t:settle()
  alice:logout()
  peer:wait()
end)

test.case("the server has to offer the configured mechanism", function(t)
  local peer = t:serve(function(conn)
    conn:find_line("^USER ")
    fake.say(conn, "CAP * LS :sasl=PLAIN")
    fake.hold(conn)
  end)
  t:start { config = fake.config(peer, { sasl = "scram-sha-256" }) }
  t:login():expect("disconnected", { error = "authentication_impossible" })
end)

test.case("after SASL, NickServ does not get the password", function(t)
  local peer = server(t, "=PLAIN", function(conn)
    conn:expect_line("^AUTHENTICATE PLAIN$")
    fake.say(
      conn,
      "900 alice alice!a@host.example alice :You are now logged in as alice",
      "903 alice :SASL authentication successful"
    )
    conn:expect_line("^CAP END$")
    fake.welcome(conn, "alice")
    conn:expect_line("^QUIT ")
  end, with { identify = "NickServ identify $name $password" })
  local alice = t:login()
  alice:expect("connected")
  t:settle()
  alice:logout()
  peer:wait()
end)
