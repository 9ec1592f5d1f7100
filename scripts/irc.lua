-- irc.lua: a transport to IRC. Each user has their own connection to the server that the
-- config names (irc_server). Without that setting, the user has a connection to each
-- server with a room of theirs (#room@server). docs/admin/irc.md describes the setup and
-- all options.
--
-- This file passes the messages of Spectrum to the modules in irc/, which do the work.
-- The modules are tables of functions. All data that outlives a handler is plain data in
-- session.data, so a new version of this script takes over while users are online.
--
--   session.data.account = { name, password }     as the user has registered them
--   session.data.links[key] = link                the user's connections; see irc/links.lua

local spectrum = require "spectrum"
local commands = require "irc.commands"
local contacts = require "irc.contacts"
local deletions = require "irc.deletions"
local events = require "irc.events"
local links = require "irc.links"
local markers = require "irc.markers"
local names = require "irc.names"
local presence = require "irc.presence"
local reactions = require "irc.reactions"
local rooms = require "irc.rooms"
local say = require "irc.say"
local settings = require "irc.settings"
local topics = require "irc.topics"
local typing = require "irc.typing"

local registration = { needRegistration = false }
if not settings.uses_password() then
  registration.needPassword = false
end

spectrum.backend_config {
  registration = registration,
  features = { muc = true, disable_jid_escaping = true, send_buddies_on_login = true },
}

events.add_all(require "irc.handlers")

local on = {}

-- NO_PASSWORD matches the texts that mean "no password". Spectrum's form requires a text.
local NO_PASSWORD = "^%s*%-?%s*$"

function on.login(session, m)
  session.data.links = {}
  local name = m.legacy_name ~= "" and m.legacy_name or session.user:match("^[^@]+")
  session.data.account = { name = name, password = m.password:find(NO_PASSWORD) and "" or m.password }
  if settings.one_server then
    local nick = settings.fill(settings.nick, session) or name
    links.open(session, "", settings.servers[1].host, names.nick(nick))
  else
    session:connected() -- the connection to a server begins when the user joins a room there
  end
end

function on.logout(session)
  for _, link in ipairs(links.all(session)) do
    links.close(session, link)
  end
end

function on.reload(session)
  if not session then
    return
  end
  for _, link in ipairs(links.all(session)) do
    links.resume(session, link)
    if link.state == "online" then
      presence.start(session, link)
      contacts.resume(session, link)
    end
  end
end

function on.join_room(session, m)
  rooms.join(session, m)
end

function on.leave_room(session, m)
  if not rooms.leave(session, m) then
    say.closed(session, m) -- a contact
  end
end

function on.room_subject_changed(session, m)
  topics.set(session, m)
end

function on.conv_message(session, m)
  local was_command, message = commands.take(session, m)
  if not was_command then
    say.written(session, message)
  end
end

function on.reaction(session, m)
  reactions.set(session, m)
end

function on.retraction(session, m)
  deletions.withdraw(session, m)
end

function on.moderation(session, m)
  deletions.moderate(session, m)
end

function on.displayed(session, m)
  markers.read(session, m)
end

function on.buddy_typing(session, m)
  typing.composing(session, m, "active")
end

function on.buddy_typed(session, m)
  typing.composing(session, m, "paused")
end

function on.buddy_stopped_typing(session, m)
  typing.composing(session, m, "done")
end

function on.status_changed(session, m)
  presence.status(session, m)
end

function on.buddies(session, m)
  contacts.roster(session, m)
end

function on.buddy_changed(session, m)
  contacts.added(session, m)
end

function on.buddy_removed(session, m)
  contacts.removed(session, m)
end

return on
