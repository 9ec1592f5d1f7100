-- irc/events.lua: what a server says, handed to the module that it is for.
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
-- Several modules may have the same one; they are called in the order in which
-- scripts/irc.lua adds them. One that returns true has dealt with it alone: those
-- behind it are not called. One that returns false says that it was not for it.
-- Names in lower case are what modules tell each other:
--
--   connected (session, link)           the TCP connection is there
--   online    (session, link)           the server has let us in, and said all of itself
--   offline   (session, link, why)      the connection is lost, or was closed
--   joined    (session, link, room)     we are in a room, and all who are there are known
--   waiting   (session, link, why, s)   the next attempt comes in s seconds
--   closed    (session, link, why)      there will be none
--   unknown   (session, link, msg)      nobody wants this line
--
-- msg is what irc/message.lua makes of a line. It always has a source, and at least
-- as many parameters as LEAST says. msg.request is what out.say was given, if
-- this line, or the batch that it stands in, answers that request. msg.batch is that
-- batch, if there is one: { kind = "netsplit", params = {…} }.

local events = {}

local handlers = {}

-- LEAST is how many parameters a command has at least; a numeric has two: our nick,
-- and what it is about. A line with fewer is none.
-- stylua: ignore
local LEAST = {
  JOIN = 1, PART = 1, KICK = 2, NICK = 1, MODE = 2, TOPIC = 1, INVITE = 2,
  PRIVMSG = 2, NOTICE = 2, TAGMSG = 1, ACCOUNT = 1, CHGHOST = 2, SETNAME = 1,
  AUTHENTICATE = 1, BATCH = 1, CAP = 3, ["332"] = 3, ["333"] = 3, ["353"] = 3,
}

-- How many batches there may be at once, how deep they may stand in each other, and
-- how many lines of one are kept. A batch beyond the first two limits counts as none.
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

-- emit calls the handlers of an event and returns whether one has wanted it. An
-- error in one hurts no other, nor the task that reads from the server: it becomes
-- that of a task of its own, which the runtime logs.
function events.emit(name, session, link, ...)
  local wanted = false
  for _, handler in ipairs(handlers[name] or {}) do
    local ok, result = xpcall(handler, debug.traceback, session, link, ...)
    if not ok then
      session:spawn(error, name .. ": " .. tostring(result), 0)
    end
    wanted = wanted or result ~= false
    if result == true then
      break
    end
  end
  return wanted
end

-- deliver hands one line to its handlers.
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

-- open begins a batch. One that has a handler of its own is kept until its end, with the
-- batches inside it. The lines of any other batch come at once: what happens outside
-- it meanwhile has an order with them.
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

-- flush hands what has come of a batch that is kept to its handler.
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

-- keep adds a line to a batch that is kept. A batch that is too long is shown in pieces.
local function keep(session, link, batch, msg)
  batch.lines[#batch.lines + 1] = msg
  if #batch.lines >= BATCH_LINES then
    flush(session, link, batch)
  end
end

-- request_of is what a line answers, by its label.
local function request_of(link, msg)
  local label = msg.tags.label
  local request = label and link.requests[label]
  if request then
    link.requests[label] = nil
  end
  return request
end

-- is_whole tells whether a line has what its command wants.
local function is_whole(msg)
  return #msg.params >= (LEAST[msg.command] or msg.command:find("^%d%d%d$") and 2 or 0)
end

-- dispatch takes one line.
function events.dispatch(session, link, msg)
  if not is_whole(msg) then
    return
  end
  msg.source = msg.source or { nick = link.server, raw = link.server }
  msg.request = request_of(link, msg)
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
