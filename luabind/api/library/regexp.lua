---@meta spectrum.regexp

---Regular expressions in the syntax of RE2. The time of a match is linear in the length of the text, for every pattern. Each method of a compiled pattern is a function of the module too.
---@class spectrum.regexp
local regexp = {}

---Compiles a pattern of at most 16 KiB.
---@param pattern string in the syntax of RE2
---@return spectrum.regexp.Pattern? compiled
---@return string? message what is wrong with the pattern
function regexp.compile(pattern) end

---Returns a pattern that matches exactly the given text.
---@param text string
---@return string pattern
function regexp.quote(text) end

---A compiled pattern.
---@class spectrum.regexp.Pattern
---The text of the pattern.
---@field pattern string
local pattern = {}

---Reports whether the pattern matches anywhere in the text.
---@param text string
---@return boolean matches
function pattern:test(text) end

---Returns the captures of the first match, or the whole match if the pattern has no captures. It returns nil if the pattern does not match. A capture outside the match is `false`.
---@param text string
---@param init? integer the start of the search, as in `string.find`; a negative number counts from the end (default: 1)
---@return string|false|nil ...
function pattern:match(text, init) end

---Returns the start and the end of the first match, and its captures. It returns nil if the pattern does not match.
---@param text string
---@param init? integer the start of the search, as in `string.find`; a negative number counts from the end (default: 1)
---@return integer? start
---@return integer? stop
---@return string|false ... the captures
function pattern:find(text, init) end

---Returns the first match as a table: the whole match at `[0]`, and the captures by number and by name.
---@param text string
---@param init? integer the start of the search, as in `string.find`; a negative number counts from the end (default: 1)
---@return table<integer|string, string|false>? captures nil if the pattern does not match
function pattern:captures(text, init) end

---Returns all matches as strings. If the pattern has captures, each match is a table as from `captures`.
---@param text string
---@param n? integer the most matches to use (default: all)
---@return (string|table<integer|string, string|false>)[] matches a list
function pattern:find_all(text, n) end

---Iterates over all matches, with the results of `match`.
---@param text string
---@return fun(): ...: string|false matches
function pattern:gmatch(text) end

---Returns the text with its matches replaced. In a string, `$1`, `$name` and `${name}` are captures, `$0` is the whole match and `$$` is a dollar. A function gets the results of `match`, and may wait. A table is indexed with the first capture, or with the whole match if the pattern has no captures.
---@param text string
---@param replacement string|function|table
---@param n? integer the most matches to use (default: all)
---@return string text
---@return integer n the number of replacements
function pattern:replace(text, replacement, n) end

---Splits the text at the matches.
---@param text string
---@param n? integer the most parts; the last part holds the rest of the text (default: all)
---@return string[] parts a list
function pattern:split(text, n) end

---Reports whether the pattern matches anywhere in the text.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; an invalid text raises an error
---@param text string
---@return boolean matches
function regexp.test(pattern, text) end

---Returns the captures of the first match, or the whole match if the pattern has no captures. It returns nil if the pattern does not match. A capture outside the match is `false`.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; an invalid text raises an error
---@param text string
---@param init? integer the start of the search, as in `string.find`; a negative number counts from the end (default: 1)
---@return string|false|nil ...
function regexp.match(pattern, text, init) end

---Returns the start and the end of the first match, and its captures. It returns nil if the pattern does not match.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; an invalid text raises an error
---@param text string
---@param init? integer the start of the search, as in `string.find`; a negative number counts from the end (default: 1)
---@return integer? start
---@return integer? stop
---@return string|false ... the captures
function regexp.find(pattern, text, init) end

---Returns the first match as a table: the whole match at `[0]`, and the captures by number and by name.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; an invalid text raises an error
---@param text string
---@param init? integer the start of the search, as in `string.find`; a negative number counts from the end (default: 1)
---@return table<integer|string, string|false>? captures nil if the pattern does not match
function regexp.captures(pattern, text, init) end

---Returns all matches as strings. If the pattern has captures, each match is a table as from `captures`.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; an invalid text raises an error
---@param text string
---@param n? integer the most matches to use (default: all)
---@return (string|table<integer|string, string|false>)[] matches a list
function regexp.find_all(pattern, text, n) end

---Iterates over all matches, with the results of `match`.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; an invalid text raises an error
---@param text string
---@return fun(): ...: string|false matches
function regexp.gmatch(pattern, text) end

---Returns the text with its matches replaced. In a string, `$1`, `$name` and `${name}` are captures, `$0` is the whole match and `$$` is a dollar. A function gets the results of `match`, and may wait. A table is indexed with the first capture, or with the whole match if the pattern has no captures.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; an invalid text raises an error
---@param text string
---@param replacement string|function|table
---@param n? integer the most matches to use (default: all)
---@return string text
---@return integer n the number of replacements
function regexp.replace(pattern, text, replacement, n) end

---Splits the text at the matches.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; an invalid text raises an error
---@param text string
---@param n? integer the most parts; the last part holds the rest of the text (default: all)
---@return string[] parts a list
function regexp.split(pattern, text, n) end

return regexp
