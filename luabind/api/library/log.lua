---@meta spectrum.log

---The log. The runtime adds the user of the running handler or task to each line. It shows a field with a secret name (`password`, `token` …) as `***`. It does not look for secrets in the text.
---@class spectrum.log
local log = {}

---Logs details that help to find a mistake.
---@param text any
---@param fields? table<string, any> added after the text as `key=value`
function log.debug(text, fields) end

---Logs a normal event.
---@param text any
---@param fields? table<string, any> added after the text as `key=value`
function log.info(text, fields) end

---Logs a problem that an admin should look at.
---@param text any
---@param fields? table<string, any> added after the text as `key=value`
function log.warn(text, fields) end

---Logs a failure.
---@param text any
---@param fields? table<string, any> added after the text as `key=value`
function log.error(text, fields) end

return log
