---@meta spectrum.store

---Values that outlive the process, by keys: for the transport, and with `session:store` for each user. All processes of a transport share them. Whatever waits for the database lets other users' handlers run.
---@class spectrum.store
local store = {}

---A store of the transport's. It opens nothing, and does not wait. `spectrum.store(name)` is short for it.
---@param name? string up to 128 bytes (default: `""`)
---@return spectrum.store.Store store
function store.open(name) end

---One user's values, or the transport's. A key has 1 to 768 bytes, of any kind.
---@class spectrum.store.Store
---What it was opened with, or `""`.
---@field name string
---Whose it is: his bare JID; nil for the transport.
---@field user string?
local handle = {}

---Reads a value.
---@param key string
---@param default? any what to return if there is none (default: nil)
---@return any value
---@return string? message why the database could not be asked; the value is nil then
function handle:get(key, default) end

---Writes a value, whatever was there. When it returns, the value is on the disk.
---@param key string
---@param value string|number|boolean|table a table has what JSON has: a list, or texts as keys
---@param options? spectrum.store.SetOptions
---@return true|nil ok
---@return string? message
function handle:set(key, value, options) end

---Deletes a value.
---@param key string
---@return boolean? deleted whether there was one; nil if it could not be deleted
---@return string? message
function handle:delete(key) end

---Lists the keys, in the order of their bytes.
---@param prefix? string only those that start with it (default: `""`)
---@return string[]? keys a list
---@return string? message
function handle:keys(prefix) end

---Iterates over keys and values, in the order of the keys' bytes. It reads page after page, so the number of keys does not matter, and what is written meanwhile may or may not be seen. If the database fails, it raises.
---@param prefix? string only keys that start with it (default: `""`)
---@return async fun(): string, any iterator
function handle:each(prefix) end

---Adds to a number, as one step. A key that is not there counts as 0. Secrecy and the time of expiry stay.
---@param key string
---@param n? number may be negative (default: 1)
---@return number? sum the new number; nil if the value is no number, or would be more than 2^53
---@return string? message
function handle:increment(key, n) end

---Calls a function with the value (nil if there is none) and writes what it returns (nil deletes), as one step. If another process, or another task, has changed the value meanwhile, the function is called again with the new one.
---@param key string
---@param fn async fun(old: any): any
---@param options? spectrum.store.SetOptions without them, secrecy and the time of expiry stay
---@return any value the new value
---@return string? message
function handle:update(key, fn, options) end

---Calls a function; what this task does with the transport's database while it runs, here, in other stores and with `spectrum.sql`, happens as one step when it returns, and not at all if it raises. It may be called again, if others were in the way.
---@param fn async fun(store: spectrum.store.Store): ...: any
---@param options? spectrum.sql.TransactionOptions
---@return any ... what the function returned, or `true`; `nil, message` if the database failed
function handle:transaction(fn, options) end

---Remembers that a message has two ids, so that each leads to the other.
---@param ours string the id that Spectrum and the user know
---@param theirs string the id that the network knows
---@param options? spectrum.store.RememberOptions
---@return true|nil ok
---@return string? message
function handle:remember(ours, theirs, options) end

---Our id of a message, by theirs.
---@param theirs string
---@return string? ours nil if there is none
---@return string? message
function handle:ours(theirs) end

---Their id of a message, by ours.
---@param ours string
---@return string? theirs nil if there is none
---@return string? message
function handle:theirs(ours) end

---@class spectrum.store.SetOptions
---Seconds until the value is gone; 0: it stays (default: 0).
---@field ttl? number
---Encrypt it in the database (default: `false`).
---@field secret? boolean
---The value is a string of any bytes, and kept as it is; any string that is not UTF-8 is, too (default: `false`).
---@field blob? boolean

---@class spectrum.store.RememberOptions
---Seconds until the ids are forgotten; 0: never (default: 30 days).
---@field ttl? number
