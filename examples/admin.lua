-- admin.lua: a contact, `spectrum`, that sends the messages of admins to Spectrum as
-- commands, and shows the answers. It teaches two things: a script's own settings, and
-- messages that belong to no user.
--
-- The config names the admins, one per line:
--
--   [admin]
--   user = alice@example.net
--   user = bob@example.net

local spectrum = require "spectrum"
local config = require "spectrum.config"

spectrum.backend_config { registration = { needPassword = false } }

local CONTACT = "spectrum"

-- Spectrum has more commands, but not all are harmless: Spectrum 2.2.1 crashes if a
-- backend sends `online_users`.
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

-- The sessions that wait for an answer, oldest first. Spectrum answers commands in
-- order, and an answer does not name the user.
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

-- An answer belongs to no user, so the handler gets no session.
function on.query(m)
  local user = table.remove(asked, 1)
  local session = user and spectrum.session(user)
  if session then
    session:conv_message { buddy_name = CONTACT, message = m.config }
  end
end

return on
