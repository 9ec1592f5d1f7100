-- irc/members.lua: who is in a room, and how Spectrum is told.
--
-- room.members has one entry for each, by his nick as the server compares nicks:
--
--   { nick = "Dan", modes = "ov", away = false, account = "dan", user = …, host = … }
--
-- As long as the list of a room that we have joined is not complete, nobody is
-- shown: Spectrum wants all others first, then the user, then the topic. While the
-- server sends a list, room.listing has what is known of it (irc/listing.lua).

local isupport = require "irc.isupport"
local listing = require "irc.listing"
local names = require "irc.names"
local text = require "irc.text"

local members = {}

-- get is the member with a nick, or nil.
function members.get(link, room, nick)
  return room.members[names.fold(link, nick)]
end

-- is_me tells our own nick.
function members.is_me(link, nick)
  return names.fold(link, nick) == names.fold(link, link.nick)
end

-- flags are what Spectrum knows of roles: everybody above a voice is a moderator.
function members.flags(link, member)
  local flags = {}
  if member.modes:find("[^v]") then
    flags[1] = "moderator"
  end
  if members.is_me(link, member.nick) then
    flags[#flags + 1] = "me"
  end
  return flags
end

-- state is all that Spectrum is told of a member, as one text.
local function state(link, member)
  return table.concat(members.flags(link, member), " ") .. "/" .. tostring(member.away or false)
end

-- show tells Spectrum of a member as he is now. member.away is true, or what he says
-- of it; nil if that is not known.
function members.show(session, link, room, member)
  member.shown = state(link, member)
  session:participant_changed {
    room = room.name,
    nickname = member.nick,
    flag = members.flags(link, member),
    status = member.away and "away" or "online",
    status_message = type(member.away) == "string" and text.plain(member.away) or nil,
  }
end

-- refresh shows a member if Spectrum does not know him as he is, once the list of
-- the room is complete.
function members.refresh(session, link, room, member)
  if room.joined and room.wanted and member.shown ~= state(link, member) then
    members.show(session, link, room, member)
  end
end

-- add adds somebody, or notes what is new of him. `fields` are those of a member.
function members.add(session, link, room, nick, fields)
  local key = names.fold(link, nick)
  local member = room.members[key] or { nick = nick, modes = "" }
  room.members[key] = member
  for name, value in pairs(fields or {}) do
    member[name] = value
  end
  members.refresh(session, link, room, member)
  return member
end

-- remove takes somebody out. `flag`: "kicked", if he was.
function members.remove(session, link, room, nick, reason, flag)
  local key = names.fold(link, nick)
  local member = room.members[key]
  if not member then
    return
  end
  room.members[key] = nil
  if member.shown then
    session:participant_changed {
      room = room.name,
      nickname = member.nick,
      flag = flag and { flag } or nil,
      status = "none",
      status_message = reason and reason ~= "" and text.plain(reason) or nil,
    }
  end
end

-- joined takes somebody's JOIN.
function members.joined(session, link, room, nick, fields)
  if room.listing then
    listing.joined(link, room.listing, nick)
  end
  return members.add(session, link, room, nick, fields)
end

-- left takes somebody's PART, KICK or QUIT.
function members.left(session, link, room, nick, reason, flag)
  if room.listing then
    listing.left(link, room.listing, nick)
  end
  members.remove(session, link, room, nick, reason, flag)
end

-- renamed takes somebody's NICK.
function members.renamed(session, link, room, from, to)
  if room.listing then
    listing.renamed(link, room.listing, from, to)
  end
  members.rename(session, link, room, from, to)
end

-- rename gives a member another nick. Of the user, Spectrum has to be told which nick is
-- theirs before it is told who is there. Nobody else can have the new nick: a member who
-- had it has gone, and the server has not said so.
function members.rename(session, link, room, from, to)
  local member = members.get(link, room, from)
  if not member then
    return
  end
  if members.get(link, room, to) ~= member then
    members.remove(session, link, room, to)
  end
  room.members[names.fold(link, from)] = nil
  room.members[names.fold(link, to)] = member
  local old = member.nick
  member.nick, member.split = to, false
  if not member.shown then
    return
  end
  session:participant_changed {
    room = room.name,
    nickname = old,
    newname = to,
    flag = members.flags(link, member),
    status = member.away and "away" or "online",
  }
  member.shown = state(link, member)
  if members.is_me(link, to) then
    members.show_me(session, link, room)
  end
end

-- show_me shows the user to himself, under the nick that he has.
function members.show_me(session, link, room)
  if room.nick ~= link.nick then
    session:room_nickname_changed { room = room.name, nickname = link.nick }
    room.nick = link.nick
  end
  local me = members.get(link, room, link.nick)
  if me then
    members.show(session, link, room, me)
  end
end

-- settle makes the list that has come the one that counts: members who are not in it
-- have gone, all others are there. Without a list, those count who are known. It
-- reports whether the list has to be asked for again; until then nobody has gone.
function members.settle(session, link, room)
  local list = room.listing
  room.listing = nil
  local entries = list and listing.finish(list)
  local unsure = list ~= nil and list.unsure == true
  for key, member in pairs(room.members) do
    if entries and not unsure and not entries[key] and not members.is_me(link, member.nick) then
      members.remove(session, link, room, member.nick)
    end
  end
  for _, entry in pairs(entries or {}) do
    entry.split = false
    members.add(session, link, room, entry.nick, entry)
  end
  members.add(session, link, room, link.nick)
  return unsure
end

-- refold finds members by how the server compares names from now on.
function members.refold(link, room)
  local found = {}
  for _, member in pairs(room.members) do
    found[names.fold(link, member.nick)] = member
  end
  room.members = found
end

-- show_all tells Spectrum of those in a room whom it does not know as they are, the
-- user himself last.
function members.show_all(session, link, room)
  for _, member in pairs(room.members) do
    if not members.is_me(link, member.nick) then
      members.refresh(session, link, room, member)
    end
  end
  members.show_me(session, link, room)
end

-- set_mode gives a member a mode, or takes it.
function members.set_mode(session, link, room, nick, sign, mode)
  if room.listing then
    listing.mode(link, room.listing, nick, sign, mode)
  end
  local member = members.get(link, room, nick)
  if member then
    member.modes = isupport.with_mode(member.modes, mode, sign == "+")
    members.refresh(session, link, room, member)
  end
end

return members
