---@meta spectrum.config

---The transport's config file, all of its sections, by `"section.key"`. `$jid` in a value is replaced. Without a default, a key that is not set is nil.
---@class spectrum.config
local config = {}

---The value as a text.
---@generic T
---@param key string as in `"irc.server"`
---@param default? T what to return if the key is not set
---@return string|T value
function config.get(key, default) end

---The value as a number; an error, with file and line, if it is none.
---@generic T
---@param key string
---@param default? T what to return if the key is not set
---@return number|T value
function config.number(key, default) end

---`true` for 1, true, yes, on; `false` for 0, false, no, off; anything else is an error.
---@generic T
---@param key string
---@param default? T what to return if the key is not set
---@return boolean|T value
function config.bool(key, default) end

---All values of a key that stands several times; an empty list if it is not set.
---@param key string
---@return string[] values a list
function config.list(key) end

---The names of all keys of a section, in the order in which they stand there, so that one with a typo can be told.
---@param section string as in `"irc"`
---@return string[] names a list, without the section's name
function config.keys(section) end

---Where a key is set, for messages about it.
---@param key string
---@return string? place `"file:line"`, or `"command line"`; nil if it is not set
function config.where(key) end

return config
