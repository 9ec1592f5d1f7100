-- irc.lua: a transport to IRC. Each user has a connection of his own: to the one
-- server that the config names (irc_server), or, without that, to each server that
-- he has a room on (#room@server). docs/irc.md has the setup and all options.
--
-- This file says which module is for what Spectrum says; those in irc/ do the work.
-- They are tables of functions; all that outlives a handler is plain data in
-- session.data, so a new version of this script takes over while users are online.
--
--   session.data.account = { name, password }     as the user has registered them
--   session.data.links[key] = link                his connections; see irc/link.lua

local spectrum = require "spectrum"
local events = require "irc.events"
local link = require "irc.link"
local names = require "irc.names"
local rooms = require "irc.rooms"
local settings = require "irc.settings"
local talk = require "irc.talk"

spectrum.backend_config {
  registration = { needRegistration = false },
  features = { muc = true, disable_jid_escaping = true },
}

-- What the server says goes to these, in this order.
events.add(require "irc.register")
events.add(require "irc.sasl")
events.add(rooms)
events.add(require "irc.people")
events.add(talk)

local on = {}

function on.login(session, m)
  session.data.links = {}
  session.data.account = { name = m.legacy_name, password = m.password or "" }
  if settings.one_server then
    local nick = settings.fill(settings.nick, session) or m.legacy_name
    link.open(session, "", settings.servers[1].host, names.nick(nick))
  else
    session:connected() -- each server is connected to when a room of it is joined
  end
end

function on.logout(session)
  for _, l in ipairs(link.all(session)) do
    link.close(session, l)
  end
end

function on.reload(session)
  if not session then
    return
  end
  for _, l in ipairs(link.all(session)) do
    link.resume(session, l)
  end
end

function on.join_room(session, m)
  rooms.join(session, m)
end

function on.leave_room(session, m)
  rooms.leave(session, m)
end

function on.room_subject_changed(session, m)
  rooms.set_topic(session, m)
end

function on.conv_message(session, m)
  talk.say(session, m)
end

return on
