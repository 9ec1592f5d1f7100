-- irc/people.lua: handles users in rooms who join, leave, are kicked, or change their nicks
-- and modes.

local isupport = require "irc.isupport"
local listing = require "irc.listing"
local members = require "irc.members"
local nicks = require "irc.nicks"
local out = require "irc.out"
local parting = require "irc.parting"
local rooms = require "irc.rooms"
local settings = require "irc.settings"

local people = {}

-- each calls a function for each room that somebody is in.
local function each(link, nick, fn)
  for _, room in pairs(link.rooms) do
    local member = members.get(link, room, nick)
    if member then
      fn(room, member)
    end
  end
end

-- each_perhaps calls it also for rooms whose list of members is not complete yet.
local function each_perhaps(link, nick, fn)
  for _, room in pairs(link.rooms) do
    if room.listing or members.get(link, room, nick) then
      fn(room)
    end
  end
end

-- Netsplits ------------------------------------------------------------------------
--
-- In a netsplit two servers lose their connection. Hundreds of users quit at once, and
-- most return within a minute. They stay in their rooms for settings.split_timeout
-- seconds. Only users who are still away then are removed.

-- is_split reports whether a QUIT is from a netsplit: "hub.example.net leaf.example.net".
local function is_split(reason)
  return reason:find("^[%w%-*]+%.[%w%-.*]+ [%w%-*]+%.[%w%-.*]+$") ~= nil
end

local function split(session, link, nick, reason)
  each_perhaps(link, nick, function(room)
    if room.listing then
      listing.left(link, room.listing, nick)
    end
  end)
  each(link, nick, function(room, member)
    member.split = true
    if room.shown and not room.split then
      rooms.tell(session, link, room, "Netsplit: " .. reason)
    end
    room.split = reason
  end)
  if link.splitting then
    return
  end
  link.splitting = true
  people.sweep_later(session, link)
end

-- sweep_later removes the users who have not returned in time.
function people.sweep_later(session, link)
  session:after("split " .. link.key, settings.split_timeout, function()
    link.splitting = nil
    for _, room in pairs(link.rooms) do
      local gone = {}
      for _, member in pairs(room.members) do
        if member.split then
          gone[#gone + 1] = member.nick
        end
      end
      for _, nick in ipairs(gone) do
        members.remove(session, link, room, nick, room.split)
      end
      room.split = nil
    end
  end)
end

local function quit(session, link, msg)
  local nick, reason = msg.source.nick, msg.params[1] or ""
  if members.is_me(link, nick) then
    return -- the end of the connection follows
  end
  local batch = msg.batch and msg.batch.kind == "netsplit" and msg.batch
  if settings.split_timeout > 0 and (batch or is_split(reason)) then
    return split(session, link, nick, batch and table.concat(batch.params, " ") or reason)
  end
  each_perhaps(link, nick, function(room)
    members.left(session, link, room, nick, reason)
  end)
  nicks.freed(session, link, nick)
end

-- Modes ------------------------------------------------------------------------------

-- mode handles a MODE of a room. Modes of members change their flags. The room shows all.
local function mode(session, link, msg)
  local room = rooms.heard(link, msg.params[1])
  if not room then
    return
  end
  local params = {}
  for i = 3, #msg.params do
    params[i - 2] = msg.params[i]
  end
  local _, signs = isupport.statuses(link.isupport)
  local unsure = false
  for _, change in ipairs(isupport.changes(link.isupport, msg.params[2], params)) do
    if signs[change.mode] and change.param then
      members.set_mode(session, link, room, change.param, change.sign, change.mode)
      unsure = unsure or change.sign == "-" and not link.caps["multi-prefix"]
    end
  end
  if unsure then
    out.send(session, link, "NAMES", room.channel) -- the sign that was removed may have hidden a lower one
  end
  if room.shown then
    rooms.tell(session, link, room, ("%s sets mode %s"):format(msg.source.nick, table.concat(msg.params, " ", 2)))
  end
end

people.events = {
  JOIN = function(session, link, msg)
    local room = rooms.heard(link, msg.params[1])
    if not room or members.is_me(link, msg.source.nick) then
      return
    end
    local account = msg.params[2] or msg.tags.account
    members.joined(session, link, room, msg.source.nick, {
      nick = msg.source.nick,
      modes = "",
      split = false,
      away = false,
      user = msg.source.user,
      host = msg.source.host,
      account = account ~= "*" and account or nil,
      realname = msg.params[3],
    })
  end,

  PART = function(session, link, msg)
    local mine = members.is_me(link, msg.source.nick)
    if mine and parting.answered(link, msg.params[1]) then
      return
    end
    local room = rooms.heard(link, msg.params[1])
    if room and mine then
      rooms.left(session, link, room, msg.params[2])
    elseif room then
      members.left(session, link, room, msg.source.nick, msg.params[2])
    end
  end,

  KICK = function(session, link, msg)
    local room, nick = rooms.heard(link, msg.params[1]), msg.params[2]
    if not room then
      return
    end
    local why = "kicked by " .. msg.source.nick
    if (msg.params[3] or "") ~= "" and msg.params[3] ~= nick then
      why = why .. ": " .. msg.params[3]
    end
    if members.is_me(link, nick) then
      rooms.left(session, link, room, why, "kicked")
    else
      members.left(session, link, room, nick, why, "kicked")
    end
  end,

  QUIT = quit,
  NICK = function(session, link, msg)
    local from, to = msg.source.nick, msg.params[1]
    if members.is_me(link, from) then
      link.nick = to
      nicks.changed(link, to)
    end
    each_perhaps(link, from, function(room)
      members.renamed(session, link, room, from, to)
    end)
    if not members.is_me(link, to) then
      nicks.freed(session, link, from)
    end
  end,

  MODE = mode,

  ACCOUNT = function(_, link, msg)
    local account = msg.params[1] ~= "*" and msg.params[1] or nil
    each(link, msg.source.nick, function(_, member)
      member.account = account
    end)
  end,
  CHGHOST = function(_, link, msg)
    if members.is_me(link, msg.source.nick) then
      link.user, link.host = msg.params[1], msg.params[2]
    end
    each(link, msg.source.nick, function(_, member)
      member.user, member.host = msg.params[1], msg.params[2]
    end)
  end,
  SETNAME = function(_, link, msg)
    each(link, msg.source.nick, function(_, member)
      member.realname = msg.params[1]
    end)
  end,
}

return people
