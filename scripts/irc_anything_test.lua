-- irc_anything_test.lua: random lines at random times. Servers, bouncers and services send
-- lines at the worst moment, twice, and with parameters missing. No handler may raise an
-- error, the connection stays open, and the account still works at the end.

local spectrum = require "spectrum"
local test = require "spectrum.test"
local fake = require "irc.fakeserver"

test.script "irc.lua"

local function dice(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end
end

local COMMANDS = {
  "JOIN",
  "PART",
  "KICK",
  "NICK",
  "QUIT",
  "MODE",
  "TOPIC",
  "INVITE",
  "PRIVMSG",
  "NOTICE",
  "TAGMSG",
  "AWAY",
  "ACCOUNT",
  "CHGHOST",
  "SETNAME",
  "PONG",
  "BATCH",
  "CAP",
  "AUTHENTICATE",
  "FAIL",
  "WARN",
  "NOTE",
  "WALLOPS",
  "PING",
  "REDACT",
}

local NUMERICS = {
  "001",
  "004",
  "005",
  "221",
  "263",
  "301",
  "302",
  "303",
  "305",
  "306",
  "307",
  "311",
  "312",
  "314",
  "315",
  "317",
  "318",
  "319",
  "321",
  "322",
  "323",
  "324",
  "329",
  "330",
  "331",
  "332",
  "333",
  "338",
  "341",
  "346",
  "352",
  "353",
  "354",
  "366",
  "367",
  "368",
  "369",
  "372",
  "375",
  "376",
  "391",
  "396",
  "401",
  "402",
  "403",
  "404",
  "405",
  "406",
  "407",
  "410",
  "411",
  "412",
  "417",
  "421",
  "422",
  "432",
  "433",
  "436",
  "437",
  "438",
  "441",
  "442",
  "443",
  "451",
  "461",
  "462",
  "464",
  "467",
  "468",
  "470",
  "471",
  "472",
  "473",
  "474",
  "475",
  "476",
  "477",
  "478",
  "479",
  "480",
  "481",
  "482",
  "484",
  "485",
  "489",
  "491",
  "499",
  "500",
  "501",
  "502",
  "519",
  "520",
  "608",
  "610",
  "671",
  "696",
  "716",
  "730",
  "731",
  "732",
  "733",
  "734",
  "900",
  "901",
  "902",
  "903",
  "904",
  "905",
  "906",
  "907",
  "908",
  "926",
  "000",
  "999",
}

local WORDS = {
  "#lua",
  "#LUA",
  "#other",
  "&x",
  "alice",
  "Alice",
  "alice_",
  "dan",
  "DAN",
  "eve[x]",
  "eve{X}",
  "*",
  "@",
  "+",
  "-",
  "0",
  "",
  " ",
  ":",
  "+o",
  "-o+v",
  "+b-k",
  "+x",
  "=",
  "@dan",
  "@+dan",
  "dan!d@h",
  "!@",
  "=dan",
  "~",
  "LS",
  "ACK",
  "NAK",
  "NEW",
  "DEL",
  "sasl",
  "sasl=PLAIN",
  "-away-notify",
  "multi-prefix",
  "+b1",
  "-b1",
  "+b2",
  "-b2",
  "netsplit",
  "netjoin",
  "chathistory",
  "znc.in/playback",
  "labeled-response",
  "CHANTYPES=",
  "PREFIX=",
  "PREFIX=(ov)@+",
  "CHANMODES=",
  "CHANMODES=b",
  "CASEMAPPING=ascii",
  "CASEMAPPING=rfc1459",
  "CASEMAPPING=rfc7613",
  "-CHANTYPES",
  "NICKLEN=",
  "NICKLEN=3",
  "MODES=",
  "MONITOR=1",
  "TARGMAX=JOIN:1",
  "LINELEN=1",
  "STATUSMSG=@+",
  "a.example b.example",
  "\1VERSION\1",
  "\1PING\1",
  "\1ACTION",
  "\1DCC SEND x\1",
  "\2\3,\15",
  "said",
  "spectrum",
  "JOIN",
  "PRIVMSG",
  "H",
  "G*",
  "1700000000",
  "x\255y",
  ("long"):rep(150),
  "server does not say",
  "\239\191\189",
  "%d%s",
  "[",
  "%",
  "(",
  "?<x>&",
}

local SOURCES =
  { "", ":irc.example.net ", ":alice!a@h ", ":dan!d@h ", ":dan ", ":eve[x]!e@h ", ":!@ ", ": ", ":ALICE!a@h " }
local TAGS = {
  "",
  "",
  "",
  "",
  "@batch=b1 ",
  "@batch=b2 ",
  "@label=1 ",
  "@time=2026-01-01T00:00:00.000Z ",
  "@time=x;msgid=1 ",
  "@+typing=active ",
  "@a=\\\\;;= ",
}

-- line returns a random line: mostly a command or a numeric that exists, with parameters that may fit.
local function line(roll)
  local command = roll(3) == 1 and COMMANDS[roll(#COMMANDS)] or NUMERICS[roll(#NUMERICS)]
  local parts = {}
  if command:find("^%d") and roll(10) > 1 then
    parts[1] = "alice"
  end
  for _ = 1, roll(5) - 1 do
    local word = WORDS[roll(#WORDS)]
    parts[#parts + 1] = word ~= "" and word:gsub(" ", "_") or nil
  end
  if roll(2) == 1 then
    parts[#parts + 1] = ":" .. WORDS[roll(#WORDS)] .. (roll(4) == 1 and " " .. WORDS[roll(#WORDS)] or "")
  end
  return TAGS[roll(#TAGS)] .. SOURCES[roll(#SOURCES)] .. command .. " " .. table.concat(parts, " ")
end

local COMMANDS_OF_USERS = {
  "hi",
  "/me waves",
  "/names",
  "/names #other",
  "/list",
  "/whois dan",
  "/op dan eve bob alice x y",
  "/mode +b dan",
  "/nick al",
  "/topic x",
  "/join #other",
  "/part #other",
  "/ban dan",
  "/ping dan",
  "/away x",
  "/back",
  "/kick dan",
  "/invite dan",
  "/query dan hi",
  "/msg dan hi",
}

-- act has the user do something.
local function act(user, roll)
  local what = roll(8)
  if what == 1 then
    fake.leave(user, "#lua")
  elseif what <= 3 then
    fake.join(user, "#lua")
  elseif what == 4 then
    user:send("buddy_changed", { buddy_name = "dan" })
  elseif what == 5 then
    user:say("#lua/dan", "psst")
  else
    user:say("#lua", COMMANDS_OF_USERS[roll(#COMMANDS_OF_USERS)])
  end
end

for seed = 1, 8 do
  test.case("any line while logging in: " .. seed, function(t)
    local roll = dice(seed * 7919)
    local begun = spectrum.channel(1)
    local server = t:serve(function(conn)
      conn:find_line("^USER ")
      begun:send(true)
      fake.say(conn, "CAP * LS :batch sasl=PLAIN,SCRAM-SHA-256 labeled-response message-tags echo-message")
      for _ = 1, 100 do
        conn:write_line(line(roll)) -- some of them end the login, which is correct
      end
      conn:write_line(":irc.example.net 001 alice :Welcome", ":irc.example.net 422 alice :No MOTD")
      fake.hold(conn)
    end)
    t:start { config = fake.config(server, { reconnect_delay = 1000, reconnect_delay_max = 1000, sasl = "optional" }) }
    t:login()
    t.truthy(begun:receive(60), "the login has not begun") -- in real time
    t:settle()
    t:advance(60)
  end)
end

for seed = 1, 16 do
  test.case("any line at any time: " .. seed, function(t)
    local roll = dice(seed * 104729)
    local function some(conn)
      for _ = 1, 40 do
        conn:write_line(line(roll))
      end
    end
    local server = t:serve(function(conn)
      conn:find_line("^USER ")
      fake.say(
        conn,
        "CAP * LS :batch labeled-response message-tags echo-message away-notify draft/chathistory server-time"
      )
      fake.welcome(conn, "alice")
      for _ = 1, 12 do
        some(conn)
        fake.reach(conn)
        conn:find_line("PRIVMSG next ")
      end
      -- The account works at the end.
      fake.say(conn, "005 alice CHANTYPES=# PREFIX=(ov)@+ CASEMAPPING=rfc1459 CHANMODES=b,k,l,n :are supported")
      fake.reach(conn)
      fake.hold(conn)
    end)
    t:start {
      config = fake.config(
        server,
        { reconnect_delay = 1000, reconnect_delay_max = 1000, nick_tries = 50, ping = 3600 }
      ),
    }
    local user = t:login()
    user:expect("connected")
    for _ = 1, 12 do
      fake.await(t)
      for _ = 1, 6 do
        act(user, roll)
      end
      t:advance(roll(3) == 1 and 60 or 3)
      user:say("next", "go")
    end
    fake.await(t)
    t.equal(server.count, 1)
  end)
end
