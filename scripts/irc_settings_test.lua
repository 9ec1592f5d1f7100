-- irc_settings_test.lua: settings in the config file.

local test = require "spectrum.test"
local fake = require "irc.fakeserver"
local settings = require "irc.settings"

test.script "irc.lua"

test.case("a config for libcommuni works", function(t)
  local server = t:serve(function(conn)
    conn:expect_line("^PASS secret$")
    conn:find_line("^NICK alice$")
    conn:find_line("^USER ")
    fake.welcome(conn, "alice")
    conn:expect_line("^PRIVMSG Q :auth alice secret$")
    fake.enter(conn, "alice", "#lua", "dan")
    conn:expect_line("^WHO #lua$")
    fake.say(conn, "315 alice #lua :End of WHO")
    fake.reach(conn)
    conn:expect_line("^WHO #lua$", 20)
    fake.reach(conn)
    fake.hold(conn)
  end)
  t:start {
    config = {
      service = {
        irc_server = "127.0.0.1:1 " .. server.address,
        irc_identify = "Q auth $name $password",
        irc_send_pass = 1,
        irc_away_timeout = 30,
      },
    },
  }
  local alice = t:login()
  alice:expect("connected")
  fake.join(alice, "#lua")
  fake.await(t)
  t:advance(30)
  fake.await(t)
end)

test.case("[irc] has priority over [service]", function(t)
  local server = fake.serve(t, {}, function(conn)
    conn:expect_line("^PRIVMSG NickServ :hello alice$")
    fake.reach(conn)
    fake.hold(conn)
  end)
  t:start {
    config = {
      service = { irc_server = "127.0.0.1:1", irc_identify = "Q auth" },
      irc = { server = server.address, identify = "NickServ hello $name", away_timeout = 0 },
    },
  }
  t:login():expect("connected")
  fake.await(t)
end)

test.case("the user's names on IRC", function(t)
  local server = t:serve(function(conn)
    conn:find_line("^NICK alice|x$")
    conn:expect_line("^USER alicelocal 0 %* :alice of localhost, alice@localhost$")
  end)
  t:start {
    config = fake.config(server, {
      nick = "${name}|x",
      username = "$local~${domain}",
      realname = "$name of $domain, $user",
    }),
  }
  t:login()
  server:wait()
end)

local ADDRESSES = {
  ["irc.example.net"] = { host = "irc.example.net", port = 6667, tls = false },
  ["irc.example.net:7000"] = { host = "irc.example.net", port = 7000, tls = false },
  ["irc.example.net:+7000"] = { host = "irc.example.net", port = 7000, tls = true },
  ["irc.example.net:6697"] = { host = "irc.example.net", port = 6697, tls = true },
  ["[2001:db8::1]:+6697"] = { host = "2001:db8::1", port = 6697, tls = true },
  ["2001:db8::1"] = { host = "2001:db8::1", port = 6667, tls = false },
}

test.case("a server's address", function(t)
  for word, want in pairs(ADDRESSES) do
    t.equal(settings.address(word), want, word)
  end
  for _, word in ipairs { "", ":6667", "host:", "host:port", "host:0", "host:65536", "a@b", "a/b", "host:+" } do
    t.equal(settings.address(word), nil, word)
  end
end)

for _, case in ipairs {
  { "a server whose NickServ gets it", { server = "127.0.0.1:1" }, asks = true },
  { "no setting that sends it", { server = "127.0.0.1:1", identify = "", sasl = "off" } },
  { "a certificate instead", { server = "127.0.0.1:1", identify = "", sasl = "external", cert = "$local.pem" } },
  { "many servers", {} },
  { "a server's password", { server = "127.0.0.1:1", identify = "", sasl = "off", send_pass = 1 }, asks = true },
  {
    "a command with it",
    { server = "127.0.0.1:1", identify = "", sasl = "off", command = { "PRIVMSG Q :auth ${password}" } },
    asks = true,
  },
} do
  test.case("the registration asks for a password if there is " .. case[1], function(t)
    t:start { config = { irc = case[2] } }
    local asks = not t:expect("backend_config").config:find("needPassword=0", 1, true)
    t.equal(asks, case.asks == true)
  end)
end

for _, password in ipairs { "", "-", " ", " - " } do
  test.case(("a text that means no password: %q"):format(password), function(t)
    local server = fake.serve(t, {}, function(conn)
      fake.enter(conn, "alice", "#lua", "")
      fake.hold(conn)
    end)
    -- With the default of identify, a message to NickServ would come first.
    t:start { config = { irc = { server = server.address, flood_seconds = 0, away_timeout = 0 } } }
    local alice = t:login { password = password }
    alice:expect("connected")
    fake.join(alice, "#lua")
    alice:expect("room_subject_changed")
  end)
end
