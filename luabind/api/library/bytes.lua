---@meta spectrum.bytes

---Binary data in the formats of `string.pack` of Lua 5.3, and operations on the bits of 32-bit integers. An integer is a number, or a string of digits beyond 2^53. The arguments of bit operations count modulo 2^32, and the results are unsigned.
---@class spectrum.bytes
local bytes = {}

---Packs values into bytes. A value that does not fit raises an error.
---@param format string
---@param ... string|number a value for each option of the format
---@return string data
function bytes.pack(format, ...) end

---Unpacks values from bytes. Data that does not fit the format raises an error.
---@param format string
---@param data string
---@param position? integer the first byte to use; a negative number counts from the end (default: 1)
---@param options? spectrum.bytes.UnpackOptions
---@return any ... the values, at most 8,000, and the position of the byte after them
function bytes.unpack(format, data, position, options) end

---Returns the number of bytes of a format without `s` and `z`.
---@param format string
---@return integer size
function bytes.packsize(format) end

---Returns the bits that all arguments have.
---@param ... integer
---@return integer bits
function bytes.band(...) end

---Returns the bits that at least one argument has.
---@param ... integer
---@return integer bits
function bytes.bor(...) end

---Returns the bits that an odd number of arguments have.
---@param ... integer
---@return integer bits
function bytes.bxor(...) end

---Inverts each bit.
---@param x integer
---@return integer bits
function bytes.bnot(x) end

---Shifts bits to the left, and inserts zeros.
---@param x integer
---@param n integer the number of bits; a negative number shifts to the right
---@return integer bits
function bytes.lshift(x, n) end

---Shifts bits to the right, and inserts zeros.
---@param x integer
---@param n integer the number of bits; a negative number shifts to the left
---@return integer bits
function bytes.rshift(x, n) end

---Shifts bits to the right, and inserts copies of the highest bit.
---@param x integer
---@param n integer the number of bits; a negative number shifts to the left
---@return integer bits
function bytes.arshift(x, n) end

---Rotates bits to the left.
---@param x integer
---@param n integer
---@return integer bits
function bytes.rol(x, n) end

---Rotates bits to the right.
---@param x integer
---@param n integer
---@return integer bits
function bytes.ror(x, n) end

---@class spectrum.bytes.UnpackOptions
---The treatment of integers beyond 2^53, which Lua numbers cannot hold. `"error"` raises an error, `"string"` returns the digits as a string, and `"number"` rounds (default: `"error"`).
---@field bigints? "error"|"string"|"number"

return bytes
