-- irc/listing.lua: the list of a room's members while the server sends it (353 … 366).
--
-- People come, go and change their nicks between its lines. Some servers take the list
-- when they begin to send it, others line by line. So what happens meanwhile is noted
-- here, and it outweighs what a later line says:
--
--   { entries = { dan = { nick = "Dan", modes = "o", user = …, host = … } },
--     moved = { eve = "eva", bob = false },   eve is eva now, bob has gone
--     modes = { dan = { v = true } },         changes of modes since the list began
--     lines = 2,                              how many lines have come
--     unsure = true }                         one name stands for two people: ask again
--
-- All keys are nicks as the server compares them.

local isupport = require "irc.isupport"
local names = require "irc.names"

local listing = {}

-- MOST is how many names of people who have gone or changed their nicks are noted.
-- A list with more of them is asked for again.
local MOST = 20000

function listing.new()
  return { entries = {}, moved = {}, modes = {}, lines = 0, noted = 0 }
end

-- note_move notes that nobody has a nick any more: its owner has another one (`to`) or
-- has gone (false).
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

-- appear notes that a nick has an owner. A nick that had another one before makes the
-- lines that are still to come ambiguous.
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
  list.entries[key], list.modes[key] = { nick = nick, modes = "" }, nil
end

-- left notes a QUIT, a PART or a KICK.
function listing.left(link, list, nick)
  local key = names.fold(link, nick)
  list.entries[key], list.modes[key] = nil, nil
  note_move(list, key, false)
end

-- renamed notes a NICK. Whether its owner is in the room may not be known yet. They are
-- not if the nick's last owner here has gone.
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

-- mode notes that a member was given a mode, or lost it.
function listing.mode(link, list, nick, sign, mode)
  local key = names.fold(link, nick)
  list.modes[key] = list.modes[key] or {}
  list.modes[key][mode] = sign == "+"
end

-- resolve follows a nick of a line to the one that its owner has now. It returns nil if
-- the owner has gone.
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
      list.entries[key] = { nick = spelled or nick, modes = modes, user = user, host = host }
    end
    list.unsure = list.unsure or list.reused ~= nil and list.reused[named] == true
  end
end

-- finish returns who is in the room, by nick, with the modes that they have now; nil if
-- no line has come.
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
