-- alarm.lua: an alarm clock. A user who writes `tea 3` to the contact `clock` gets the
-- message `tea` after three minutes. It teaches timers with a name: a second timer of
-- the same name replaces the first one. A timer ends when its user logs out.

local spectrum = require "spectrum"

spectrum.backend_config { registration = { needPassword = false } }

local CLOCK = "clock"

local on = {}

local function say(session, text)
  session:conv_message { buddy_name = CLOCK, message = text }
end

function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = CLOCK, alias = "Clock", status = "online" }
end

function on.conv_message(session, m)
  local what, minutes = m.message:match("^%s*(.-)%s+(%d+)%s*$")
  if not what or what == "" then
    say(session, "What, and in how many minutes? For example: tea 3")
    return
  end
  session:after(what, minutes * 60, function()
    say(session, what .. "!")
  end)
  say(session, what .. " in " .. minutes .. " min.")
end

return on
