-- irc/invitations.lua: invitations to rooms. Other users send them. The script sends one
-- too if we are in a room that the user has not joined with the client.

local spectrum = require "spectrum"
local xml = require "spectrum.xml"
local members = require "irc.members"
local names = require "irc.names"

local invitations = {}

-- show sends an invitation to the user: once as a text, and once as an invitation that a
-- client can accept. The latter is raw XML, because Spectrum's protocol has no message for it.
function invitations.show(session, link, channel, nick, reason)
  local name = names.address(link, channel)
  local from = nick and names.contact(link, nick) or names.server(link)
  local said = nick and ("%s invites you to %s. To accept, join that room."):format(nick, name)
    or ("You are in %s on IRC. To see it, join that room."):format(name)
  session:conv_message { buddy_name = from, message = said }
  local function jid(n)
    return n:gsub("@", "%%") .. "@" .. spectrum.jid
  end
  spectrum.send(
    "raw_xml",
    xml.tostring {
      name = "message",
      attr = { from = jid(name), to = session.user },
      {
        name = "x",
        ns = "http://jabber.org/protocol/muc#user",
        { name = "invite", attr = { from = jid(from) }, { name = "reason", reason or "" } },
      },
    }
  )
end

invitations.events = {
  INVITE = function(session, link, msg)
    if members.is_me(link, msg.params[1]) then
      invitations.show(session, link, msg.params[2], msg.source.nick)
    end
  end,
}

return invitations
