---@meta spectrum.json

---Lua values to JSON text and back.
---@class spectrum.json
---Stands for `null`. It counts as true: compare with `==`. There is one in the process; it stays equal to itself when the script is loaded anew.
---@field null spectrum.json.Null
local json = {}

---The value as JSON text. What has no JSON, such as a function, NaN, a list with holes or a table that contains itself, raises an error that says where it is.
---@param value any
---@param options? spectrum.json.EncodeOptions
---@return string text
function json.encode(value, options) end

---The value of a JSON text, which has to be one value as in RFC 8259. A long text is decoded while other users' handlers run.
---@param text string
---@param options? spectrum.json.DecodeOptions
---@return any value nil if the text is no JSON
---@return string? message what is wrong, with line and column
function json.decode(text, options) end

---Marks a table as an array, so that an empty one is `[]`, and holes are `null`. A table with a metatable of its own raises an error.
---@generic T: table
---@param t? T without one, a new table
---@return T array the table
function json.array(t) end

---What `json.null` is.
---@class spectrum.json.Null

---@class spectrum.json.EncodeOptions
---Members sorted by name, so that equal tables have equal texts (default: `false`).
---@field sorted? boolean
---How many spaces a level is indented by, at most 16; 0 writes all in one line (default: 0).
---@field indent? integer

---@class spectrum.json.DecodeOptions
---`null` becomes `json.null`; with `false` it becomes `nil`: the member is not there, an array has a hole (default: `true`).
---@field null? boolean
---What becomes of an integer beyond 2^53, which no Lua number is: the text is refused; `"string"` makes it a string of its digits; `"number"` rounds it (default: `"error"`).
---@field bigints? "error"|"string"|"number"

return json
