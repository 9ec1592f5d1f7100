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

return config
