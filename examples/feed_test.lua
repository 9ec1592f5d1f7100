-- feed_test.lua: the test plays the feed and moves the clock.

local test = require "spectrum.test"
local http = require "spectrum.http"

local RSS = [[<rss version="2.0"><channel><title>Test</title>%s</channel></rss>]]
local ATOM = [[<feed xmlns="http://www.w3.org/2005/Atom"><title>Test</title>%s</feed>]]

local function rss(n)
  return ("<item><title>Item %d</title><link>https://example.net/%d</link><guid>id-%d</guid></item>"):format(n, n, n)
end

local function atom(n)
  return ('<entry><title>Item %d</title><link href="https://example.net/%d"/><id>id-%d</id></entry>'):format(n, n, n)
end

-- Starts the script with a feed. Returns a user and a function that changes the items of
-- the feed, newest first, and waits until the bot has fetched it.
local function start(t, form, item)
  local body = form:format(item(2) .. item(1))
  local server = assert(http.serve("127.0.0.1:0", function()
    return 200, body
  end))
  t:start { config = { feed = { url = "http://" .. server.address .. "/", interval = 600 } } }
  local alice = t:login()
  alice:send("join_room", { room = "news", nickname = "alice" })
  alice:expect("participant_changed", { nickname = "alice", flag = { "me" } })
  t:log("the feed was read") -- the next fetch is due in 600 seconds
  local function change(...)
    local list = ""
    for _, n in ipairs { ... } do
      list = list .. item(n)
    end
    body = form:format(list)
    t:advance(600)
    t:log("the feed was read")
  end
  return alice, change
end

for name, form in pairs { RSS = { RSS, rss }, Atom = { ATOM, atom } } do
  test.case(name .. ": new items are posted once, oldest first", function(t)
    local alice, change = start(t, form[1], form[2])
    change(4, 3, 2, 1)
    alice:expect("conv_message", { buddy_name = "news", nickname = "feed", message = "Item 3\nhttps://example.net/3" })
    alice:expect("conv_message", { message = "Item 4\nhttps://example.net/4" })
    change(4, 3, 2, 1)
    change(5, 4)
    alice:expect("conv_message", { message = "Item 5\nhttps://example.net/5" })
    t:reload()
    t:log("the feed was read")
    change(6, 5, 4, 3, 2, 1)
    alice:expect("conv_message", { message = "Item 6\nhttps://example.net/6" })
  end)
end

test.case("a user who joins later gets the latest item", function(t)
  local alice, change = start(t, RSS, rss)
  change(3, 2, 1)
  alice:expect("conv_message", { message = "Item 3\nhttps://example.net/3" })
  local bob = t:login "bob@localhost"
  bob:send("join_room", { room = "news", nickname = "bob" })
  bob:expect("conv_message", { message = "Item 3\nhttps://example.net/3" })
  bob:send("join_room", { room = "other", nickname = "bob" })
  bob:expect("participant_changed", { room = "other", flag = { "room_not_found" } })
end)

test.case("a title may contain elements", function(t)
  local alice, change = start(t, ATOM, function(n)
    return ('<entry><title type="xhtml">Item <b>%d</b></title><id>id-%d</id></entry>'):format(n, n)
  end)
  change(3, 2, 1)
  alice:expect("conv_message", { message = "Item 3\n" })
end)

test.case("a broken feed is logged", function(t)
  local server = assert(http.serve("127.0.0.1:0", function()
    return 200, "oops"
  end))
  t:start { config = { feed = { url = "http://" .. server.address .. "/" } } }
  t:log("the feed cannot be parsed")
end)
