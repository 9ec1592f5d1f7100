-- The environment of each program: values to compute with, and functions that write
-- results in a form without addresses or the order of tables. The arguments are a
-- function that receives each line, and whether error messages are compared.
local emit, messages = ...
local type, tostring, tonumber, pcall, next, rawget, error = type, tostring, tonumber, pcall, next, rawget, error
local floor, format, gsub, find, byte, concat, sort = math.floor, string.format, string.gsub, string.find, string.byte, table.concat, table.sort

local maxLines = 3000
local lines = 0

local function before(a, b)
  local x, y = type(a), type(b)
  if x ~= y then return x < y end
  if x == "number" or x == "string" then return a < b end
  return tostring(a) < tostring(b)
end

local shown

local function shownTable(t, depth)
  local text = tostring(t)
  if not find(text, "^table: ") then return text end
  if depth > 3 then return "table" end
  local keys = {}
  for k in next, t do keys[#keys + 1] = k end
  sort(keys, before)
  for i, k in next, keys do keys[i] = shown(k, depth + 1) .. "=" .. shown(rawget(t, k), depth + 1) end
  return "{" .. concat(keys, " ") .. "}"
end

function shown(v, depth)
  local kind = type(v)
  if kind == "number" then
    if v ~= v then return "nan" end
    if v == 0 then return "0" end
    return format("%.14g", v)
  elseif kind == "string" then
    v = gsub(v, ": 0x%x+", ": address")
    return '"' .. gsub(v, '[%c"\\\127-\255]', function(c) return format("\\%03d", byte(c)) end) .. '"'
  elseif kind == "table" then
    return shownTable(v, depth)
  elseif kind == "nil" or kind == "boolean" then
    return tostring(v)
  end
  return kind
end

function out(...)
  lines = lines + 1
  if lines > maxLines then return end
  local texts = {}
  for i = 1, select("#", ...) do texts[i] = shown((select(i, ...)), 0) end
  emit(concat(texts, " "))
end

-- message returns an error in the form in which errors are compared.
function message(e)
  if type(e) == "string" then
    if find(e, "internal error", 1, true) then emit("INTERNAL ERROR: " .. e) end
  end
  -- luajit does not make texts of numbers where Lua 5.1 does.
  if not messages and (type(e) == "string" or type(e) == "number") then return "an error" end
  return e
end

function show(ok, ...)
  if ok then return out(true, ...) end
  return out(false, message((...)))
end

-- both returns the results of a protected call, with the message in the form in which
-- messages are compared.
function both(ok, e, ...)
  if ok then return ok, e, ... end
  return ok, message(e)
end

function try(f, ...) return show(pcall(f, ...)) end

-- val returns the number of an object, or a number for any other value. It never returns
-- -0 and ignores the sign of 0, because our implementation writes -0 as 0.
function val(x)
  if type(x) == "table" then x = rawget(x, "v") end
  if type(x) == "string" then return #gsub(x, "%-0", "0") end
  return floor(tonumber(x) or 0) % 1000 + 0
end

function nothing() end

function kept() end

for n = 0, 4 do
  _G["iterator" .. n] = function(s, c)
    c = (c or 0) + 1
    if s == nil and c <= n then return c, c * 2 end
  end
end

-- The result is a function that runs a program.
return function(chunk)
  local ok, e = pcall(chunk)
  if not ok then emit("error: " .. shown(message(e), 0)) end
  emit("lines: " .. lines)
end
