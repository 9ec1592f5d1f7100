---@meta spectrum.encoding

---Bytes as text and back, charsets, and strings by characters. What would become longer than `[lua] max_string` raises an error.
---@class spectrum.encoding
---Base64 of RFC 4648, with `=` at the end.
---@field base64 spectrum.encoding.Base64
---Base64 with `-` and `_`, as URLs and web tokens have it.
---@field base64url spectrum.encoding.Base64
---Two hexadecimal digits for each byte.
---@field hex spectrum.encoding.Hex
---The escapes of URLs.
---@field percent spectrum.encoding.Percent
---Query strings, and the bodies of forms.
---@field query spectrum.encoding.Query
---Strings by characters.
---@field utf8 spectrum.encoding.UTF8
local encoding = {}

---The text in UTF-8; bytes that mean nothing in the charset become U+FFFD.
---@param bytes string
---@param charset string such as `"latin1"`, `"windows-1251"`, `"shift_jis"`, in any case
---@return string? text nil if there is no such charset
---@return string? message
function encoding.to_utf8(bytes, charset) end

---The bytes of a text. A character that the charset does not have gives nil, or is replaced.
---@param text string
---@param charset string
---@param replacement? string up to 16 bytes of text that the charset has
---@return string? bytes
---@return string? message
function encoding.from_utf8(text, charset, replacement) end

---The name of a charset that the standard prefers, in lower case.
---@param name string
---@return string? name nil if there is none
---@return string? message
function encoding.charset(name) end

---@class spectrum.encoding.Base64
local base64 = {}

---The bytes in base64.
---@param bytes string
---@param options? spectrum.encoding.Base64Options
---@return string text
function base64.encode(bytes, options) end

---The bytes; with `=` at the end or without, in lines or in one.
---@param text string
---@return string? bytes nil if it is no base64
---@return string? message
function base64.decode(text) end

---@class spectrum.encoding.Base64Options
---`=` at the end (default: `true` for `base64`, `false` for `base64url`).
---@field padding? boolean

---@class spectrum.encoding.Hex
local hex = {}

---Two lower-case digits for each byte.
---@param bytes string
---@return string text
function hex.encode(bytes) end

---The bytes; digits of either case.
---@param text string
---@return string? bytes nil if it is no hex
---@return string? message
function hex.decode(text) end

---@class spectrum.encoding.Percent
local percent = {}

---Escapes all but letters, digits and `-._~`, as RFC 3986 has it.
---@param bytes string
---@param keep? string bytes that are left as they are, too (never `%`)
---@return string text
function percent.encode(bytes, keep) end

---Takes the escapes out; a `+` is a plus.
---@param text string
---@return string? bytes nil if an escape is wrong
---@return string? message
function percent.decode(text) end

---@class spectrum.encoding.Query
local query = {}

---A query string, or the body of a form. A value is a string, a number or a boolean; a list in its place stands for several parameters of that name.
---@param parameters table by name, sorted; or a list of pairs `{ name, value }`, whose order is kept
---@return string text
function query.encode(parameters) end

---What stands in a query string, twice: so what a stranger sends twice never makes a table of what should be a string. A `?` at the start is passed over; at most 10,000 parameters are taken.
---@param text string
---@return table<string, string>? first the first value of each name; nil if an escape is wrong
---@return table<string, string[]>|string all all values of each name; without the first, what is wrong
function query.decode(text) end

---Strings by characters. A character is a code point of Unicode; a byte that is no UTF-8 counts as one.
---@class spectrum.encoding.UTF8
local utf8 = {}

---The number of characters.
---@param s string
---@return integer n
function utf8.len(s) end

---Characters `i` to `j`; as in `string.sub`, they count from the end if they are negative.
---@param s string
---@param i integer
---@param j? integer (default: the last one)
---@return string part
function utf8.sub(s, i, j) end

---Whether a string is UTF-8.
---@param s string
---@return boolean valid
---@return integer? position of the first byte that is not
function utf8.valid(s) end

---The string with each byte that is no UTF-8 replaced.
---@param s string
---@param replacement? string (default: U+FFFD)
---@return string text
function utf8.clean(s, replacement) end

---The string cut between two characters.
---@param s string
---@param bytes integer at least 4
---@return string head what fits into so many bytes
---@return string rest
function utf8.truncate(s, bytes) end

---An iterator over the characters and the positions where they start, in bytes.
---@param s string
---@return fun(): (character: string?, position: integer?) characters
function utf8.chars(s) end

---The string of up to 200 code points.
---@param ... integer
---@return string text
function utf8.char(...) end

---The code points of characters `i` to `j`, up to 200.
---@param s string
---@param i? integer (default: 1)
---@param j? integer (default: `i`)
---@return integer ...
function utf8.codepoint(s, i, j) end

---The string in lower case, all alphabets.
---@param s string
---@return string text
function utf8.lower(s) end

---The string in upper case, all alphabets.
---@param s string
---@return string text
function utf8.upper(s) end

return encoding
