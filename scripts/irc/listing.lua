-- irc/listing.lua: the list of a room's members while the server sends it (353 … 366).
--
-- Users join, leave and change their nicks between its lines. Some servers make the list
-- when they begin to send it, others line by line. So the changes during the list are noted
-- here, and have priority over later lines:
--
--   { entries = { dan = { nick = "Dan", modes = "o", user = …, host = …, split = false } },
--     moved = { eve = "eva", bob = false },   eve is eva now, bob has left
--     modes = { dan = { v = true } },         changes of modes since the list began
--     lines = 2,                              how many lines have arrived
--     unsure = true }                         a nick may mean two users: ask again
--
-- All keys are folded nicks.

local isupport = require "irc.isupport"
local names = require "irc.names"

local listing = {}

-- MOST is the most entries of `moved`. If there are more, the script asks for the list again.
local MOST = 20000

function listing.new()
  return { entries = {}, moved = {}, modes = {}, lines = 0, noted = 0 }
end

-- note_move notes that nobody has the nick `from` any more. Its owner has changed it to `to`,
-- or has left if `to` is false.
local function note_move(list, from, to)
  if list.moved[from] == nil then
    list.noted = list.noted + 1
  end
  if list.noted > MOST then
    list.unsure = true
    return
  end
  list.moved[from] = to
end

-- appear notes that a nick has an owner. If it had another owner before, later lines with the
-- nick are ambiguous.
local function appear(list, key)
  if list.moved[key] ~= nil then
    list.moved[key], list.reused = nil, list.reused or {}
    list.reused[key] = true
  end
end

-- joined notes a JOIN.
function listing.joined(link, list, nick)
  local key = names.fold(link, nick)
  appear(list, key)
  list.entries[key], list.modes[key] = { nick = nick, modes = "", split = false }, nil
end

-- left notes a QUIT, a PART or a KICK.
function listing.left(link, list, nick)
  local key = names.fold(link, nick)
  list.entries[key], list.modes[key] = nil, nil
  note_move(list, key, false)
end

-- renamed notes a NICK. The script may not know yet whether its owner is in the room. The
-- owner is not in the room if the nick's last owner there has left.
function listing.renamed(link, list, from, to)
  local old, new = names.fold(link, from), names.fold(link, to)
  if list.moved[old] ~= nil then
    return
  end
  local entry, modes = list.entries[old], list.modes[old]
  if old ~= new then
    list.entries[old], list.modes[old] = nil, nil
    note_move(list, old, new)
    appear(list, new)
    list.modes[new] = modes
    list.entries[new] = entry or list.entries[new]
  end
  if entry then
    entry.nick = to
  end
  list.spelled = list.spelled or {}
  list.spelled[new] = to
end

-- mode notes that a member got or lost a mode.
function listing.mode(link, list, nick, sign, mode)
  local key = names.fold(link, nick)
  list.modes[key] = list.modes[key] or {}
  list.modes[key][mode] = sign == "+"
end

-- resolve returns the current nick of the owner of a nick in a line. It returns nil if the
-- owner has left.
local function resolve(list, key)
  while list.moved[key] ~= nil do
    key = list.moved[key]
    if not key then
      return nil
    end
  end
  return key
end

-- collect takes one line of the list: signs, nick and, from some servers, user and host.
function listing.collect(link, list, line)
  list.lines = list.lines + 1
  for word in line:gmatch("%S+") do
    local modes, rest = isupport.split_signs(link.isupport, word)
    local nick, user, host = rest:match("^([^!]+)!([^@]*)@(.*)$")
    nick = nick or rest
    local named = names.fold(link, nick)
    local key = nick ~= "" and resolve(list, named)
    if key then
      local spelled = (key ~= named or nil) and (list.spelled or {})[key]
      list.entries[key] = { nick = spelled or nick, modes = modes, user = user, host = host, split = false }
    end
    list.unsure = list.unsure or list.reused ~= nil and list.reused[named] == true
  end
end

-- finish returns the members of the room, by nick, with their current modes. It returns nil if
-- no line has arrived.
function listing.finish(list)
  if list.lines == 0 then
    return nil
  end
  for key, changes in pairs(list.modes) do
    local entry = list.entries[key]
    for mode, given in pairs(entry and changes or {}) do
      entry.modes = isupport.with_mode(entry.modes, mode, given)
    end
  end
  return list.entries
end

return listing
