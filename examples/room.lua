-- room.lua: one room that all users share. It teaches spectrum.sessions(): how a script
-- reaches users other than the one whose message it handles.
--
-- Users meet only if one backend process serves them all. So set users_per_backend in the
-- transport's config to at least the number of users.

local spectrum = require "spectrum"

local ROOM = "lobby"

spectrum.backend_config {
  registration = { needPassword = false },
  features = { muc = true },
}

-- Service discovery shows the room.
spectrum.send("room_list", { room = { ROOM }, name = { "The lobby" } })

-- Returns the sessions of the users in the room. A session's own table, `data`, holds the
-- nickname of the user.
local function members()
  local list = {}
  for _, session in ipairs(spectrum.sessions()) do
    if session.data.nickname then
      list[#list + 1] = session
    end
  end
  return list
end

local function find(nickname)
  for _, session in ipairs(members()) do
    if session.data.nickname == nickname then
      return session
    end
  end
end

-- Shows everybody in the room, except one user, that an occupant has entered or left.
local function announce(nickname, status, except)
  for _, session in ipairs(members()) do
    if session ~= except then
      session:participant_changed { room = ROOM, nickname = nickname, status = status }
    end
  end
end

local on = {}

function on.login(session)
  session:connected()
end

function on.join_room(session, m)
  local holder = find(m.nickname)
  if m.room ~= ROOM then
    session:participant_changed { room = m.room, nickname = m.nickname, status = "none", flag = { "room_not_found" } }
    return
  end
  if holder and holder ~= session then
    session:participant_changed { room = ROOM, nickname = m.nickname, status = "none", flag = { "conflict" } }
    return
  end

  -- The others come first. The user comes last, which ends the list.
  for _, other in ipairs(members()) do
    if other ~= session then
      session:participant_changed { room = ROOM, nickname = other.data.nickname, status = "online" }
    end
  end
  session.data.nickname = m.nickname
  session:participant_changed { room = ROOM, nickname = m.nickname, status = "online", flag = { "me" } }
  session:room_subject_changed {
    buddy_name = ROOM,
    nickname = spectrum.data.topic_by or ROOM,
    message = spectrum.data.topic or "",
  }
  announce(m.nickname, "online", session)
end

-- A message to the room goes to all occupants, including the sender. A private message
-- has the recipient's nickname after the room's name: `lobby/carol`.
function on.conv_message(session, m)
  local nickname = session.data.nickname
  if not nickname then
    return
  end
  if m.buddy_name == ROOM then
    for _, member in ipairs(members()) do
      member:conv_message { buddy_name = ROOM, nickname = nickname, message = m.message }
    end
    return
  end
  local to = m.buddy_name:match("^" .. ROOM .. "/(.+)$")
  local listener = to and find(to)
  if listener then
    listener:conv_message { buddy_name = ROOM, nickname = nickname, message = m.message, pm = true }
  end
end

function on.room_subject_changed(session, m)
  if not session.data.nickname then
    return
  end
  spectrum.data.topic, spectrum.data.topic_by = m.message, session.data.nickname
  for _, member in ipairs(members()) do
    member:room_subject_changed { buddy_name = ROOM, nickname = session.data.nickname, message = m.message }
  end
end

local function leave(session)
  local nickname = session.data.nickname
  if not nickname then
    return
  end
  session.data.nickname = nil
  announce(nickname, "none")
end

function on.leave_room(session, m)
  if m.room == ROOM then
    leave(session)
  end
end

-- Before a user goes offline, Spectrum usually sends leave_room for each room. It may
-- omit that, so the logout removes the user too.
function on.logout(session)
  leave(session)
end

return on
