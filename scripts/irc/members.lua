-- irc/members.lua: the members of a room, and what Spectrum knows about them.
--
-- room.members has an entry for each member. Its key is the folded nick:
--
--   { nick = "Dan", modes = "ov", away = false, account = "dan", user = …, host = … }
--
-- room.known has what Spectrum knows about them, with the same keys. It is a table of its own
-- because rooms may have thousands of members: a table whose fields never change needs half of
-- the memory.
--
-- Spectrum gets no members until the list of the room is complete: it needs all others
-- first, then the user, then the topic. While the server sends a list, room.listing holds
-- the part that has arrived (irc/listing.lua).

local isupport = require "irc.isupport"
local listing = require "irc.listing"
local names = require "irc.names"
local text = require "irc.text"

local members = {}

-- get returns the member with a nick, or nil.
function members.get(link, room, nick)
  return room.members[names.fold(link, nick)]
end

-- is_me reports whether a nick is our own.
function members.is_me(link, nick)
  return names.fold(link, nick) == names.fold(link, link.nick)
end

-- flags returns the flags of a member for Spectrum. A mode above voice means moderator.
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

-- state returns everything that Spectrum knows about a member, as one text.
local function state(link, member)
  return table.concat(members.flags(link, member), " ") .. "/" .. tostring(member.away or false)
end

-- known returns room.known. Older versions of this file kept its entries in the members.
local function known(room)
  if not room.known then
    room.known = {}
    for key, member in pairs(room.members) do
      room.known[key] = member.shown
    end
  end
  return room.known
end

-- forget forgets what Spectrum knows about all members.
function members.forget(room)
  room.known = {}
end

-- show sends the current state of a member to Spectrum. member.away is true or the away
-- message; nil if it is unknown.
function members.show(session, link, room, member)
  known(room)[names.fold(link, member.nick)] = state(link, member)
  session:participant_changed {
    room = room.name,
    nickname = member.nick,
    flag = members.flags(link, member),
    status = member.away and "away" or "online",
    status_message = type(member.away) == "string" and text.plain(member.away) or nil,
  }
end

-- refresh shows a member if Spectrum has an older state, and the list of the room is
-- complete.
function members.refresh(session, link, room, member)
  if room.joined and room.wanted and known(room)[names.fold(link, member.nick)] ~= state(link, member) then
    members.show(session, link, room, member)
  end
end

-- add adds a member, or updates the member's fields. A new member keeps the table `fields`,
-- which has to have the nick and the modes.
function members.add(session, link, room, nick, fields)
  local key = names.fold(link, nick)
  local member = room.members[key]
  if not member then
    member = fields or { nick = nick, modes = "" }
    room.members[key] = member
  elseif member ~= fields then
    for name, value in pairs(fields or {}) do
      if member[name] ~= value then
        member[name] = value
      end
    end
  end
  members.refresh(session, link, room, member)
  return member
end

-- remove removes a member. `flag` is "kicked" after a KICK.
function members.remove(session, link, room, nick, reason, flag)
  local key = names.fold(link, nick)
  local member = room.members[key]
  if not member then
    return
  end
  room.members[key] = nil
  local shown = known(room)[key]
  room.known[key] = nil
  if shown then
    session:participant_changed {
      room = room.name,
      nickname = member.nick,
      flag = flag and { flag } or nil,
      status = "none",
      status_message = reason and reason ~= "" and text.plain(reason) or nil,
    }
  end
end

-- joined handles the JOIN of another user.
function members.joined(session, link, room, nick, fields)
  if room.listing then
    listing.joined(link, room.listing, nick)
  end
  return members.add(session, link, room, nick, fields)
end

-- left handles the PART, KICK or QUIT of another user.
function members.left(session, link, room, nick, reason, flag)
  if room.listing then
    listing.left(link, room.listing, nick)
  end
  members.remove(session, link, room, nick, reason, flag)
end

-- renamed handles the NICK of a member.
function members.renamed(session, link, room, from, to)
  if room.listing then
    listing.renamed(link, room.listing, from, to)
  end
  members.rename(session, link, room, from, to)
end

-- rename gives a member another nick. Spectrum needs the user's own new nick before it
-- gets the members. If another member has the new nick, that member has left without a
-- line from the server.
function members.rename(session, link, room, from, to)
  local member = members.get(link, room, from)
  if not member then
    return
  end
  if members.get(link, room, to) ~= member then
    members.remove(session, link, room, to)
  end
  local from_key, to_key = names.fold(link, from), names.fold(link, to)
  local shown = known(room)[from_key]
  room.members[from_key], room.known[from_key] = nil, nil
  room.members[to_key], room.known[to_key] = member, shown
  local old = member.nick
  member.nick, member.split = to, false
  if not shown then
    return
  end
  session:participant_changed {
    room = room.name,
    nickname = old,
    newname = to,
    flag = members.flags(link, member),
    status = member.away and "away" or "online",
  }
  room.known[to_key] = state(link, member)
  if members.is_me(link, to) then
    members.show_me(session, link, room)
  end
end

-- show_me shows the user's own entry, with the current nick.
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

-- settle applies a complete list: members who are not in it have left. Without a list, the
-- known members stay. It reports whether we must ask for the list again; until then it
-- removes nobody.
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
  if entries and next(room.members) == nil then
    room.members = entries
  end
  for _, entry in pairs(entries or {}) do
    members.add(session, link, room, entry.nick, entry)
  end
  members.add(session, link, room, link.nick)
  return unsure
end

-- refold updates the keys of the members for the server's current CASEMAPPING.
function members.refold(link, room)
  local found, kept = {}, {}
  for key, member in pairs(room.members) do
    local new = names.fold(link, member.nick)
    found[new], kept[new] = member, known(room)[key]
  end
  room.members, room.known = found, kept
end

-- show_all sends Spectrum the members whose state it does not know, and the user last.
function members.show_all(session, link, room)
  for _, member in pairs(room.members) do
    if not members.is_me(link, member.nick) then
      members.refresh(session, link, room, member)
    end
  end
  members.show_me(session, link, room)
end

-- set_mode adds or removes a mode of a member.
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
