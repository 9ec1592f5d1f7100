-- irc_message_test.lua: lines of IRC, and the parameters of a server (005).

local test = require "spectrum.test"
local isupport = require "irc.isupport"
local message = require "irc.message"

test.script "irc.lua"

local LINES = {
  ["PING"] = { command = "PING", params = {} },
  ["ping :x y"] = { command = "PING", params = { "x y" } },
  [":irc.example.net 001 alice :Welcome"] = {
    source = { nick = "irc.example.net", raw = "irc.example.net" },
    command = "001",
    params = { "alice", "Welcome" },
  },
  [":dan!~d@h.example  PRIVMSG   #lua   ::-) : "] = {
    source = { nick = "dan", user = "~d", host = "h.example" },
    command = "PRIVMSG",
    params = { "#lua", ":-) : " },
  },
  [":dan@h MODE #lua +o :eve"] = {
    source = { nick = "dan", host = "h" },
    command = "MODE",
    params = { "#lua", "+o", "eve" },
  },
  ["@time=2026-01-01T00:00:00.000Z;+typing=a\\:b\\s\\\\\\n\\x;x :d TAGMSG a:b"] = {
    tags = { time = "2026-01-01T00:00:00.000Z", ["+typing"] = "a;b \\\nx", x = "" },
    source = { nick = "d" },
    command = "TAGMSG",
    params = { "a:b" },
  },
  ["\29x PRIVMSG #a\tb \11c"] = { command = "\29X", params = { "PRIVMSG", "#a\tb", "\11c" } },
  [":dan TOPIC #lua :"] = { command = "TOPIC", params = { "#lua", "" } },
}

test.case("lines are parsed", function(t)
  for line, want in pairs(LINES) do
    local got = message.parse(line)
    t.truthy(got, line)
    t.same(got, want, line)
    t.equal(#got.params, #want.params, line)
  end
  for _, line in ipairs { "", " ", ":", ":x", ":x ", "@", "@a=b", "@a :x" } do
    t.equal(message.parse(line), nil, line)
  end
end)

test.case("lines are formatted, and no parameter can inject another one", function(t)
  t.equal(message.format("PRIVMSG", { "#lua", "hello there" }), "PRIVMSG #lua :hello there")
  t.equal(message.format("PRIVMSG", { "#lua", "" }), "PRIVMSG #lua :")
  t.equal(message.format("PRIVMSG", { "#lua", ":)" }), "PRIVMSG #lua ::)")
  t.equal(message.format("TOPIC", { "#lua", "a\r\nQUIT\0" }), "TOPIC #lua :a  QUIT ")
  t.equal(message.format("KICK", { "#lua\r\nQUIT x", ":dan x", "" }), "KICK #lua dan :")
  t.equal(message.format("TAGMSG", { "dan" }, { ["+typing"] = "a;b c", x = "" }), "@+typing=a\\:b\\sc;x TAGMSG dan")
end)

test.case("long texts are split between words and characters", function(t)
  t.equal(message.split("", 80), { "" })
  t.equal(message.split("one two three", 8), { "one two", "three" })
  t.equal(message.split("one two", 7), { "one two" })
  t.equal(message.split(("ä"):rep(10), 9), { "ääää", "ääää", "ää" })
  t.equal(message.split("a " .. ("x"):rep(20), 10), { "a xxxxxxxx", ("x"):rep(10), "xx" })
end)

test.case("the parameters of a server", function(t)
  local s = isupport.defaults()
  s = isupport.read(s, {
    "alice",
    "PREFIX=(qaohv)~&@%+",
    "CHANMODES=beI,k,l,imnst",
    "CASEMAPPING=ascii",
    "CHANTYPES=#",
    "X=a\\x20b",
    "are supported",
  })
  t.equal(s.X, "a b")
  t.equal(isupport.fold(s, "#Lua[]"), "#lua[]")
  t.equal({ isupport.split_signs(s, "~@+dan") }, { "qov", "dan" })
  t.equal(isupport.is_room(s, "&lua"), false)
  t.equal(isupport.changes(s, "+ovk-lb+l", { "dan", "eve", "key", "*!*@x", "5" }), {
    { sign = "+", mode = "o", param = "dan" },
    { sign = "+", mode = "v", param = "eve" },
    { sign = "+", mode = "k", param = "key" },
    { sign = "-", mode = "l" },
    { sign = "-", mode = "b", param = "*!*@x" },
    { sign = "+", mode = "l", param = "5" },
  })
  s = isupport.read(s, { "alice", "-CASEMAPPING", "-X", "PREFIX=", "are supported" })
  t.equal(isupport.fold(s, "A[]\\~"), "a{}|^")
  t.equal(s.X, nil)
end)

test.case("links with equal parameters share a table", function(t)
  local function heard(nick)
    local s = isupport.read(isupport.defaults(), { nick, "CHANTYPES=#", "NICKLEN=30", "are supported" })
    return isupport.read(s, { nick, "MONITOR=100", "are supported" })
  end
  local alice, bob = heard("alice"), heard("bob")
  t.equal(rawequal(alice, bob), true)
  t.equal(alice.NICKLEN, "30")
  t.equal(isupport.defaults().MONITOR, nil)
  t.equal(rawequal(alice, isupport.read(alice, { "alice", "-MONITOR", "are supported" })), false)
end)

test.case("random parameters are parsed", function()
  local s = isupport.defaults()
  for _, wrong in ipairs {
    "PREFIX=x",
    "PREFIX=(",
    "PREFIX=()",
    "PREFIX=(ov)@",
    "CHANMODES=",
    "CHANMODES=a",
    "CHANTYPES=",
    "CASEMAPPING=klingon",
    "=",
    "-",
    "PREFIX",
  } do
    s = isupport.read(s, { "alice", wrong, "are supported" })
    isupport.changes(s, "+ovbkl-x", { "dan" })
    isupport.split_signs(s, "@+")
    isupport.fold(s, "Dan")
    isupport.is_room(s, "#lua")
  end
end)

-- supported returns the table after one line 005.
local function supported(...)
  local params = { "alice", ... }
  params[#params + 1] = "are supported"
  return isupport.read(isupport.defaults(), params)
end

test.case("005: an empty value has a meaning", function(t)
  for _, form in ipairs { "", "=" } do
    t.equal(isupport.is_room(supported("CHANTYPES" .. form), "#lua"), false)
    t.equal({ isupport.split_signs(supported("PREFIX" .. form), "@dan") }, { "", "@dan" })
    t.equal(
      isupport.changes(supported("CHANMODES" .. form), "+bk", { "x" }),
      { { sign = "+", mode = "b" }, { sign = "+", mode = "k" } }
    )
    t.equal(isupport.limit(supported("MODES" .. form), "MODES"), math.huge)
    t.equal(isupport.number(supported("NICKLEN" .. form), "NICKLEN"), nil)
    t.equal(isupport.fold(supported("CASEMAPPING" .. form), "A[]"), "a{}")
  end
end)

test.case("005: a parameter that is taken back has its default again", function(t)
  local s =
    isupport.read(supported("CHANTYPES=", "MODES=", "X=1"), { "alice", "-CHANTYPES", "-MODES", "-X", "are supported" })
  t.equal(isupport.is_room(s, "#lua"), true)
  t.equal(isupport.limit(s, "MODES"), 3)
  t.equal(s.X, nil)
end)

test.case("005: parts of CHANMODES may be missing, and more may follow", function(t)
  local function with_param(value)
    local list = {}
    for _, change in ipairs(isupport.changes(supported("CHANMODES=" .. value), "+bkln-l", { "1", "2", "3" })) do
      list[#list + 1] = change.mode .. (change.param or "")
    end
    return table.concat(list, " ")
  end
  t.equal(with_param "b,k,l,n", "b1 k2 l3 n l")
  t.equal(with_param "b,k,l", "b1 k2 l3 n l")
  t.equal(with_param "b,k", "b1 k2 l n l")
  t.equal(with_param "b", "b1 k l n l")
  t.equal(with_param ",,,n", "b k l n l")
  t.equal(with_param "b,k,l,n,x,y", "b1 k2 l3 n l")
end)

test.case("005: exceptions are lists even if CHANMODES lacks them", function(t)
  local function param(said, modes)
    return isupport.changes(supported("CHANMODES=b,k,l,n", said), modes, { "mask" })[1].param
  end
  t.equal(param("EXCEPTS", "+e"), "mask")
  t.equal(param("EXCEPTS=E", "-E"), "mask")
  t.equal(param("EXCEPTS=E", "-e"), nil)
  t.equal(param("INVEX=", "+I"), "mask")
  t.equal(param("NETWORK=Some\\x20Net", "+e"), nil)
  t.equal(supported("NETWORK=Some\\x20Net").NETWORK, "Some Net")
end)

test.case("005: how names are compared", function(t)
  local function fold(mapping, name)
    return isupport.fold(supported("CASEMAPPING=" .. mapping), name)
  end
  t.equal(fold("ascii", "Ä[]^"), "Ä[]^")
  t.equal(fold("strict-rfc1459", "A[]~"), "a{}~")
  t.equal(fold("rfc1459-strict", "A[]~"), "a{}~")
  t.equal(fold("rfc7613", "ÄRGER[]"), "ärger[]")
  t.equal(fold("klingon", "A[Ä"), "a[Ä")
end)

test.case("005: how many targets a command may have", function(t)
  local s = supported("TARGMAX=PRIVMSG:4,join:1,WHOIS:,KICK:0")
  t.equal(isupport.targets(s, "JOIN"), 1)
  t.equal(isupport.targets(s, "KICK"), 1)
  t.equal(isupport.targets(s, "WHOIS"), math.huge)
  t.equal(isupport.targets(s, "PART"), math.huge)
  t.equal(isupport.targets(supported("TARGMAX"), "JOIN"), math.huge)
end)

test.case("005: signs and letters that are special in patterns have no effect", function(t)
  local s = supported("PREFIX=(%.o)%.@")
  t.equal({ isupport.split_signs(s, "%.@dan") }, { "%.o", "dan" })
  t.equal(isupport.with_mode("%.o", "%", false), ".o")
  t.equal(isupport.with_mode("o", ".", false), "o")
end)
