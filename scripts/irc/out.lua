-- irc/out.lua: lines to a server. Lines wait in link.queue. A task sends them as fast as
-- the flood control allows: flood_lines at once, then one every flood_seconds. A server
-- closes a connection that sends more ("Excess Flood").

local spectrum = require "spectrum"
local encoding = require "spectrum.encoding"
local time = require "spectrum.time"
local awake = require "irc.awake"
local events = require "irc.events"
local isupport = require "irc.isupport"
local message = require "irc.message"
local settings = require "irc.settings"

local out = {}

-- QUEUE is the most lines in the queue, and REQUESTS the most labels without an answer.
-- JOINED is the most bytes of a line that joins several rooms.
local QUEUE, REQUESTS, JOINED = 1000, 200, 400

-- encode converts a line to the server's charset, and cuts it to the server's limit.
local function encode(link, line)
  line = message.fit(link, line)
  if settings.charset == "utf-8" then
    return line
  end
  return encoding.from_utf8(line, settings.charset, "?") or line
end

-- encode_all encodes several lines. It returns them as one text.
local function encode_all(link, lines)
  local list = {}
  for i, line in ipairs(lines) do
    list[i] = encode(link, line)
  end
  return table.concat(list, "\r\n")
end

-- tokens returns how many lines the flood control lets through now.
local function tokens(link)
  if settings.flood_seconds == 0 then
    link.tokens = settings.flood_lines
    return link.tokens
  end
  local now = time.monotonic()
  local filled = (now - link.tokens_at) / settings.flood_seconds
  link.tokens, link.tokens_at = math.min(settings.flood_lines, link.tokens + filled), now
  return link.tokens
end

-- wait_for_token returns when the flood control lets a line through.
local function wait_for_token(link)
  local left = tokens(link)
  if left < 1 then
    spectrum.sleep((1 - left) * settings.flood_seconds)
    link.tokens, link.tokens_at = 1, time.monotonic()
  end
end

-- idle reports whether several lines could be sent at once. Only then may modules send
-- questions that no user waits for.
function out.idle(link)
  if settings.flood_seconds == 0 then
    return true
  end
  return #link.queue == 0 and tokens(link) >= math.min(3, settings.flood_lines)
end

-- take removes the next line from the queue. It combines consecutive JOINs to one line. It
-- returns the line and its queue entry.
local function take(link)
  local item = table.remove(link.queue, 1)
  if not item.join then
    return item.line, item
  end
  local line, count, most = item.line, 1, isupport.targets(link.isupport, "JOIN")
  while link.queue[1] and link.queue[1].join and #line + #link.queue[1].join < JOINED and count < most do
    line, count = line .. "," .. table.remove(link.queue, 1).join, count + 1
  end
  return line, { line = line }
end

-- add counts a line for a target.
local function add(counts, target, lines)
  counts[target] = (counts[target] or 0) + (lines or 1)
end

-- leaves notes that a line is being sent. The connection may end meanwhile.
local function leaves(link, item)
  if item.said then
    add(link.unproven, item.said)
  elseif item.proof and not link.proving then
    link.proving, link.unproven = link.unproven, {}
  end
end

-- stays undoes leaves, for a line that was not sent.
local function stays(link, item)
  if item.said then
    add(link.unproven, item.said, -1)
    if link.unproven[item.said] <= 0 then
      link.unproven[item.said] = nil
    end
  end
end

-- forget_old removes the user's messages from the queue that were in it while the process was
-- stopped: they are too old to be sent.
local function forget_old(link)
  local first = link.queue[1] -- it has waited longest
  local stopped = first and awake.stopped_since(first.at)
  if not stopped then
    return
  end
  local queue = {}
  for _, item in ipairs(link.queue) do
    if item.said and awake.stopped_since(item.at) then
      add(link.unsent, item.said)
    else
      queue[#queue + 1] = item
    end
  end
  link.queue, link.stopped = queue, stopped
end

-- write sends the next line of the queue. If that fails, it puts the line back, so that the
-- line counts as not sent.
local function write(link, conn)
  local line, item = take(link)
  link.tokens = link.tokens - (item.lines and #item.lines or 1)
  leaves(link, item)
  if conn:write(item.lines and encode_all(link, item.lines) or encode(link, line), "\r\n") then
    return true
  end
  if link.conn == conn then
    stays(link, item)
    table.insert(link.queue, 1, item)
  end
  return false
end

-- empty is the task that sends. It ends when the queue is empty.
local function empty(session, link)
  local conn = link.conn
  while link.conn == conn and link.queue[1] do
    wait_for_token(link)
    if link.conn ~= conn then
      return
    end
    forget_old(link)
    if next(link.unsent) then
      events.emit("unsent", session, link)
    end
    if link.queue[1] and not write(link, conn) then
      return -- the task that reads notices it too
    end
  end
  if link.conn == conn then
    link.sending = false
  end
end

-- put adds a line to the queue. It returns nil and a message if that is not possible.
local function put(session, link, item)
  if not link.conn then
    return nil, "there is no connection to " .. link.server
  end
  if #link.queue >= QUEUE then
    return nil, "too many lines wait to be sent to " .. link.server
  end
  item.at = awake.now()
  table.insert(link.queue, item)
  if not link.sending then
    link.sending = true
    session:spawn("send " .. link.key, empty, session, link)
  end
  return true
end

-- reset clears the queue after a connection has ended. It counts the user's lines that
-- were not sent in link.unsent, by target. It counts the lines that were sent but may not
-- have arrived in link.unsure.
function out.reset(link)
  local unsure = link.unproven
  for target, lines in pairs(link.proving or {}) do
    add(unsure, target, lines)
  end
  link.unsent, link.unsure = {}, unsure
  link.unproven, link.proving = {}, nil
  for _, item in ipairs(link.queue) do
    if item.said then
      add(link.unsent, item.said)
    end
  end
  link.queue, link.sending = {}, false
  link.tokens, link.tokens_at = settings.flood_lines, time.monotonic()
end

-- send queues a line. It returns true, or nil and a message.
function out.send(session, link, command, ...)
  return put(session, link, { line = message.format(command, { ... }) })
end

-- raw queues a complete line. With `proof`, the answer to it proves that the server has
-- received all earlier lines.
function out.raw(session, link, line, proof)
  return put(session, link, { line = (line:gsub("[%z\r\n]", " ")), proof = proof })
end

-- tagged queues a line, with message tags if the server supports them.
function out.tagged(session, link, tags, command, ...)
  return put(session, link, { line = message.format(command, { ... }, link.caps["message-tags"] and tags) })
end

-- labeled returns tags with a label, if the server supports labels: msg.request of its answer is
-- `request`, which is plain data.
local function labeled(link, request, tags)
  if not link.caps["labeled-response"] then
    return tags
  end
  link.label = link.label + 1
  local label = tostring(link.label)
  link.requests[label], link.requests[tostring(link.label - REQUESTS)] = request, nil
  tags = tags or {}
  tags.label = label
  return tags
end

-- say queues a message of the user to a target, as a PRIVMSG or another command. `request` is
-- that of labeled. The tags may be nil.
function out.say(session, link, request, command, target, text, tags)
  local line = message.format(command, { target, text }, labeled(link, request, tags))
  return put(session, link, { line = line, said = target })
end

-- batch queues several lines that are one message of the user: nothing may come between them.
-- `format` returns them for tags of the first line.
function out.batch(session, link, request, target, tags, format)
  local lines = format(labeled(link, request, tags))
  return put(session, link, { line = lines[1], lines = lines, said = target })
end

-- tagmsg queues tags for a target without a text. The server's copy has msg.request.
function out.tagmsg(session, link, tags, target)
  return put(session, link, { line = message.format("TAGMSG", { target }, labeled(link, "tags", tags)) })
end

-- proof queues a PING. Its PONG proves that the server has received all earlier lines.
function out.proof(session, link, token)
  return put(session, link, { line = message.format("PING", { token }), proof = true })
end

-- waiting reports whether a message of the user is in the queue.
function out.waiting(link)
  for _, item in ipairs(link.queue) do
    if item.said then
      return true
    end
  end
  return false
end

-- join queues a JOIN.
function out.join(session, link, channel, password)
  if password then
    return out.send(session, link, "JOIN", channel, password)
  end
  return put(session, link, { line = message.format("JOIN", { channel }), join = channel })
end

-- waits reports whether a command to a target is in the queue.
function out.waits(link, command, target)
  local start = command .. " " .. target
  for _, item in ipairs(link.queue) do
    if item.line == start or item.line:sub(1, #start + 1) == start .. " " then
      return true
    end
  end
  return false
end

-- now sends a line at once, before the queue: answers to PING, and the registration.
function out.now(link, command, ...)
  if link.conn then
    link.conn:write(encode(link, message.format(command, { ... })), "\r\n")
  end
end

-- last sends the last line of a connection. It first sends as much of the queue as the
-- flood control lets through.
function out.last(link, command, ...)
  local conn = link.conn
  forget_old(link)
  while conn and link.conn == conn and link.queue[1] and tokens(link) >= 1 do
    if not write(link, conn) then
      return
    end
  end
  out.now(link, command, ...)
end

-- pieces cuts a text into pieces that fit into lines to a target: at line breaks, then
-- between words. `extra` is the number of bytes that each piece gets in addition.
function out.pieces(link, command, target, text, extra)
  local most = message.room(link, command, target) - (extra or 0)
  if text ~= "" and #text <= most and not text:find("[\r\n]") then
    return { text }
  end
  local list = {}
  for line in text:gmatch("[^\r\n]+") do
    for _, piece in ipairs(message.split(line, most)) do
      list[#list + 1] = piece
    end
  end
  return list
end

return out
