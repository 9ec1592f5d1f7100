---@meta spectrum.config

---Reads all sections of the transport's config file, by `"section.key"`. `$jid` in a value becomes the transport's JID. Without a default, a key that is not set gives nil.
---@class spectrum.config
local config = {}

---Returns the value of a key as text.
---@generic T
---@param key string as in `"irc.server"`
---@param default? T what to return if the key is not set
---@return string|T value
function config.get(key, default) end

---Returns the value of a key as a number. Any other text raises an error with file and line.
---@generic T
---@param key string
---@param default? T what to return if the key is not set
---@return number|T value
function config.number(key, default) end

---Returns `true` for 1, true, yes and on, and `false` for 0, false, no and off. Any other text raises an error.
---@generic T
---@param key string
---@param default? T what to return if the key is not set
---@return boolean|T value
function config.bool(key, default) end

---Returns all values of a key that is set several times. The list is empty if the key is not set.
---@param key string
---@return string[] values a list
function config.list(key) end

---Returns the names of all keys of a section, in the order of the file. Use it to report a mistyped key.
---@param section string as in `"irc"`
---@return string[] names a list, without the section's name
function config.keys(section) end

---Returns the place where a key is set, for error messages.
---@param key string
---@return string? place `"file:line"`, or `"command line"`; nil if it is not set
function config.where(key) end

return config
