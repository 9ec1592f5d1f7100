-- feed.lua: a bot that posts new items of a feed (RSS or Atom) to a room. It teaches
-- spectrum.store: the bot records the posted items in the transport's database. After a
-- restart it repeats no item and misses none. spectrum.http fetches the feed, and
-- spectrum.xml parses it.
--
-- The users of one process share the room, so one process must serve all users: set
-- users_per_backend to at least their number.

local spectrum = require "spectrum"
local http = require "spectrum.http"
local xml = require "spectrum.xml"
local config = require "spectrum.config"

local ROOM, BOT = "news", "feed"

local url = config.get("feed.url", "https://planet.jabber.org/atom.xml")
local interval = config.number("feed.interval", 600)

local store = spectrum.store("feed")

spectrum.backend_config {
  registration = { needPassword = false },
  features = { muc = true },
}
spectrum.send("room_list", { room = { ROOM }, name = { "News" } })

-- Returns the text of an element and its children.
local function text_of(element)
  local parts = {}
  for i, node in ipairs(element) do
    parts[i] = type(node) == "table" and text_of(node) or node
  end
  return table.concat(parts)
end

-- Returns the text of the first child with a name.
local function child(element, name)
  for _, node in ipairs(element) do
    if type(node) == "table" and node.name == name then
      return text_of(node), node
    end
  end
end

-- Returns the items of a feed, oldest first. RSS has <item>, and Atom has <entry>.
local function items(element, list)
  list = list or {}
  for _, node in ipairs(element) do
    if type(node) == "table" and (node.name == "item" or node.name == "entry") then
      local text, link = child(node, "link")
      local address = link and link.attr and link.attr.href or text or ""
      local id = child(node, "guid") or child(node, "id") or address
      table.insert(list, 1, { id = id:sub(1, 700), title = child(node, "title") or address, link = address })
    elseif type(node) == "table" then
      items(node, list)
    end
  end
  return list
end

local function say(session, text)
  session:conv_message { buddy_name = ROOM, nickname = BOT, message = text }
end

local function post(item)
  local text = item.title .. "\n" .. item.link
  store:set("latest", text)
  for _, session in ipairs(spectrum.sessions()) do
    if session.data.nickname then
      say(session, text)
    end
  end
end

-- Reports whether the item is new, and marks it before it is posted. update is atomic: if
-- two processes ask at the same time, only one of them gets true. The mark expires after
-- 90 days, when no feed contains the item any more.
local function is_new(item)
  local new
  local marked, why = store:update("seen/" .. item.id, function(seen)
    new = not seen
    return true
  end, { ttl = 90 * 86400 })
  if not marked then
    error("the store does not answer: " .. tostring(why))
  end
  return new
end

local function look()
  local answer, why = http.get(url, { timeout = 30 })
  if not answer or answer.status ~= 200 then
    spectrum.log.warn("the feed cannot be fetched", { url = url, why = why or answer.status })
    return
  end
  local feed, wrong = xml.parse(answer.body)
  if not feed then
    spectrum.log.warn("the feed cannot be parsed", { url = url, why = wrong })
    return
  end
  local known, trouble = store:get("known")
  if trouble then -- an item that is marked now would never be posted
    error("the store does not answer: " .. trouble)
  end
  local list = items(feed)
  for _, item in ipairs(list) do
    if is_new(item) and known == url then
      post(item)
    end
  end
  -- The items of the first fetch are old news.
  store:set("known", url)
  spectrum.log.debug("the feed was read", { items = #list })
end

spectrum.spawn("look", function()
  while true do
    local done, why = pcall(look)
    if not done then
      spectrum.log.error("the feed was not posted", { why = tostring(why) })
    end
    spectrum.sleep(interval)
  end
end)

local on = {}

function on.login(session)
  session:connected()
end

function on.join_room(session, m)
  if m.room ~= ROOM then
    session:participant_changed { room = m.room, nickname = m.nickname, status = "none", flag = { "room_not_found" } }
    return
  end
  session.data.nickname = m.nickname
  session:participant_changed { room = ROOM, nickname = BOT, status = "online" }
  session:participant_changed { room = ROOM, nickname = m.nickname, status = "online", flag = { "me" } }
  session:room_subject_changed { buddy_name = ROOM, nickname = BOT, message = url }
  local latest = store:get("latest")
  if latest then
    say(session, latest)
  end
end

function on.leave_room(session)
  session.data.nickname = nil
end

return on
