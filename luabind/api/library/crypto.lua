---@meta spectrum.crypto

---Digests, keys from passwords, random bytes, and the client's side of SCRAM. No error text has a password, a key or a digest in it.
---@class spectrum.crypto
local crypto = {}

---In what form bytes are returned.
---@alias spectrum.crypto.Form
---| "raw" # the bytes
---| "hex"
---| "base64"

---The MD5 digest, 16 bytes; for protocols that have it, not for anything new.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.md5(text, form) end

---The SHA-1 digest, 20 bytes; for protocols that have it, not for anything new.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha1(text, form) end

---The SHA-224 digest, 28 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha224(text, form) end

---The SHA-256 digest, 32 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha256(text, form) end

---The SHA-384 digest, 48 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha384(text, form) end

---The SHA-512 digest, 64 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha512(text, form) end

---The SHA-512/256 digest, 32 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha512_256(text, form) end

---The SHA3-224 digest, 28 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha3_224(text, form) end

---The SHA3-256 digest, 32 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha3_256(text, form) end

---The SHA3-384 digest, 48 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha3_384(text, form) end

---The SHA3-512 digest, 64 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha3_512(text, form) end

---The digest by its name.
---@param algorithm string `"sha256"`, also written `"SHA-256"`
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.hash(algorithm, text, form) end

---The HMAC of RFC 2104.
---@param algorithm string `"sha256"`, also written `"SHA-256"`
---@param key string
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string mac
function crypto.hmac(algorithm, key, text, form) end

---Whether two strings are equal, in a time that does not tell where they differ; for comparing digests and tokens.
---@param a string
---@param b string
---@return boolean equal
function crypto.equal(a, b) end

---A key from a password, by PBKDF2. Other users' handlers run meanwhile.
---@param algorithm string `"sha256"`, also written `"SHA-256"`
---@param password string
---@param salt string
---@param iterations integer times the digests that the length takes, 5,000,000 at most
---@param length? integer bytes, at most 1024 (default: the digest's length)
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string key
function crypto.pbkdf2(algorithm, password, salt, iterations, length, form) end

---Bytes fit for keys and tokens.
---@param n integer at most 1 MiB
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string bytes
function crypto.random_bytes(n, form) end

---A random UUID, such as `f81d4fae-7dec-41d0-a765-00a0c91e6bf6`; version 7 begins with the time, so that later ones sort after earlier ones, to the millisecond.
---@param version? 4|7 (default: 4)
---@return string uuid
function crypto.uuid(version) end

---Begins a login by SCRAM (RFC 5802), by which neither side learns what could be used in place of the password.
---@param options spectrum.crypto.SCRAMOptions
---@return spectrum.crypto.SCRAMClient? client nil if the user name or the password has characters that cannot be in one
---@return string? message
function crypto.scram_client(options) end

---@class spectrum.crypto.SCRAMOptions
---Who logs in.
---@field username string
---His password.
---@field password string
---Which digest (default: `"SCRAM-SHA-256"`).
---@field mechanism? "SCRAM-SHA-1"|"SCRAM-SHA-256"|"SCRAM-SHA-512"
---Whom to act for, if it is someone else (default: none).
---@field authzid? string
---A server that asks for fewer is refused: what it would get makes the password easy to guess (default: 4096).
---@field min_iterations? integer
---User name and password are prepared as RFC 4013 has it, which knows no emoji; `false` leaves them as they are (default: `true`).
---@field saslprep? boolean
---For tests (default: random).
---@field nonce? string

---One login by SCRAM. Its methods are called in this order, each once; after a failure the login is over.
---@class spectrum.crypto.SCRAMClient
local client = {}

---The client's first message.
---@return string message
function client:first() end

---The client's last message, for the server's first one. It is nil if that is malformed, does not go on from this login, or asks for fewer iterations than `min_iterations` or for more than 1,000,000. It waits, as `pbkdf2` does.
---@param server_first string
---@return string? message
---@return string? error
function client:final(server_first) end

---`true` if the server has proved that it knows the password too; nil if it has not, or refuses.
---@param server_final string
---@return true|nil ok
---@return string? message
function client:verify(server_final) end

return crypto
