-- echo.lua: a transport on which every contact repeats each message. It uses each part of
-- a transport once: contacts, receipts, typing, vCards, rooms.
-- docs/guide/getting-started.md explains it in pieces; examples/ has smaller scripts.

local spectrum = require "spectrum"

-- The features of this transport. Spectrum gets them before users log in.
spectrum.backend_config {
  features = { muc = true, receipts = true },
}

local on = {} -- the handlers, by the names of their messages

function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", alias = "Echo", group = { "Lua" }, status = "online" }
end

-- A message to a contact, to a room, or to an occupant of a room.
function on.conv_message(session, m)
  if m.id then -- the user asked for a receipt
    session:conv_message_ack { buddy_name = m.buddy_name, message = "", id = m.id }
  end
  local rooms = session.data.rooms or {}
  session:conv_message {
    buddy_name = m.buddy_name,
    message = m.message,
    xhtml = m.xhtml,
    nickname = rooms[m.buddy_name], -- in a room: the sender, which is the user
    pm = m.pm,
  }
end

-- The contact types when the user does.
function on.buddy_typing(session, m)
  session:buddy_typing { buddy_name = m.buddy_name }
end

function on.buddy_typed(session, m)
  session:buddy_typed { buddy_name = m.buddy_name }
end

function on.buddy_stopped_typing(session, m)
  session:buddy_stopped_typing { buddy_name = m.buddy_name }
end

-- Contacts that the user adds are online at once.
function on.buddy_changed(session, m)
  if m.status == "none" then
    session:update_buddy { buddy_name = m.buddy_name, alias = m.alias, status = "online" }
  end
end

function on.vcard(session, m)
  if not m.photo then
    session:vcard { buddy_name = m.buddy_name, id = m.id, fullname = m.buddy_name, nickname = m.buddy_name }
  end
end

-- A room has two people in it: the user and the echo.
function on.join_room(session, m)
  session.data.rooms = session.data.rooms or {}
  session.data.rooms[m.room] = m.nickname
  session:participant_changed { room = m.room, nickname = "echo", status = "online", flag = { "moderator" } }
  session:participant_changed { room = m.room, nickname = m.nickname, status = "online", flag = { "me" } }
  session:room_subject_changed { buddy_name = m.room, nickname = "echo", message = "" } -- no topic yet
end

function on.room_subject_changed(session, m)
  local nickname = (session.data.rooms or {})[m.buddy_name]
  session:room_subject_changed { buddy_name = m.buddy_name, nickname = nickname, message = m.message }
end

function on.leave_room(session, m)
  local rooms = session.data.rooms
  if rooms and rooms[m.room] then
    session:participant_changed { room = m.room, nickname = rooms[m.room], status = "none", flag = { "me" } }
    rooms[m.room] = nil
  end
end

return on
