-- Writes lua53.lua: what Lua 5.3 returns for string.pack, string.unpack,
-- string.packsize and bit32. Run it here: lua5.3 generate.lua >lua53.lua

math.randomseed(53)
local random = math.random

local EXACT = 1 << 53

local function unsigned(n)
  local q = (n >> 1) // 5
  return q == 0 and ("%d"):format(n - q * 10) or ("%d%d"):format(q, n - q * 10)
end

-- literal returns a value as Lua 5.1 writes it. An integer beyond 2^53 is a string.
local function literal(v, is_unsigned)
  if type(v) == "string" then
    return '"' .. v:gsub('[^%w !#-/:-@%[%]-`{-~]', function(c) return ("\\%03d"):format(c:byte()) end) .. '"'
  elseif math.type(v) == "integer" then
    if is_unsigned and v < 0 then
      return '"' .. unsigned(v) .. '"'
    elseif v < -EXACT or v > EXACT then
      return ('"%d"'):format(v)
    end
    return ("%d"):format(v)
  elseif v ~= v then
    return "0/0"
  elseif v == math.huge or v == -math.huge then
    return v > 0 and "1/0" or "-1/0"
  elseif type(v) == "number" then
    return ("%.17g"):format(v)
  end
  return tostring(v)
end

local function list(values, unsigned_at)
  local out = {}
  for i = 1, values.n or #values do
    out[i] = literal(values[i], unsigned_at and unsigned_at[i])
  end
  return "{ " .. table.concat(out, ", ") .. " }"
end

-- reason returns the part of a message that does not depend on the name of the function.
local function reason(message)
  local number, why = message:match "^bad argument #(%d+) to '[^']*' %((.*)%)$"
  if number then
    why = why:gsub("got nil$", "got no value") -- Lua 5.3 finds a value of its own there
    return ("{ %s, %s }"):format(literal(why), number)
  end
  return "{ " .. literal((message:gsub("^(.* does not fit into).*", "%1"))) .. " }"
end

local function case(name, args, unsigned_at)
  local fn = string[name] or bit32[name]
  local results = table.pack(pcall(fn, table.unpack(args, 1, args.n or #args)))
  local head = ("  { %q, %s, "):format(name, list(args))
  if not results[1] then
    print(head .. "nil, " .. reason(results[2]) .. " },")
    return
  end
  table.remove(results, 1)
  results.n = results.n - 1
  print(head .. list(results, unsigned_at) .. " },")
end

print "-- Written by generate.lua. Do not edit."
print "return {"

-- Each option, each size, each byte order, at the limits of its values.
local LIMITS = { 0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, 65535, 65536, 0x7fffffff, 0x80000000, 0xffffffff, EXACT, -EXACT }
for _, order in ipairs { "<", ">", "=", "" } do
  local options = { "b", "B", "h", "H", "l", "L", "j", "J", "T", "i", "I" }
  for size = 0, 17 do
    options[#options + 1] = "i" .. size
    options[#options + 1] = "I" .. size
  end
  for _, option in ipairs(options) do
    case("packsize", { order .. option })
    for _, n in ipairs(LIMITS) do
      if order == "<" or random(4) == 1 then
        case("pack", { order .. option, n })
      end
    end
  end
end
for size = 1, 8 do
  local top = 1 << (8 * size - 1)
  for _, n in ipairs { top - 1, top, -top, -top - 1 } do
    case("pack", { "<i" .. size, n })
    if size < 8 then
      case("pack", { ">I" .. size, 2 * n })
      case("pack", { ">I" .. size, 2 * n - 1 })
    end
  end
end

-- Strings in place of numbers, and other wrong values.
for _, v in ipairs { "12", " 0x7f ", "1e2", "12.0", "1.5", "", "x", "0x", "1 2", "-5", "--5", "inf", "nan", "1_0", 1.5, true, "9007199254740993" } do
  for _, option in ipairs { "<i8", "<I8", ">d", "<b", "s1", "z", "c3" } do
    case("pack", { option, v })
  end
end
for _, format in ipairs { "i", "d", "z", "s", "c1", "ii" } do
  case("pack", { format, n = 1 })
  case("pack", { format, 1, n = 2 })
end

-- Floats.
for _, n in ipairs { 0.0, -0.0, 1.5, -2.25, 1e300, -1e300, 1e-300, 5e-324, 3.4028234663852886e38, 1 / 0, -1 / 0, 0.1, 123456789 } do
  for _, option in ipairs { "<f", ">f", "<d", ">d", "<n", "=f" } do
    case("pack", { option, n })
    case("unpack", { option, string.pack(option, n) })
  end
end

-- Strings.
for _, s in ipairs { "", "a", "abc", "a\0b", ("x"):rep(255), ("x"):rep(256), "\255\254" } do
  for _, option in ipairs { "z", "s1", "<s2", ">s4", "s", "<s16", "c0", "c1", "c3", "c300", "s0", "s17" } do
    case("pack", { option, s })
    local ok, packed = pcall(string.pack, option, s)
    if ok then
      case("unpack", { option, packed })
      case("unpack", { option .. "B", packed .. "\7" })
      if option ~= "z" then -- Lua 5.3 reads past the end of the string
        case("unpack", { option, packed:sub(1, -2) })
      end
    end
  end
end

-- Formats that are wrong.
for _, format in ipairs {
  "", " ", "c", "c-1", "a", "i0", "i17", "i99999999999", "!0", "!17", "!3i3", "!3i4", "!6i8", "!16i16", "!i16", "X", "Xz", "Xs", "Xc1",
  "X ", "X<", "Xx", "Xi3", "!Xi3", "!Xi4", "xXi4", "!xXi4", "!1Xi8", "!16Xi16", "!8Xi16", "bXX", "!8bXdX", "1", "i 4", "<>=!", "!4i8",
  "!2i8", "bi", "!bi", "!bhid", "! b h i d", "!4bd", "!bxd", "!bxXd", "c0", "!bc5i", "!bs2", "!bXi", "c2147483647", "c2147483648",
  "c1c2147483640", "c214748364c1932735283", "c214748364c1932735284", "i-1", "!!!i", "s1", "x1", "q", "%",
} do
  case("packsize", { format })
  case("unpack", { format, "" })
  case("unpack", { format, ("\1"):rep(64) })
  if not format:find "c%d%d%d" then
    case("pack", { format, 1, 2, 3, 4 })
  end
end

-- Positions.
for position = -10, 10 do
  case("unpack", { "B", "abcdefg", position })
  case("unpack", { "", "abcdefg", position })
  case("unpack", { "!4 >I4", "abcdefg", position })
  case("unpack", { "!2 <h", "abcdefg", position })
end
for _, data in ipairs { "abc\0def\0", "\0\0", "\0" } do
  for position = 1, #data do
    case("unpack", { "z", data, position })
  end
end

-- Integers of more than 64 bits.
for size = 9, 16 do
  for _, fill in ipairs { "\0", "\255", "\1" } do
    for _, top in ipairs { "\0", "\127", "\128", "\255" } do
      local data = ("\3"):rep(7) .. top .. fill:rep(size - 8)
      case("unpack", { "<i" .. size, data })
      case("unpack", { "<I" .. size, data }, { true })
      case("unpack", { ">i" .. size, data:reverse() })
    end
  end
end

-- Random formats, with values that mostly fit.
local function bytes(n)
  local out = {}
  for i = 1, n do
    out[i] = string.char(({ 0, 255, 128, 127, random(0, 255) })[random(5)])
  end
  return table.concat(out)
end

local function any_format()
  local format, values, unsigned_at, size = {}, {}, {}, 0
  for _ = 1, random(1, 8) do
    local what = random(9)
    if what <= 3 then
      local n, kind = random(1, 16), random(2) == 1 and "i" or "I"
      format[#format + 1] = kind .. n
      local value = string.unpack("<i8", bytes(8)) >> random(0, 63)
      if n < 8 then
        value = value & ((1 << (8 * n - 1)) - 1)
      end
      values[#values + 1] = kind == "i" and random(2) == 1 and -value or value & math.maxinteger
      unsigned_at[#values] = kind == "I"
    elseif what == 4 then
      format[#format + 1] = ({ "b", "B", "h", "H", "l", "L", "j", "J", "T" })[random(9)]
      values[#values + 1] = random(0, 127)
      unsigned_at[#values] = format[#format]:find "%u" ~= nil
    elseif what == 5 then
      format[#format + 1] = ({ "f", "d", "n" })[random(3)]
      values[#values + 1] = random(-1000, 1000) / 8
    elseif what == 6 then
      format[#format + 1] = "c" .. random(0, 9)
      values[#values + 1] = bytes(random(0, 6))
    elseif what == 7 then
      format[#format + 1] = ({ "s1", "s2", "s3", "s8", "s" })[random(5)]
      values[#values + 1] = bytes(random(0, 6))
    else
      format[#format + 1] = ({ "<", ">", "=", "!", "!4", "!8", "!2", "x", " ", "Xi4", "Xd", "Xh" })[random(12)]
    end
  end
  return table.concat(format), values, unsigned_at
end

for _ = 1, 400 do
  local format, values, unsigned_at = any_format()
  case("packsize", { format })
  case("pack", { format, table.unpack(values) })
  local ok, packed = pcall(string.pack, format, table.unpack(values))
  if ok and random(2) == 1 then
    local cut = random(4) == 1 and random(0, #packed) or #packed
    case("unpack", { format, packed:sub(1, cut) }, unsigned_at)
  end
end
for _ = 1, 400 do
  local format, _, unsigned_at = any_format()
  case("unpack", { format, bytes(random(0, 60)), random(1, 4) }, unsigned_at)
end

-- Bits.
local WORDS = { 0, 1, -1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, -0x80000000, 0x12345678, EXACT, -EXACT, -2 }
for _, x in ipairs(WORDS) do
  case("bnot", { x })
  for _, n in ipairs { 0, 1, 4, 31, 32, 33, 63, 64, -1, -4, -31, -32, -33, 1 << 40 } do
    for _, name in ipairs { "lshift", "rshift", "arshift", "lrotate", "rrotate" } do
      case(name, { x, n })
    end
  end
  for _, y in ipairs(WORDS) do
    for _, name in ipairs { "band", "bor", "bxor" } do
      case(name, { x, y })
    end
  end
end
for _, name in ipairs { "band", "bor", "bxor" } do
  case(name, {})
  case(name, { 0xff, 0x0ff0, 0xff00ff })
end

print "}"
