-- irc/multiline.lua: messages of several lines (IRCv3 draft/multiline). The lines are a batch:
--
--   BATCH +1 draft/multiline #lua
--   @batch=1 PRIVMSG #lua :The first line,
--   @batch=1 PRIVMSG #lua :and the second
--   @batch=1;draft/multiline-concat PRIVMSG #lua : one, which was too long.
--   BATCH -1

local encoding = require "spectrum.encoding"
local events = require "irc.events"
local message = require "irc.message"

local multiline = {}

local KIND, CONCAT = "draft/multiline", "draft/multiline-concat"

-- LEAST is the least limit in bytes with which a batch makes sense, LINES the lines of a batch if
-- the server does not say, and TEXT the most bytes of a message that the user gets.
local LEAST, LINES, TEXT = 512, 100, 60000

-- To the server ------------------------------------------------------------------

-- limits returns the most bytes and lines of a batch, or nil if the server does not support them.
local function limits(link)
  local value = link.caps["batch"] and link.caps[KIND]
  local bytes = value and tonumber(("," .. value):match(",max%-bytes=(%d+)"))
  if not bytes or bytes < LEAST then
    return nil
  end
  return bytes, math.max(2, tonumber(("," .. value):match(",max%-lines=(%d+)")) or LINES)
end

-- batches splits lines into batches for a target: lists of { text = …, concat = true }. Together,
-- they are the same text. It returns nil if the server does not support them.
function multiline.batches(link, target, lines)
  local max_bytes, max_lines = limits(link)
  if not max_bytes then
    return nil
  end
  local room = message.room(link, "PRIVMSG", target)
  local all, bytes = { {} }, 0
  for _, line in ipairs(lines) do
    for i, piece in ipairs(message.split(line, room, true)) do
      local batch = all[#all]
      if #batch >= max_lines or bytes + #piece + 1 > max_bytes then
        batch, bytes = {}, 0
        all[#all + 1] = batch
      end
      batch[#batch + 1] = { text = piece, concat = i > 1 and #batch > 0 or nil }
      bytes = bytes + #piece + 1
    end
  end
  return all
end

-- text returns the text of a list of lines.
function multiline.text(list)
  local parts = {}
  for i, line in ipairs(list) do
    parts[#parts + 1] = (i == 1 or line.concat) and line.text or "\n" .. line.text
  end
  return table.concat(parts)
end

-- format returns the lines of a batch for a target. `tags` belong to the whole message.
function multiline.format(ref, target, list, tags)
  local lines = { message.format("BATCH", { "+" .. ref, KIND, target }, tags) }
  for _, line in ipairs(list) do
    lines[#lines + 1] =
      message.format("PRIVMSG", { target, line.text }, { batch = ref, [CONCAT] = line.concat and "" or nil })
  end
  lines[#lines + 1] = message.format("BATCH", { "-" .. ref })
  return lines
end

-- From the server ----------------------------------------------------------------

local SAYING = { PRIVMSG = true, NOTICE = true }

-- assemble returns a batch as one message, or nil if it has no text. Lines of another kind, of
-- another sender or to another target do not belong to it.
local function assemble(batch, lines)
  local list, first, size = {}, nil, 0
  for _, msg in ipairs(lines) do
    first = first or SAYING[msg.command] and msg or nil
    local fits = first
      and msg.command == first.command
      and msg.source.nick == first.source.nick
      and msg.params[1] == first.params[1]
    if fits and size <= TEXT then
      list[#list + 1] = { text = msg.params[2], concat = msg.tags[CONCAT] ~= nil }
      size = size + #msg.params[2] + 1
    end
  end
  if not first then
    return nil
  end
  return {
    command = first.command,
    source = first.source,
    params = { first.params[1], (encoding.utf8.truncate(multiline.text(list), TEXT)) },
    tags = batch.tags,
    request = batch.request,
  }
end

-- unfold returns the messages of a list of lines: the lines of each batch become one message.
function multiline.unfold(lines)
  local list, i = {}, 1
  while i <= #lines do
    local batch = lines[i].batch
    if batch and batch.kind == KIND then
      local own = {}
      while lines[i] and lines[i].batch == batch do
        own[#own + 1], i = lines[i], i + 1
      end
      list[#list + 1] = assemble(batch, own)
    else
      list[#list + 1], i = lines[i], i + 1
    end
  end
  return list
end

-- heard passes a batch to the handlers of messages.
local function heard(session, link, batch)
  local msg = assemble(batch, batch.lines)
  if msg then
    events.emit(msg.command, session, link, msg)
  end
end

multiline.events = { ["batch draft/multiline"] = heard }

return multiline
