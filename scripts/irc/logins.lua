-- irc/logins.lua: which logins have worked. While a network's services are down, servers
-- refuse right passwords as they do wrong ones. So a password is wrong only if it has
-- never worked: what worked is kept in the user's store, for the next process too.
--
--   session.data.logins["sasl irc.example.net"] = true     in this session
--   store "irc", key "login sasl irc.example.net" = { salt = …, proof = … }
--
-- The proof is made of name and password, so a password that the user has changed
-- counts as one that has never worked.

local spectrum = require "spectrum"
local crypto = require "spectrum.crypto"
local log = require "spectrum.log"
local time = require "spectrum.time"
local settings = require "irc.settings"

local logins = {}

-- ROUNDS is how much work a proof is, SALT how many bytes its salt has.
local ROUNDS, SALT = 10000, 16

-- TRUST is how many seconds in a row a login that has worked may be refused. After a
-- day, the user has to be asked.
local TRUST = 86400

-- WHAT are the templates that each kind of login is made of.
local WHAT = {
  sasl = { settings.sasl_name, settings.sasl_password },
  pass = { settings.server_password },
}

-- secret is what a login says of the user, as one text.
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

-- id names a login: its kind, and the server that takes it.
local function id(link, kind)
  return kind .. " " .. link.server:lower()
end

-- matches asks a user's store whether a login has worked.
local function matches(store, name, text)
  local kept, why = store:get("login " .. name)
  if why then
    log.warn("the store does not say whether a login has worked", { error = why })
  end
  return type(kept) == "table" and kept.salt ~= nil and proof(text, kept.salt) == kept.proof
end

-- remember writes that a login has worked, if that is new.
local function remember(store, name, text)
  if not matches(store, name, text) then
    local salt = crypto.random_bytes(SALT, "hex")
    store:set("login " .. name, { salt = salt, proof = proof(text, salt) })
  end
end

-- worked notes that the server has taken a login. The store may take its time, also
-- after the user's logout.
function logins.worked(session, link, kind)
  local data, name = session.data, id(link, kind)
  link.refused_since = nil
  data.logins = data.logins or {}
  if not data.logins[name] then
    data.logins[name] = true
    spectrum.spawn(remember, session:store("irc"), name, secret(session, kind))
  end
end

-- trusted reports whether a login that the server has just refused has worked before, so
-- that it is worth another attempt later. It may ask the store, which takes time.
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
