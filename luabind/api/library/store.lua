---@meta spectrum.store

---Values by key that survive the process. They belong to the transport, or with `session:store` to a user. All processes of a transport share them. Other handlers and tasks run while a function waits for the database.
---@class spectrum.store
local store = {}

---Returns a store of the transport. It opens no connection and does not wait. `spectrum.store(name)` is a short form.
---@param name? string up to 128 bytes (default: `""`)
---@return spectrum.store.Store store
function store.open(name) end

---The values of a user or of the transport. A key has 1 to 768 bytes; all bytes are allowed.
---@class spectrum.store.Store
---The name given when the store was opened, or `""`.
---@field name string
---The bare JID of the user; nil for a store of the transport.
---@field user string?
local handle = {}

---Reads a value.
---@param key string
---@param default? any the result if the key has no value (default: nil)
---@return any value
---@return string? message why the database failed; `value` is nil then
function handle:get(key, default) end

---Writes a value and replaces an old one. The value is on disk when the function returns.
---@param key string
---@param value string|number|boolean|table a table must be valid JSON: a list, or strings as keys
---@param options? spectrum.store.SetOptions
---@return true|nil ok
---@return string? message
function handle:set(key, value, options) end

---Deletes a value.
---@param key string
---@return boolean? deleted whether the key had a value; nil if the database failed
---@return string? message
function handle:delete(key) end

---Lists the keys in byte order.
---@param prefix? string the start of the keys to list (default: `""`)
---@return string[]? keys a list
---@return string? message
function handle:keys(prefix) end

---Iterates over keys and values, in byte order of the keys. It reads pages, so any number of keys is fine. It may or may not see values that are written meanwhile. It raises an error if the database fails.
---@param prefix? string the start of the keys to visit (default: `""`)
---@return async fun(): string, any iterator
function handle:each(prefix) end

---Adds to a number atomically. A missing key counts as 0. Encryption and expiry time do not change.
---@param key string
---@param n? number may be negative (default: 1)
---@return number? sum the new number; nil if the value is not a number or the sum exceeds 2^53
---@return string? message
function handle:increment(key, n) end

---Changes a value atomically. It calls a function with the old value, or nil if the key has no value, and writes the function's result; nil deletes the value. If another process or task changes the value meanwhile, the function is called again with the new value.
---@param key string
---@param fn async fun(old: any): any
---@param options? spectrum.store.SetOptions (default: encryption and expiry time do not change)
---@return any value the new value
---@return string? message
function handle:update(key, fn, options) end

---Calls a function in a transaction. The transaction covers all use of the transport's database by this task during the call: this store, other stores and `spectrum.sql`. It is committed when the function returns, and rolled back if the function raises an error. The function may be called again after a conflict with another transaction.
---@param fn async fun(store: spectrum.store.Store): ...: any
---@param options? spectrum.sql.TransactionOptions
---@return any ... the results of the function, or `true` without results; `nil, message` if the database failed
function handle:transaction(fn, options) end

---Saves the two ids of a message, so that `ours` and `theirs` can translate one to the other.
---@param ours string the id towards Spectrum and the user
---@param theirs string the id on the network
---@param options? spectrum.store.RememberOptions
---@return true|nil ok
---@return string? message
function handle:remember(ours, theirs, options) end

---Returns our id of a message for the network's id.
---@param theirs string
---@return string? ours nil if the id is unknown
---@return string? message
function handle:ours(theirs) end

---Returns the network's id of a message for our id.
---@param ours string
---@return string? theirs nil if the id is unknown
---@return string? message
function handle:theirs(ours) end

---@class spectrum.store.SetOptions
---Seconds until the value expires; 0 means never (default: 0).
---@field ttl? number
---Encrypts the value in the database (default: `false`).
---@field secret? boolean
---Stores a string as bytes. A string that is not UTF-8 is always stored as bytes (default: `false`).
---@field blob? boolean

---@class spectrum.store.RememberOptions
---Seconds until the ids expire; 0 means never (default: 30 days).
---@field ttl? number
