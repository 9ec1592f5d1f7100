-- irc/settings.lua: reads the settings once, when the script loads. An invalid value is an
-- error that names the key. docs/admin/irc.md explains all keys.
--
-- All keys are in [irc]. Four of them have an older name in [service], from Spectrum's own IRC
-- backend: irc_server, irc_identify, irc_send_pass and irc_away_timeout.

local config = require "spectrum.config"
local encoding = require "spectrum.encoding"

local settings = {}

local OLD_NAMES = { server = true, identify = true, send_pass = true, away_timeout = true }

local SASL = {
  auto = true, -- if the server offers SASL and the user has a password; a refusal is final
  optional = true, -- the same, but after a refusal the login continues without an account
  off = true,
  plain = true,
  external = true,
  ["scram-sha-256"] = true,
}

-- known has all keys that this file reads. Any other key in [irc] is a typo.
local known = {}

-- key returns a setting's name in the config file.
local function key(name)
  known[name] = true
  if OLD_NAMES[name] and config.get("irc." .. name) == nil and config.get("service.irc_" .. name) ~= nil then
    return "service.irc_" .. name
  end
  return "irc." .. name
end

-- refuse raises an error for a key, with the key's line in the config file.
local function refuse(name, why)
  local full = key(name)
  local section, last = full:match("^(%w+)%.(.*)$")
  local place = config.where(full)
  error(("%s[%s] %s: %s"):format(place and place .. ": " or "", section, last, why), 0)
end

local function text(name, default)
  return config.get(key(name), default)
end

local function flag(name, default)
  return config.bool(key(name), default)
end

local function number(name, default, least, most)
  local value = config.number(key(name), default)
  if value < least or value > most then
    refuse(name, ("the value must be a number from %s to %s, not %s"):format(least, most, value))
  end
  return value
end

-- words returns the words of a key that may occur several times, with several words each.
local function words(name)
  local list = {}
  for _, value in ipairs(config.list(key(name))) do
    for word in value:gmatch("[^%s,;]+") do
      list[#list + 1] = word
    end
  end
  return list
end

-- address parses "host", "host:port" and "host:+port". The "+" means TLS. Port 6697 always uses
-- TLS. address returns nil for any other text.
function settings.address(word)
  local host, plus, port = word:match("^(.-):(%+?)(%d+)$")
  if host and host:find(":", 1, true) and not host:find("^%[.*%]$") then
    host = nil -- an IPv6 address that ends in digits
  end
  if not host then
    host, plus, port = word, settings.port.plus, settings.port.number
    if host:find("^[^:]*:[^:]*$") then
      return nil -- the port is not a number
    end
  end
  host, port = host:gsub("^%[(.*)%]$", "%1"), tonumber(port)
  if host == "" or host:find("[%s/@]") or port < 1 or port > 65535 then
    return nil
  end
  return { host = host, port = port, tls = plus == "+" or port == 6697 }
end

local function addresses(name, list)
  local found = {}
  for i, word in ipairs(list) do
    found[i] = settings.address(word)
      or refuse(name, ('"%s" is not a server: write host, host:port or host:+port'):format(word))
  end
  return found
end

-- default_port returns the port for servers without a port in their address.
local function default_port()
  local plus, digits = text("port", "6667"):match("^(%+?)(%d+)$")
  if not digits or tonumber(digits) > 65535 then
    refuse("port", 'the value must be a port, or "+" and a port for TLS')
  end
  return { plus = plus, number = digits }
end

-- networks parses `network = libera irc.libera.chat:+6697 …`: short names for servers, because
-- the address of a room cannot contain a port.
local function networks()
  local found = {}
  for _, value in ipairs(config.list(key("network"))) do
    local name, rest = value:match("^(%S+)%s+(%S.*)$")
    if not name then
      refuse("network", ('"%s": a name and the servers behind it are wanted'):format(value))
    end
    local list = {}
    for word in rest:gmatch("[^%s,;]+") do
      list[#list + 1] = word
    end
    found[name:lower()] = addresses("network", list)
  end
  return found
end

local function choice(name, default, values)
  local value = text(name, default):lower()
  if not values[value] then
    local list = {}
    for v in pairs(values) do
      list[#list + 1] = v
    end
    table.sort(list)
    refuse(name, ('"%s" is not one of %s'):format(value, table.concat(list, ", ")))
  end
  return value
end

local function charset(name, default)
  local value = text(name, default)
  local found = value:lower() == "utf-8" and "utf-8" or encoding.charset(value)
  return found or refuse(name, ('there is no charset "%s"'):format(value))
end

-- own_file reads a file name that may contain the user's JID, which the XMPP server has
-- verified. It must not contain the registered name, which could lead to the key of
-- another user.
local function own_file(name)
  local value = text(name)
  for word in (value or ""):gmatch("%${?(%a+)") do
    if word ~= "user" and word ~= "local" and word ~= "domain" then
      refuse(name, ("$%s cannot stand in it: $user, $local and $domain can"):format(word))
    end
  end
  return value
end

local function set(of)
  local t, any = {}, false
  for _, word in ipairs(of) do
    t[word:lower()], any = true, true
  end
  return any and t or nil
end

settings.port = default_port()
settings.servers = addresses("server", words("server"))
settings.one_server = #settings.servers > 0
settings.networks = networks()
settings.allowed = set(words("allow"))

-- The users' names on IRC. They are templates for settings.fill.
settings.realname = text("realname", "$nick")
settings.username = text("username", "$local")
settings.nick = text("nick", "$name")
settings.quit = text("quit_message", "offline")

-- Passwords. Without irc_server, a password would reach any server that a user names. So the
-- admin has to ask for that explicitly.
settings.send_pass = flag("send_pass", false)
settings.server_password = text("server_password", "$password")
settings.identify = text("identify", settings.one_server and "NickServ identify $name $password" or "")
settings.sasl = choice("sasl", settings.one_server and "auto" or "off", SASL)
settings.sasl_name = text("sasl_name", "$name")
settings.sasl_password = text("sasl_password", "$password")
settings.commands = config.list(key("command"))
settings.webirc = text("webirc")
settings.webirc_gateway = text("webirc_gateway", "spectrum")
settings.webirc_host = text("webirc_host", "$local.$domain")
settings.nick_tries = number("nick_tries", 6, 0, 50)

-- The connection. Times are in seconds.
settings.cert = own_file("cert")
settings.key = own_file("key")
settings.ca = text("ca")
settings.insecure = flag("insecure", false)
settings.charset = charset("charset", "utf-8")
settings.fallback_charset = charset("fallback_charset", "windows-1252")
settings.connect_timeout = number("connect_timeout", 20, 0.1, 600)
settings.cap_timeout = number("cap_timeout", 10, 0.1, 600)
settings.sasl_timeout = number("sasl_timeout", 30, 0.1, 600)
settings.register_timeout = number("register_timeout", 60, 0.1, 600)
settings.ping = number("ping", 90, 0.1, 3600)
settings.ping_timeout = number("ping_timeout", 60, 0.1, 3600)
settings.stop_limit = number("stop_limit", 30, 0.3, 3600)
settings.reconnect_delay = number("reconnect_delay", 5, 0.01, 3600)
settings.reconnect_delay_max = number("reconnect_delay_max", 300, settings.reconnect_delay, 86400)
settings.reconnect_tries = number("reconnect_tries", 0, 0, 1000000)

-- Flood control: flood_lines at once, then one line every flood_seconds. 0 turns it off.
settings.flood_lines = number("flood_lines", 5, 1, 1000)
settings.flood_seconds = number("flood_seconds", 2, 0, 60)

-- What the users see of the network.
settings.away_timeout = number("away_timeout", 60, 0, 86400)
settings.split_timeout = number("split_timeout", 60, 0, 3600)
settings.list_limit = number("list_limit", 200, 0, 100000)
settings.history = number("history", 50, 0, 1000)

-- What others see before a corrected message.
settings.correction = (text("correction", "*") .. " "):gsub("^%s+", "")

-- uses_password reports whether the script sends the user's password to a server. If not, the
-- registration with the transport does not ask for one.
function settings.uses_password()
  local templates = { settings.identify, unpack(settings.commands) }
  if settings.sasl ~= "off" and settings.sasl ~= "external" then
    table.insert(templates, settings.sasl_password)
  end
  if settings.send_pass then
    table.insert(templates, settings.server_password)
  end
  for _, template in ipairs(templates) do
    if template:find("%${?password") then
      return true
    end
  end
  return false
end

for _, name in ipairs(config.keys("irc")) do
  if not known[name] then
    refuse(name, "there is no such key; docs/admin/irc.md lists them")
  end
end

-- fill replaces $name, $password, $nick, $user (the JID), $local and $domain (its parts) in
-- a template. $hash becomes "#", which the config file cannot contain. Write ${hash}lua if
-- a letter follows. It returns nil if the template needs a password and the user has not
-- given one.
function settings.fill(template, session, nick)
  local account = session.data.account
  local name_part, domain = session.user:match("^(.-)@?([^@]*)$")
  local values = {
    name = account.name,
    password = account.password,
    nick = nick or account.name,
    user = session.user,
    ["local"] = name_part,
    domain = domain,
    hash = "#",
  }
  if account.password == "" and template:find("%${?password") then
    return nil
  end
  return (
    template:gsub("%$({?)(%a+)(}?)", function(open, word, close)
      local value = values[word]
      if not value then
        return nil -- as it was
      end
      return value .. (open == "" and close or "")
    end)
  )
end

return settings
