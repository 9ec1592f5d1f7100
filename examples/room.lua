-- room.lua: one room that all users share. It teaches how a script reaches
-- users other than the one whose message it handles: spectrum.sessions().
--
-- Users meet only if one backend process serves them all, so users_per_backend
-- in the transport's config has to be as large as the transport.

local spectrum = require "spectrum"

local ROOM = "lobby"

spectrum.backend_config {
  registration = { needPassword = false },
  features = { muc = true },
}

-- Service discovery shows the room.
spectrum.send("room_list", { room = { ROOM }, name = { "The lobby" } })

-- Those in the room, as a list of sessions. A session's own table, `data`, says
-- under which nickname its user is there.
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

-- Tells everybody in the room but one that a participant is there, or gone.
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

  -- The others first, then the user himself: that ends the list for him.
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

-- What is said in the room goes to everybody there, the speaker included. To
-- one alone it comes with his nickname behind the room's: `lobby/carol`.
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

-- Spectrum lets a user who goes offline leave his rooms first. But it may also
-- log him out without that, so here he is gone for sure.
function on.logout(session)
  leave(session)
end

return on
