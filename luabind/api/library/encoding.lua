---@meta spectrum.encoding

---Bytes as text and back, charsets, and strings by characters. A result longer than `[lua] max_string` raises an error.
---@class spectrum.encoding
---Base64 of RFC 4648, with `=` at the end.
---@field base64 spectrum.encoding.Base64
---Base64 with `-` and `_`, as in URLs and web tokens.
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

---Converts bytes of a charset to UTF-8. Bytes that are invalid in the charset become U+FFFD.
---@param bytes string
---@param charset string such as `"latin1"`, `"windows-1251"`, `"shift_jis"`, in any case
---@return string? text nil if the charset is unknown
---@return string? message
function encoding.to_utf8(bytes, charset) end

---Converts UTF-8 to the bytes of a charset. If the charset lacks a character, the function replaces it, or returns nil without a replacement.
---@param text string
---@param charset string
---@param replacement? string up to 16 bytes, of characters in the charset
---@return string? bytes
---@return string? message
function encoding.from_utf8(text, charset, replacement) end

---Returns the preferred name of a charset, in lower case.
---@param name string
---@return string? name nil if the charset is unknown
---@return string? message
function encoding.charset(name) end

---@class spectrum.encoding.Base64
local base64 = {}

---Encodes bytes in base64.
---@param bytes string
---@param options? spectrum.encoding.Base64Options
---@return string text
function base64.encode(bytes, options) end

---Decodes base64, with or without `=` at the end and with or without line breaks.
---@param text string
---@return string? bytes nil if the text is not base64
---@return string? message
function base64.decode(text) end

---@class spectrum.encoding.Base64Options
---Adds `=` at the end (default: `true` for `base64`, `false` for `base64url`).
---@field padding? boolean

---@class spectrum.encoding.Hex
local hex = {}

---Encodes each byte as two lower-case digits.
---@param bytes string
---@return string text
function hex.encode(bytes) end

---Decodes digits of either case.
---@param text string
---@return string? bytes nil if the text is not hex
---@return string? message
function hex.decode(text) end

---@class spectrum.encoding.Percent
local percent = {}

---Escapes all bytes except letters, digits and `-._~`, as in RFC 3986.
---@param bytes string
---@param keep? string further bytes to leave unescaped (never `%`)
---@return string text
function percent.encode(bytes, keep) end

---Decodes escapes. A `+` stays a plus.
---@param text string
---@return string? bytes nil if an escape is wrong
---@return string? message
function percent.decode(text) end

---@class spectrum.encoding.Query
local query = {}

---Encodes a query string or the body of a form. A value is a string, a number or a boolean. A list as the value stands for several parameters of that name.
---@param parameters table values by name, which are sorted, or a list of pairs `{ name, value }`, which keep their order
---@return string text
function query.encode(parameters) end

---Decodes a query string into two tables. A value in the first table is always a string, even if a client repeats a parameter. The function skips a `?` at the start and accepts at most 10,000 parameters.
---@param text string
---@return table<string, string>? first the first value of each name; nil if an escape is wrong
---@return table<string, string[]>|string all all values of each name; an error message if `first` is nil
function query.decode(text) end

---Strings by characters. A character is a Unicode code point. A byte that is not UTF-8 counts as one character.
---@class spectrum.encoding.UTF8
local utf8 = {}

---Returns the number of characters.
---@param s string
---@return integer n
function utf8.len(s) end

---Returns characters `i` to `j`. As in `string.sub`, a negative index counts from the end.
---@param s string
---@param i integer
---@param j? integer (default: the last one)
---@return string part
function utf8.sub(s, i, j) end

---Reports whether a string is valid UTF-8.
---@param s string
---@return boolean valid
---@return integer? position of the first invalid byte
function utf8.valid(s) end

---Replaces each byte that is not UTF-8.
---@param s string
---@param replacement? string (default: U+FFFD)
---@return string text
function utf8.clean(s, replacement) end

---Cuts a string between two characters.
---@param s string
---@param bytes integer at least 4
---@return string head the longest start that fits into `bytes`
---@return string rest
function utf8.truncate(s, bytes) end

---Iterates over the characters and their start positions in bytes.
---@param s string
---@return fun(): (character: string?, position: integer?) characters
function utf8.chars(s) end

---Returns the string of up to 200 code points.
---@param ... integer
---@return string text
function utf8.char(...) end

---Returns the code points of characters `i` to `j`, at most 200.
---@param s string
---@param i? integer (default: 1)
---@param j? integer (default: `i`)
---@return integer ...
function utf8.codepoint(s, i, j) end

---Converts a string to lower case, in all alphabets.
---@param s string
---@return string text
function utf8.lower(s) end

---Converts a string to upper case, in all alphabets.
---@param s string
---@return string text
function utf8.upper(s) end

return encoding
