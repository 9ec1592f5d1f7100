-- irc/dial.lua: connects to servers, with TLS and a user's certificate.

local net = require "spectrum.net"
local settings = require "irc.settings"

local dial = {}

local function address_text(address)
  return (address.host:find(":", 1, true) and "[%s]:%d" or "%s:%d"):format(address.host, address.port)
end

-- connect connects to an address. The file name of the certificate may be a template, so that
-- each user can have their own. A user without a certificate connects without one.
function dial.connect(session, address)
  local function file(template)
    return address.tls and template and settings.fill(template, session) or nil
  end
  local options = {
    tls = address.tls,
    timeout = settings.connect_timeout,
    cert = file(settings.cert),
    key = file(settings.key),
    ca = settings.ca,
    insecure = settings.insecure,
  }
  local conn, why = net.connect(address_text(address), options)
  if not conn and options.cert ~= settings.cert and why:find("cert: .*no such file") then
    options.cert, options.key = nil, nil
    return net.connect(address_text(address), options)
  end
  return conn, why
end

return dial
