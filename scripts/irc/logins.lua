-- irc/logins.lua: remembers which logins have worked. While a network's services are down,
-- servers refuse correct passwords too. So the script considers a password wrong only if it
-- has never worked. The user's store keeps the logins that have worked, for the next process.
--
--   session.data.logins["sasl irc.example.net"] = true     in this session
--   store "irc", key "login sasl irc.example.net" = { salt = …, proof = … }
--
-- The proof is a hash of name and password, so a changed password has never worked.

local spectrum = require "spectrum"
local crypto = require "spectrum.crypto"
local log = require "spectrum.log"
local time = require "spectrum.time"
local settings = require "irc.settings"

local logins = {}

-- ROUNDS is the number of iterations of a proof, and SALT the number of bytes of its salt.
local ROUNDS, SALT = 10000, 16

-- TRUST is how many seconds a server may refuse a login that has worked. After that time the
-- login fails for good, and the user learns it.
local TRUST = 86400

-- WHAT has the templates of each kind of login.
local WHAT = {
  sasl = { settings.sasl_name, settings.sasl_password },
  pass = { settings.server_password },
}

-- secret returns the name and the password of a login, as one text.
local function secret(session, kind)
  local parts = { kind }
  for _, template in ipairs(WHAT[kind]) do
    parts[#parts + 1] = settings.fill(template, session) or ""
  end
  return table.concat(parts, "\0")
end

local function proof(text, salt)
  return crypto.pbkdf2("sha256", text, salt, ROUNDS, 32, "hex")
end

-- id returns the name of a login: its kind and the server.
local function id(link, kind)
  return kind .. " " .. link.server:lower()
end

-- matches reports whether a login has worked, according to the user's store.
local function matches(store, name, text)
  local kept, why = store:get("login " .. name)
  if why then
    log.warn("the store does not say whether a login has worked", { error = why })
  end
  return type(kept) == "table" and kept.salt ~= nil and proof(text, kept.salt) == kept.proof
end

-- remember stores that a login has worked, unless the store has it already.
local function remember(store, name, text)
  if not matches(store, name, text) then
    local salt = crypto.random_bytes(SALT, "hex")
    store:set("login " .. name, { salt = salt, proof = proof(text, salt) })
  end
end

-- worked remembers a login that the server has accepted. A task of the process writes to the
-- store, because that may last longer than the session.
function logins.worked(session, link, kind)
  local data, name = session.data, id(link, kind)
  link.refused_since = nil
  data.logins = data.logins or {}
  if not data.logins[name] then
    data.logins[name] = true
    spectrum.spawn(remember, session:store("irc"), name, secret(session, kind))
  end
end

-- trusted reports whether a login that the server has just refused has worked before. Then
-- another attempt makes sense. trusted may wait for the store.
function logins.trusted(session, link, kind)
  local data, name = session.data, id(link, kind)
  data.logins = data.logins or {}
  if data.logins[name] == nil then
    data.logins[name] = matches(session:store("irc"), name, secret(session, kind))
  end
  link.refused_since = link.refused_since or time.monotonic()
  if not data.logins[name] or time.monotonic() - link.refused_since < TRUST then
    return data.logins[name]
  end
  data.logins[name] = false
  session:store("irc"):delete("login " .. name)
  return false
end

return logins
