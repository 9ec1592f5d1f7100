-- irc/names.lua: what rooms and contacts are called by Spectrum, and by IRC.
--
--   with irc_server      #chan, nick                      one server for all
--   without              #chan@server, nick@server        a connection for each
--
-- What IRC allows in a name and an address of XMPP does not, such as "/", is escaped
-- as XEP-0106 has it: #a/b is #a\2fb. Spectrum leaves that to us (disable_jid_escaping).
--
-- A contact whose name is that of the server is the server itself: what is written
-- to it are /commands, and it says what belongs to nobody else.

local isupport = require "irc.isupport"
local settings = require "irc.settings"

local names = {}

-- UNFIT are the characters that no address of XMPP has in its first part, by the codes
-- that stand for them.
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

-- escape writes a name of IRC as a part of an address. A backslash stays if nothing
-- behind it reads as a code.
local function escape(name)
  name = name:gsub("\\(%x%x)", function(code)
    return UNFIT[code] and "\\5c" .. code
  end)
  return (name:gsub("[ \"&'/:<>@]", function(c)
    return ("\\%02x"):format(c:byte())
  end))
end

local function unescape(name)
  return (name:gsub("\\(%x%x)", UNFIT))
end

-- room is what Spectrum calls a channel.
function names.room(link, channel)
  local room = link.rooms[isupport.fold(link.isupport, channel)]
  if room then
    return room.name -- as the user has written it
  end
  return names.address(link, channel)
end

-- contact is what Spectrum calls somebody with this nick. It is in lower case, as
-- it would come back: addresses of XMPP know no upper case.
function names.contact(link, nick)
  return names.address(link, nick:lower())
end

-- address is a name on a link's server.
function names.address(link, name)
  name = escape(name)
  if settings.one_server then
    return name
  end
  return name .. "@" .. link.server
end

-- server is the contact that stands for the server.
function names.server(link)
  return link.server
end

-- fold makes equal what a link's server takes for the same name.
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

-- parse reads a name of Spectrum's. It returns the key of the link that it belongs
-- to, the name on IRC (nil: the server itself), the server as the user calls it,
-- and the nick of a private message in a room.
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
    name = name:gsub("\\40", "@") -- by a client that escapes what its user has typed
  end
  local target, server = name:match("^(.*)@([^@]*)$")
  if not target then
    return name:lower(), nil, name
  end
  return server:lower(), target ~= "" and unescape(target) or nil, server, nick
end

-- nick makes a nick of any name: without what no server takes, and not empty.
function names.nick(name)
  local local_part = name:match("^([^@]+)@") or name
  local nick = local_part:gsub("[^%w%[%]\\`_^{|}%-\128-\255]", "_"):gsub("^[%d%-]", "_%0")
  return nick ~= "" and nick or "user"
end

return names
