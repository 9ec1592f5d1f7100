-- irc/events.lua: passes the lines of a server to the modules that handle them.
--
-- A module has a table `events` of functions, by command or numeric:
--
--   module.events = {
--     TOPIC = function(session, link, msg) … end,
--     ["332"] = function(session, link, msg) … end,
--     online = function(session, link) … end,
--     ["batch chathistory"] = function(session, link, batch) … end,
--   }
--
-- Several modules may handle the same event. events.lua calls them in the order of
-- irc/handlers.lua. A handler returns true if the event is done: later handlers are not
-- called. A handler returns false if the event did not concern it. Modules send each
-- other the events with lower-case names:
--
--   connected (session, link)           the TCP connection exists
--   online    (session, link)           the server has accepted us and sent its greeting
--   offline   (session, link, why)      the connection has ended
--   joined    (session, link, room)     we are in a room, and its members are known
--   waiting   (session, link, why, s)   the next attempt is in s seconds
--   closed    (session, link, why)      there is no further attempt
--   unknown   (session, link, msg)      no handler wanted this line
--
-- msg is a line as parsed by irc/message.lua. Users share it (irc/lines.lua), so a handler
-- must not change it. It always has a source and at least LEAST parameters. msg.request is the
-- request that was given to out.say, if this line or its batch answers that request. msg.batch
-- is the batch of the line, if it has one: { kind = "netsplit", params = {…} }.

local events = {}

local traceback = debug.traceback

local handlers, NONE = {}, {}

-- LEAST is the smallest number of parameters by command. A numeric has at least two: our
-- nick and its subject. Lines with fewer parameters are ignored.
-- stylua: ignore
local LEAST = {
  JOIN = 1, PART = 1, KICK = 2, NICK = 1, MODE = 2, TOPIC = 1, INVITE = 2,
  PRIVMSG = 2, NOTICE = 2, TAGMSG = 1, REDACT = 2, MARKREAD = 2, ACCOUNT = 1, CHGHOST = 2, SETNAME = 1,
  AUTHENTICATE = 1, BATCH = 1, CAP = 3, ["332"] = 3, ["333"] = 3, ["353"] = 3,
}

-- The most open batches, the deepest nesting, and the most lines kept of one batch. A
-- batch that exceeds one of the first two limits is ignored.
local BATCHES, BATCH_DEPTH, BATCH_LINES = 50, 8, 5000

-- add_all adds the events of modules. Their order in the list is the order of the calls.
function events.add_all(modules)
  for _, module in ipairs(modules) do
    for name, handler in pairs(module.events) do
      handlers[name] = handlers[name] or {}
      table.insert(handlers[name], handler)
    end
  end
end

-- emit calls the handlers of an event and reports whether one of them wanted it. An error
-- in a handler does not stop the others, the task that reads from the server, or the
-- session. emit raises it in a new task, and the runtime logs it.
function events.emit(name, session, link, what, more)
  local wanted, list = false, handlers[name] or NONE
  for i = 1, #list do
    local ok, result = xpcall(list[i], traceback, session, link, what, more)
    if not ok then
      session:spawn({ on_error = "log" }, error, name .. ": " .. tostring(result), 0)
    end
    wanted = wanted or result ~= false
    if result == true then
      break
    end
  end
  return wanted
end

-- deliver passes one line to its handlers.
local function deliver(session, link, msg)
  if not events.emit(msg.command, session, link, msg) then
    events.emit("unknown", session, link, msg)
  end
end

local function count(t)
  local n = 0
  for _ in pairs(t) do
    n = n + 1
  end
  return n
end

-- open begins a batch. If the kind has a handler, the lines of the batch and its inner
-- batches are kept until it ends. The lines of other batches are handled at once, to keep
-- their order with lines outside the batch.
local function open(session, link, msg)
  local ref = msg.params[1]:sub(2)
  events.close_batch(session, link, ref)
  local outer = link.batches[msg.tags.batch]
  local batch = { ref = ref, kind = msg.params[2] or "", params = {}, lines = {}, tags = msg.tags }
  for i = 3, #msg.params do
    batch.params[#batch.params + 1] = msg.params[i]
  end
  batch.request = msg.request or outer and outer.request
  batch.depth = outer and outer.depth + 1 or 0
  batch.kept = outer and outer.kept or handlers["batch " .. batch.kind] and ref or nil
  if batch.depth < BATCH_DEPTH and count(link.batches) < BATCHES then
    link.batches[ref] = batch
  end
end

-- flush passes the kept lines of a batch to its handler.
local function flush(session, link, batch)
  local piece =
    { kind = batch.kind, params = batch.params, tags = batch.tags, request = batch.request, lines = batch.lines }
  batch.lines = {}
  events.emit("batch " .. batch.kind, session, link, piece)
end

-- close_batch ends a batch.
function events.close_batch(session, link, ref)
  local batch = link.batches[ref]
  link.batches[ref] = nil
  if batch and batch.kept == ref then
    flush(session, link, batch)
  end
end

-- keep adds a line to a kept batch. It flushes a long batch in pieces.
local function keep(session, link, batch, msg)
  batch.lines[#batch.lines + 1] = msg
  if #batch.lines >= BATCH_LINES then
    flush(session, link, batch)
  end
end

-- request_of returns the request that a line answers, by its label.
local function request_of(link, msg)
  local label = msg.tags.label
  local request = link.requests[label]
  if request then
    link.requests[label] = nil
  end
  return request
end

-- is_whole reports whether a line has enough parameters for its command.
local function is_whole(msg)
  return #msg.params >= (LEAST[msg.command] or msg.command:find("^%d%d%d$") and 2 or 0)
end

-- dispatch handles one line.
function events.dispatch(session, link, msg)
  if not is_whole(msg) then
    return
  end
  if not msg.source then
    msg.source = { nick = link.server, raw = link.server }
  end
  if msg.tags.label then
    msg.request = request_of(link, msg)
  end
  if msg.command == "BATCH" then
    if msg.params[1]:sub(1, 1) == "+" then
      return open(session, link, msg)
    end
    return events.close_batch(session, link, msg.params[1]:sub(2))
  end
  local batch = msg.tags.batch and link.batches[msg.tags.batch]
  if batch then
    msg.batch, msg.request = batch, msg.request or batch.request
    local kept = batch.kept and link.batches[batch.kept]
    if kept then
      return keep(session, link, kept, msg)
    end
  end
  deliver(session, link, msg)
end

return events
