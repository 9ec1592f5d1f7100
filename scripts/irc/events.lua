-- irc/events.lua: what a server says, handed to the module that it is for.
--
-- A module has a table `events` of functions, by command or numeric:
--
--   module.events = {
--     TOPIC = function(session, link, msg) … end,
--     ["332"] = function(session, link, msg) … end,
--     online = function(session, link) … end,
--     ["batch netsplit"] = function(session, link, batch) … end,
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
-- as many parameters as LEAST says. msg.request is what out.request was given, if
-- this line, or the batch that it stands in, answers that request.

local events = {}

local handlers = {}

-- LEAST is how many parameters a command has at least; a numeric has two: our nick,
-- and what it is about. A line with fewer is none.
local LEAST = {
  JOIN = 1, PART = 1, KICK = 2, NICK = 1, MODE = 2, TOPIC = 1, INVITE = 2,
  PRIVMSG = 2, NOTICE = 2, TAGMSG = 1, ACCOUNT = 1, CHGHOST = 2, SETNAME = 1,
  AUTHENTICATE = 1, BATCH = 1, CAP = 3, ["332"] = 3, ["333"] = 3, ["353"] = 3,
}

-- How many batches there may be at once, how deep they may stand in each other, and
-- how many lines one may have: what is beyond that comes as if there were no batch.
local BATCHES, BATCH_DEPTH, BATCH_LINES = 50, 8, 5000

-- add takes the events of a module.
function events.add(module)
  for name, handler in pairs(module.events) do
    handlers[name] = handlers[name] or {}
    table.insert(handlers[name], handler)
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

-- open begins a batch: what is in it waits for its end.
local function open(link, msg)
  local batch = { ref = msg.params[1]:sub(2), kind = msg.params[2] or "", params = {}, lines = {}, tags = msg.tags }
  for i = 3, #msg.params do
    batch.params[#batch.params + 1] = msg.params[i]
  end
  batch.outer, batch.request = msg.tags.batch, msg.request
  local depth, outer = 0, link.batches[batch.outer]
  while outer do
    depth, outer = depth + 1, link.batches[outer.outer]
  end
  if depth < BATCH_DEPTH and count(link.batches) < BATCHES then
    link.batches[batch.ref] = batch
  end
end

-- close ends a batch: its own handler gets it, or each line its usual one.
local function close(session, link, ref)
  local batch = link.batches[ref]
  link.batches[ref] = nil
  if not batch or events.emit("batch " .. batch.kind, session, link, batch) then
    return
  end
  for _, msg in ipairs(batch.lines) do
    msg.request = msg.request or batch.request
    deliver(session, link, msg)
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
    local sign, ref = msg.params[1]:sub(1, 1), msg.params[1]:sub(2)
    if sign == "+" then
      return open(link, msg)
    end
    return close(session, link, ref)
  end
  local batch = msg.tags.batch and link.batches[msg.tags.batch]
  if not batch or #batch.lines >= BATCH_LINES then
    return deliver(session, link, msg)
  end
  msg.request = msg.request or batch.request
  batch.lines[#batch.lines + 1] = msg
end

return events
