---@meta spectrum.log

---The log. The user whose handler or task it is is added by itself. A field whose name speaks of a secret (`password`, `token` …) is shown as `***`; a secret in the text is the script's to leave out.
---@class spectrum.log
local log = {}

---For who looks for a mistake.
---@param text any
---@param fields? table<string, any> shown behind the text as `key=value`
function log.debug(text, fields) end

---What is as it should be.
---@param text any
---@param fields? table<string, any> shown behind the text as `key=value`
function log.info(text, fields) end

---What an admin should look at.
---@param text any
---@param fields? table<string, any> shown behind the text as `key=value`
function log.warn(text, fields) end

---What has failed.
---@param text any
---@param fields? table<string, any> shown behind the text as `key=value`
function log.error(text, fields) end

return log
