-- admin.lua: a contact, `spectrum`, that hands what admins write to it to
-- Spectrum as a command, and brings the answer. It teaches two things: settings
-- of a script's own, and messages that belong to no user.
--
-- The config names the admins, one a line:
--
--   [admin]
--   user = alice@example.net
--   user = bob@example.net

local spectrum = require "spectrum"
local config = require "spectrum.config"

spectrum.backend_config { registration = { needPassword = false } }

local CONTACT = "spectrum"

-- Spectrum has more commands, and not all are harmless: 2.2.1 crashes at an
-- `online_users` that comes from a backend.
local commands = { status = true, uptime = true, online_users_count = true }
local help = "There are status, uptime and online_users_count."

local admins = {}
for _, user in ipairs(config.list("admin.user")) do
  admins[user] = true
end
if not next(admins) then
  error("nobody is named in [admin] user", 0)
end
local greeting = config.get("admin.greeting", help)

-- Who waits for an answer, in the order of asking: Spectrum answers one command
-- after the other, and its answer says nothing of who asked.
local asked = {}

local on = {}

function on.login(session)
  if not admins[session.user] then
    session:disconnected { error = "authentication_failed", message = "This transport is for its admins." }
    return
  end
  session:connected()
  session:buddy_changed { buddy_name = CONTACT, alias = "Spectrum", status = "online", status_message = greeting }
end

function on.conv_message(session, m)
  if m.buddy_name ~= CONTACT then
    return
  end
  if not commands[m.message] then
    session:conv_message { buddy_name = CONTACT, message = help }
    return
  end
  asked[#asked + 1] = session.user
  spectrum.send("query", { config = m.message })
end

-- An answer belongs to no user, so no session comes with it.
function on.query(m)
  local user = table.remove(asked, 1)
  local session = user and spectrum.session(user)
  if session then
    session:conv_message { buddy_name = CONTACT, message = m.config }
  end
end

return on
