-- echo.lua: a transport on which every contact repeats each message. It uses each part of
-- a transport once: contacts, receipts, typing, vCards, rooms, and what users do with
-- messages: corrections, replies, reactions.
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

-- A network gives each message an id. This one counts.
local started, count = os.time(), 0

local function new_id()
  count = count + 1
  return started .. "-" .. count
end

-- The id of the contact's copy of a message.
local function copy_of(id) return id and id .. "-echo" end

-- A message to a contact, to a room, or to an occupant of a room. The network accepts it and
-- gives it an id. A room shows it to all occupants then. A contact repeats it.
function on.conv_message(session, m)
  local id = m.replaces or new_id() -- a correction keeps the id of the message
  session:conv_message_ack { buddy_name = m.buddy_name, message = "", id = m.id } -- a receipt, if the user wants one
  session:sent { id = m.id, network_id = id }
  local rooms = session.data.rooms or {}
  if rooms[m.buddy_name] then return end
  session:conv_message {
    buddy_name = m.buddy_name,
    id = copy_of(id),
    message = m.message,
    xhtml = m.xhtml,
    pm = m.pm,
    replaces = m.replaces and copy_of(m.replaces), -- a correction
    reply_to = m.reply_to, -- an answer to another message
    attachment = m.attachment,
    spoiler = m.spoiler,
    lang = m.lang,
  }
end

-- What the user does with a message, the contact does too. In a room, "echo" does it.
local function by_echo(session, m, fields)
  fields.buddy_name, fields.id = m.buddy_name, fields.id or m.id
  if (session.data.rooms or {})[m.buddy_name] then fields.nickname = "echo" end
  return fields
end

function on.reaction(session, m)
  session:reaction(by_echo(session, m, { emoji = m.emoji }))
end

function on.displayed(session, m)
  session:displayed(by_echo(session, m, {}))
end

-- The user withdraws a message, and the contact its copy. In a room there is no copy.
function on.retraction(session, m)
  if not (session.data.rooms or {})[m.buddy_name] then
    session:retraction { buddy_name = m.buddy_name, id = copy_of(m.id) }
  end
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
