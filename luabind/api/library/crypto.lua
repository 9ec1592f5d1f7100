---@meta spectrum.crypto

---Digests, keys from passwords, random bytes, and the client side of SCRAM. Error messages never contain a password, a key or a digest.
---@class spectrum.crypto
local crypto = {}

---The form of the returned bytes.
---@alias spectrum.crypto.Form
---| "raw" # the bytes
---| "hex"
---| "base64"

---Returns the MD5 digest, 16 bytes. Use it only for protocols that require it.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.md5(text, form) end

---Returns the SHA-1 digest, 20 bytes. Use it only for protocols that require it.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha1(text, form) end

---Returns the SHA-224 digest, 28 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha224(text, form) end

---Returns the SHA-256 digest, 32 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha256(text, form) end

---Returns the SHA-384 digest, 48 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha384(text, form) end

---Returns the SHA-512 digest, 64 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha512(text, form) end

---Returns the SHA-512/256 digest, 32 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha512_256(text, form) end

---Returns the SHA3-224 digest, 28 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha3_224(text, form) end

---Returns the SHA3-256 digest, 32 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha3_256(text, form) end

---Returns the SHA3-384 digest, 48 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha3_384(text, form) end

---Returns the SHA3-512 digest, 64 bytes.
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.sha3_512(text, form) end

---Returns the digest of the named algorithm.
---@param algorithm string `"sha256"`, also written `"SHA-256"`
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string digest
function crypto.hash(algorithm, text, form) end

---Returns the HMAC of RFC 2104.
---@param algorithm string `"sha256"`, also written `"SHA-256"`
---@param key string
---@param text string
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string mac
function crypto.hmac(algorithm, key, text, form) end

---Reports whether two strings are equal. The time it takes does not reveal where they differ. Use it to compare digests and tokens.
---@param a string
---@param b string
---@return boolean equal
function crypto.equal(a, b) end

---Derives a key from a password with PBKDF2. Other handlers and tasks run meanwhile.
---@param algorithm string `"sha256"`, also written `"SHA-256"`
---@param password string
---@param salt string
---@param iterations integer multiplied by the number of digests that `length` needs, at most 5,000,000
---@param length? integer bytes, at most 1024 (default: the digest's length)
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string key
function crypto.pbkdf2(algorithm, password, salt, iterations, length, form) end

---Returns random bytes, suitable for keys and tokens.
---@param n integer at most 1 MiB
---@param form? spectrum.crypto.Form (default: `"raw"`)
---@return string bytes
function crypto.random_bytes(n, form) end

---Returns a random UUID, for example `f81d4fae-7dec-41d0-a765-00a0c91e6bf6`. Version 7 begins with the time in milliseconds, so UUIDs sort by time.
---@param version? 4|7 (default: 4)
---@return string uuid
function crypto.uuid(version) end

---Begins a login with SCRAM (RFC 5802). Neither side learns anything that could replace the password.
---@param options spectrum.crypto.SCRAMOptions
---@return spectrum.crypto.SCRAMClient? client nil if the user name or the password contains a forbidden character
---@return string? message
function crypto.scram_client(options) end

---@class spectrum.crypto.SCRAMOptions
---The name of the user who logs in.
---@field username string
---The user's password.
---@field password string
---The mechanism, which decides the digest (default: `"SCRAM-SHA-256"`).
---@field mechanism? "SCRAM-SHA-1"|"SCRAM-SHA-256"|"SCRAM-SHA-512"
---The user to act for, if different from `username` (default: none).
---@field authzid? string
---The client refuses a server that asks for fewer iterations: its answer would make the password easy to guess (default: 4096).
---@field min_iterations? integer
---Prepares the user name and the password as in RFC 4013, which forbids emoji; `false` leaves them unchanged (default: `true`).
---@field saslprep? boolean
---A fixed nonce, for tests (default: random).
---@field nonce? string

---A login with SCRAM. Call each method once, in this order. After a failure the client cannot be used again.
---@class spectrum.crypto.SCRAMClient
local client = {}

---Returns the client's first message.
---@return string message
function client:first() end

---Returns the client's final message, the answer to the server's first message. It returns nil if the server's message is malformed, belongs to another login, or asks for fewer iterations than `min_iterations` or more than 1,000,000. Other handlers and tasks run meanwhile.
---@param server_first string
---@return string? message
---@return string? error
function client:final(server_first) end

---Returns `true` if the server has proved that it knows the password. It returns nil if the proof is wrong or the server refuses the login.
---@param server_final string
---@return true|nil ok
---@return string? message
function client:verify(server_final) end

return crypto
