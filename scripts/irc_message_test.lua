-- irc_message_test.lua: one line of IRC, and what a server says of itself.

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
  [":dan@h MODE #lua +o :eve"] = { source = { nick = "dan", host = "h" }, command = "MODE", params = { "#lua", "+o", "eve" } },
  ["@time=2026-01-01T00:00:00.000Z;+typing=a\\:b\\s\\\\\\n\\x;x :d TAGMSG a:b"] = {
    tags = { time = "2026-01-01T00:00:00.000Z", ["+typing"] = "a;b \\\nx", x = "" },
    source = { nick = "d" },
    command = "TAGMSG",
    params = { "a:b" },
  },
  ["\29x PRIVMSG #a\tb \11c"] = { command = "\29X", params = { "PRIVMSG", "#a\tb", "\11c" } },
  [":dan TOPIC #lua :"] = { command = "TOPIC", params = { "#lua", "" } },
}

test.case("lines are read", function(t)
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

test.case("lines are written, and nothing gets out of a parameter", function(t)
  t.equal(message.format("PRIVMSG", { "#lua", "hello there" }), "PRIVMSG #lua :hello there")
  t.equal(message.format("PRIVMSG", { "#lua", "" }), "PRIVMSG #lua :")
  t.equal(message.format("PRIVMSG", { "#lua", ":)" }), "PRIVMSG #lua ::)")
  t.equal(message.format("TOPIC", { "#lua", "a\r\nQUIT\0" }), "TOPIC #lua :a  QUIT ")
  t.equal(message.format("KICK", { "#lua\r\nQUIT x", ":dan x", "" }), "KICK #lua dan :")
  t.equal(message.format("TAGMSG", { "dan" }, { ["+typing"] = "a;b c", x = "" }), "@+typing=a\\:b\\sc;x TAGMSG dan")
end)

test.case("long texts are cut between words and characters", function(t)
  t.equal(message.split("", 80), { "" })
  t.equal(message.split("one two three", 8), { "one two", "three" })
  t.equal(message.split("one two", 7), { "one two" })
  t.equal(message.split(("ä"):rep(10), 9), { "ääää", "ääää", "ää" })
  t.equal(message.split("a " .. ("x"):rep(20), 10), { "a xxxxxxxx", ("x"):rep(10), "xx" })
end)

test.case("what a server says of itself", function(t)
  local s = isupport.defaults()
  s = isupport.read(s, { "alice", "PREFIX=(qaohv)~&@%+", "CHANMODES=beI,k,l,imnst", "CASEMAPPING=ascii", "CHANTYPES=#", "X=a\\x20b", "are supported" })
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

test.case("what a server says is kept once", function(t)
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

test.case("whatever a server says, it is read", function(t)
  local s = isupport.defaults()
  for _, wrong in ipairs { "PREFIX=x", "PREFIX=(", "PREFIX=()", "PREFIX=(ov)@", "CHANMODES=", "CHANMODES=a", "CHANTYPES=", "CASEMAPPING=klingon", "=", "-", "PREFIX" } do
    s = isupport.read(s, { "alice", wrong, "are supported" })
    isupport.changes(s, "+ovbkl-x", { "dan" })
    isupport.split_signs(s, "@+")
    isupport.fold(s, "Dan")
    isupport.is_room(s, "#lua")
  end
end)
