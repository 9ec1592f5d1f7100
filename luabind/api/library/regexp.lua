---@meta spectrum.regexp

---Regular expressions by RE2: the time that a match takes grows with the text, not beyond, whatever the pattern. Each method of a compiled pattern is a function of the module, too.
---@class spectrum.regexp
local regexp = {}

---Compiles a pattern, of up to 16 KiB.
---@param pattern string in the syntax of RE2
---@return spectrum.regexp.Pattern? compiled
---@return string? message what is wrong with it
function regexp.compile(pattern) end

---A pattern that matches the text and nothing else.
---@param text string
---@return string pattern
function regexp.quote(text) end

---A compiled pattern.
---@class spectrum.regexp.Pattern
---Its text.
---@field pattern string
local pattern = {}

---Whether the pattern matches anywhere in the text.
---@param text string
---@return boolean matches
function pattern:test(text) end

---The captures of the first match, or the whole match if the pattern has none; nil if there is no match. A capture that took no part is `false`.
---@param text string
---@param init? integer where the search begins, as in `string.find`: counted from the end if negative (default: 1)
---@return string|false|nil ...
function pattern:match(text, init) end

---Where the first match starts and ends, and its captures; nil if there is no match.
---@param text string
---@param init? integer where the search begins, as in `string.find`: counted from the end if negative (default: 1)
---@return integer? start
---@return integer? stop
---@return string|false ... the captures
function pattern:find(text, init) end

---A table of the first match: the whole at `[0]`, the captures by number, and by name.
---@param text string
---@param init? integer where the search begins, as in `string.find`: counted from the end if negative (default: 1)
---@return table<integer|string, string|false>? captures nil if there is no match
function pattern:captures(text, init) end

---All matches: strings, or tables as `captures` makes them if the pattern has captures.
---@param text string
---@param n? integer at most so many (default: all)
---@return (string|table<integer|string, string|false>)[] matches a list
function pattern:find_all(text, n) end

---An iterator over what `match` returns.
---@param text string
---@return fun(): ...: string|false matches
function pattern:gmatch(text) end

---The text with its matches replaced. In a string, `$1`, `$name` and `${name}` are captures, `$0` is the whole match and `$$` is a dollar; a function is called with what `match` returns, and may wait; a table is looked up by the first capture or the whole match.
---@param text string
---@param replacement string|function|table
---@param n? integer at most so many (default: all)
---@return string text
---@return integer n how many were replaced
function pattern:replace(text, replacement, n) end

---What is between the matches.
---@param text string
---@param n? integer at most so many, the last one being all that remains (default: all)
---@return string[] parts a list
function pattern:split(text, n) end

---Whether the pattern matches anywhere in the text.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; one that does not compile raises an error
---@param text string
---@return boolean matches
function regexp.test(pattern, text) end

---The captures of the first match, or the whole match if the pattern has none; nil if there is no match. A capture that took no part is `false`.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; one that does not compile raises an error
---@param text string
---@param init? integer where the search begins, as in `string.find`: counted from the end if negative (default: 1)
---@return string|false|nil ...
function regexp.match(pattern, text, init) end

---Where the first match starts and ends, and its captures; nil if there is no match.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; one that does not compile raises an error
---@param text string
---@param init? integer where the search begins, as in `string.find`: counted from the end if negative (default: 1)
---@return integer? start
---@return integer? stop
---@return string|false ... the captures
function regexp.find(pattern, text, init) end

---A table of the first match: the whole at `[0]`, the captures by number, and by name.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; one that does not compile raises an error
---@param text string
---@param init? integer where the search begins, as in `string.find`: counted from the end if negative (default: 1)
---@return table<integer|string, string|false>? captures nil if there is no match
function regexp.captures(pattern, text, init) end

---All matches: strings, or tables as `captures` makes them if the pattern has captures.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; one that does not compile raises an error
---@param text string
---@param n? integer at most so many (default: all)
---@return (string|table<integer|string, string|false>)[] matches a list
function regexp.find_all(pattern, text, n) end

---An iterator over what `match` returns.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; one that does not compile raises an error
---@param text string
---@return fun(): ...: string|false matches
function regexp.gmatch(pattern, text) end

---The text with its matches replaced. In a string, `$1`, `$name` and `${name}` are captures, `$0` is the whole match and `$$` is a dollar; a function is called with what `match` returns, and may wait; a table is looked up by the first capture or the whole match.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; one that does not compile raises an error
---@param text string
---@param replacement string|function|table
---@param n? integer at most so many (default: all)
---@return string text
---@return integer n how many were replaced
function regexp.replace(pattern, text, replacement, n) end

---What is between the matches.
---@param pattern string|spectrum.regexp.Pattern as text or compiled; one that does not compile raises an error
---@param text string
---@param n? integer at most so many, the last one being all that remains (default: all)
---@return string[] parts a list
function regexp.split(pattern, text, n) end

return regexp
