---@meta spectrum.json

---Lua values to JSON text and back.
---@class spectrum.json
---The value for `null`. It counts as true, so compare with `==`. The process has one such value, and a reload does not change it.
---@field null spectrum.json.Null
local json = {}

---Encodes a value as JSON. A function, NaN, a list with holes or a table that contains itself raises an error with its place in the value.
---@param value any
---@param options? spectrum.json.EncodeOptions
---@return string text
function json.encode(value, options) end

---Decodes a JSON text, which must be exactly one value (RFC 8259). Other handlers and tasks run while a long text is decoded.
---@param text string
---@param options? spectrum.json.DecodeOptions
---@return any value nil if the text is not JSON
---@return string? message what is wrong, with line and column
function json.decode(text, options) end

---Marks a table as an array: an empty one becomes `[]`, and holes become `null`. A table that already has a metatable raises an error.
---@generic T: table
---@param t? T (default: a new table)
---@return T array the table
function json.array(t) end

---The type of `json.null`.
---@class spectrum.json.Null

---@class spectrum.json.EncodeOptions
---Sorts members by name, so that equal tables give equal texts (default: `false`).
---@field sorted? boolean
---The spaces of indentation per level, at most 16; 0 writes one line (default: 0).
---@field indent? integer

---@class spectrum.json.DecodeOptions
---Decodes `null` as `json.null`. With `false` it becomes nil: the member is absent, and an array has a hole (default: `true`).
---@field null? boolean
---The treatment of integers beyond 2^53, which Lua numbers cannot hold. `"error"` rejects the text, `"string"` returns the digits as a string, and `"number"` rounds (default: `"error"`).
---@field bigints? "error"|"string"|"number"

return json
