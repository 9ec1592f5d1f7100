-- irc/refusals.lua: handles a server that refuses a JOIN. Networks have many numerics for
-- that, and no list of them is complete. So an error that names a room whose JOIN has no
-- answer yet is that answer. ELSEWHERE lists the exceptions.

local names = require "irc.names"
local parting = require "irc.parting"
local rooms = require "irc.rooms"

local refusals = {}

-- FLAGS has the numerics with a special flag for Spectrum. All others become
-- "not_authorized": the room is full, has a key, and so on.
local FLAGS = {
  ["403"] = "room_not_found", -- no such channel
  ["470"] = "room_not_found", -- the server has moved us to another room, which it names
  ["474"] = "banned",
  ["476"] = "room_not_found", -- bad name
  ["479"] = "room_not_found", -- bad name
}

-- set returns a set of the numerics in a text.
local function set(list)
  local found = {}
  for numeric in list:gmatch("%d+") do
    found[numeric] = true
  end
  return found
end

-- ELSEWHERE has errors that name a room and do not answer a JOIN. They answer PRIVMSG (404
-- 408), PART and KICK (441 442), INVITE (443 715), MODE (467 478 482 499 696 697 698 742 743),
-- KNOCK (710 to 714), and lists of modes (728 729 940 941 953 954).
local ELSEWHERE =
  set "404 408 441 442 443 467 478 482 499 696 697 698 710 711 712 713 714 715 728 729 742 743 940 941 953 954"

-- ONLY_JOIN has errors that answer only a JOIN. Some servers do not name the room in them.
local ONLY_JOIN = set "405 471 473 474 475 477 480 485 488 489 490 495 500 519 520 608 610"

-- waits reports whether a room's JOIN has no answer yet.
local function waits(room)
  return room ~= nil and room.state == "asked"
end

-- oldest returns the room with the oldest JOIN without an answer, or nil. Servers answer in
-- order.
local function oldest(link)
  local found
  for _, room in pairs(link.rooms) do
    if waits(room) and (not found or room.number < found.number) then
      found = room
    end
  end
  return found
end

-- named returns the rooms in a parameter, "#a" or "#a,#b", whose JOIN has no answer yet. It
-- also reports whether the parameter names a room at all.
local function named(link, param)
  local list, any = {}, false
  for name in param:gmatch("[^,]+") do
    any = any or names.is_room(link, name)
    local room = rooms.heard(link, name)
    if waits(room) then
      list[#list + 1] = room
    end
  end
  return list, any
end

-- about returns the rooms that a line is about and whose JOIN has no answer yet, the index of
-- the parameter with the reason, and whether the line names a room at all.
local function about(link, msg, first)
  local any = false
  for i = first, math.max(first, #msg.params - 1) do
    local list, is_room = named(link, msg.params[i] or "")
    if #list > 0 then
      return list, i + 1
    end
    any = any or is_room
  end
  return {}, first, any
end

-- reason returns the server's text, which begins at parameter `first`.
local function reason(msg, first)
  local words = table.concat(msg.params, " ", first)
  return words ~= "" and words or ("the server refuses it (%s)"):format(msg.command)
end

local function refuse_all(session, link, list, msg, first)
  local flag, why = FLAGS[msg.command] or "not_authorized", reason(msg, first)
  for _, room in ipairs(list) do
    rooms.refuse(session, link, room, flag, why)
  end
end

-- is_error reports whether a numeric is an error: 400 and more, and 263 ("try again later").
local function is_error(msg)
  local number = tonumber(msg.command)
  return number ~= nil and (number >= 400 or number == 263)
end

-- before_part reports whether an error is about a room that the user has left meanwhile. Two
-- numerics answer the PART itself.
local function before_part(link, msg)
  local channel = msg.params[2]
  if (msg.command == "442" or msg.command == "403") and parting.answered(link, channel) then
    return true
  end
  return rooms.find(link, channel) ~= nil and rooms.heard(link, channel) == nil
end

-- refused handles an error that no other module has handled.
local function refused(session, link, msg)
  if not is_error(msg) then
    return false
  end
  if before_part(link, msg) then
    return true
  end
  if ELSEWHERE[msg.command] then
    return false
  end
  local list, first, any = about(link, msg, 2)
  if #list == 0 and not any and (ONLY_JOIN[msg.command] or msg.params[2]:upper() == "JOIN") then
    list = { oldest(link) }
    first = msg.params[2]:upper() == "JOIN" and #msg.params > 2 and 3 or 2
  end
  refuse_all(session, link, list, msg, first)
  return #list > 0
end

-- failed handles FAIL (IRCv3 standard replies). Its parameters are JOIN, a code, rooms, and a
-- text.
local function failed(session, link, msg)
  if (msg.params[1] or ""):upper() ~= "JOIN" then
    return false
  end
  local list, first, any = about(link, msg, 3)
  if #list == 0 and not any then
    list, first = { oldest(link) }, #msg.params
  end
  refuse_all(session, link, list, msg, first)
  return #list > 0
end

refusals.events = { unknown = refused, FAIL = failed }

return refusals
