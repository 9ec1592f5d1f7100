-- irc/names.lua: converts the names of rooms and contacts between Spectrum and IRC.
--
--   with irc_server      #chan, nick                      one server for all
--   without              #chan@server, nick@server        a connection for each
--
-- IRC allows characters in a name that a JID must not contain, for example "/". They are
-- escaped by XEP-0106: #a/b becomes #a\2fb. Spectrum leaves that to us (disable_jid_escaping).
--
-- A contact with the name of the server is the server itself. It accepts /commands, and sends
-- the messages that do not belong to another conversation.

local isupport = require "irc.isupport"
local settings = require "irc.settings"

local names = {}

-- UNFIT has the characters that the first part of a JID must not contain, by their codes.
local UNFIT = {
  ["20"] = " ",
  ["22"] = '"',
  ["26"] = "&",
  ["27"] = "'",
  ["2f"] = "/",
  ["3a"] = ":",
  ["3c"] = "<",
  ["3e"] = ">",
  ["40"] = "@",
  ["5c"] = "\\",
}

-- escape converts a name of IRC to the first part of a JID. It escapes a backslash only if a
-- code follows.
local function escape(name)
  if not name:find("[\\ \"&'/:<>@]") then
    return name
  end
  name = name:gsub("\\(%x%x)", function(code)
    return UNFIT[code] and "\\5c" .. code
  end)
  return (name:gsub("[ \"&'/:<>@]", function(c)
    return ("\\%02x"):format(c:byte())
  end))
end

local function unescape(name)
  return name:find("\\", 1, true) and name:gsub("\\(%x%x)", UNFIT) or name
end

-- room returns Spectrum's name of a channel.
function names.room(link, channel)
  local room = link.rooms[isupport.fold(link.isupport, channel)]
  if room then
    return room.name -- as the user has written it
  end
  return names.address(link, channel)
end

-- contact returns Spectrum's name of a nick. It is in lower case, because JIDs are.
function names.contact(link, nick)
  return names.address(link, nick:lower())
end

-- address returns Spectrum's form of a name on a link's server.
function names.address(link, name)
  name = escape(name)
  if settings.one_server then
    return name
  end
  return name .. "@" .. link.server
end

-- server returns the name of the contact that stands for the server.
function names.server(link)
  return link.server
end

-- fold returns the same text for all spellings of a name that are equal to the server.
function names.fold(link, name)
  return isupport.fold(link.isupport, name)
end

-- is_room reports whether a name on IRC is a channel. Until the server has sent CHANTYPES,
-- each of the usual signs counts.
function names.is_room(link, name)
  local support = link and link.isupport
  if support then
    return isupport.is_room(support, name)
  end
  return name:find("^[#&+!]") ~= nil
end

-- fits reports whether a name is valid on IRC. A message to a name with a blank or a comma
-- would reach the user whose name is the part before it.
function names.fits(name)
  return not name:find("[%s,%c]") and not name:find("^:")
end

-- parse parses a name from Spectrum. It returns the key of the link, the name on IRC (nil for
-- the server itself), the server as the user has written it, and the nick of a private message
-- in a room.
--
--   "#lua@irc.example.net/dan" -> "irc.example.net", "#lua", "irc.example.net", "dan"
function names.parse(name)
  local nick
  if name:find("^[#&+!]") then
    name, nick = name:match("^([^/]*)/?(.*)$")
    nick = nick ~= "" and nick or nil
  end
  if settings.one_server then
    local server = settings.servers[1].host
    if name:lower() == server:lower() then
      return "", nil, server
    end
    return "", unescape(name), server, nick
  end
  if not name:find("@", 1, true) then
    name = name:gsub("\\40", "@") -- some clients escape what the user has typed
  end
  local target, server = name:match("^(.*)@([^@]*)$")
  if not target then
    return name:lower(), nil, name
  end
  return server:lower(), target ~= "" and unescape(target) or nil, server, nick
end

-- nick turns any name into a nick: it removes characters that no server accepts. The result is
-- never empty.
function names.nick(name)
  local local_part = name:match("^([^@]+)@") or name
  local nick = local_part:gsub("[^%w%[%]\\`_^{|}%-\128-\255]", "_"):gsub("^[%d%-]", "_%0")
  return nick ~= "" and nick or "user"
end

return names
