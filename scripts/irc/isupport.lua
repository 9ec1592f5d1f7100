-- irc/isupport.lua: the parameters that a server announces in 005 (RPL_ISUPPORT), and their
-- meaning: which names are rooms, how names compare, which modes exist.

local encoding = require "spectrum.encoding"

local isupport = {}

-- DEFAULTS apply to a server that does not announce a parameter (RFC 1459).
local DEFAULTS = {
  CASEMAPPING = "rfc1459",
  CHANTYPES = "#&",
  CHANMODES = "b,k,l,imnpst",
  PREFIX = "(ov)@+",
  MODES = "3",
  STATUSMSG = "",
}

-- REQUIRED are the parameters that must have a value. Others may be empty: "CHANTYPES=" is a
-- server without rooms, "PREFIX=" a server without statuses, and "MODES=" a server without a
-- limit on the modes in a line.
local REQUIRED = { CASEMAPPING = true }

-- Users of one server share a table of its parameters. The tables never change: a line 005
-- leads from one table to another, known[table][line]. At most KEPT tables are kept.
local KEPT = 500
local known, kept = {}, 0

-- defaults returns the table for a new link.
function isupport.defaults()
  return DEFAULTS
end

-- with returns a copy of a table with the parameters of a line. "NAME" and "NAME=" mean the
-- same. "-NAME" restores the default.
local function with(t, params)
  local new = {}
  for name, value in pairs(t) do
    new[name] = value
  end
  for i = 2, #params - 1 do
    local minus, name, value = params[i]:match("^(%-?)([^=]+)=?(.*)$")
    if name and minus == "-" then
      new[name] = DEFAULTS[name]
    elseif name then
      value = value:gsub("\\x(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
      end)
      new[name] = (value ~= "" or not REQUIRED[name]) and value or DEFAULTS[name]
    end
  end
  return new
end

-- read returns the table after a line 005. The line's first parameter is our nick, and the
-- last one is a text.
function isupport.read(t, params)
  local line = table.concat(params, " ", 2, math.max(1, #params - 1))
  local new = known[t] and known[t][line]
  if new then
    return new
  end
  if kept >= KEPT then
    known, kept = {}, 0
  end
  new = with(t, params)
  known[t], kept = known[t] or {}, kept + 1
  known[t][line] = new
  return new
end

-- number returns a parameter as a number. It returns nil if the server has not announced the
-- parameter, or has announced it without a value, which means that there is no limit.
function isupport.number(t, name)
  local value = t[name]
  local digits = value and value:match("^%d+$")
  return digits and tonumber(digits)
end

-- limit returns a limit of the server, at least 1. It returns math.huge if the server has
-- announced that there is no limit.
function isupport.limit(t, name)
  if t[name] == "" then
    return math.huge
  end
  return math.max(1, isupport.number(t, name) or 1)
end

-- targets returns the most targets that a command may have (TARGMAX), or math.huge.
function isupport.targets(t, command)
  for name, limit in (t.TARGMAX or ""):gmatch("([^:,]+):(%d*)") do
    if name:upper() == command and limit ~= "" then
      return math.max(1, tonumber(limit))
    end
  end
  return math.huge
end

-- FOLDS has, for each CASEMAPPING, what string.lower leaves of the capital letters. `known` has
-- the names that were folded, because the same names appear in line after line. It has at most
-- FOLDED names of at most NAME bytes.
local FOLDS = {
  ascii = {},
  rfc1459 = { pattern = "[%[%]\\~]", small = { ["["] = "{", ["]"] = "}", ["\\"] = "|", ["~"] = "^" } },
  ["rfc1459-strict"] = { pattern = "[%[%]\\]", small = { ["["] = "{", ["]"] = "}", ["\\"] = "|" } },
  unicode = { lower = encoding.utf8.lower },
}
for _, fold in pairs(FOLDS) do
  fold.known, fold.count = {}, 0
end
FOLDS["strict-rfc1459"] = FOLDS["rfc1459-strict"]
for _, name in ipairs { "rfc3454", "rfc7613", "rfc8265", "precis", "utf8" } do
  FOLDS[name] = FOLDS.unicode -- these cover all alphabets
end
local FOLDED, NAME = 2000, 100

-- fold returns the same text for all spellings of a name that are equal to the server. If
-- its CASEMAPPING is unknown, only ASCII letters are folded.
function isupport.fold(t, name)
  local fold = FOLDS[t.CASEMAPPING] or FOLDS.ascii
  local folded = fold.known[name]
  if folded then
    return folded
  end
  folded = (fold.lower or string.lower)(name)
  if fold.pattern then
    folded = folded:gsub(fold.pattern, fold.small)
  end
  if #name <= NAME then
    if fold.count >= FOLDED then
      fold.known, fold.count = {}, 0
    end
    fold.known[name], fold.count = folded, fold.count + 1
  end
  return folded
end

-- is_room reports whether a name is a room and not a nick.
function isupport.is_room(t, name)
  return name ~= "" and t.CHANTYPES:find(name:sub(1, 1), 1, true) ~= nil
end

-- statuses returns the modes that members of a room can have, highest first, and the sign of
-- each: { "o", "v" }, { o = "@", v = "+" }.
function isupport.statuses(t)
  local modes, signs = t.PREFIX:match("^%(([^)]*)%)(.*)$")
  local order, sign_of = {}, {}
  for i = 1, math.min(#(modes or ""), #(signs or "")) do
    local mode = modes:sub(i, i)
    order[i], sign_of[mode] = mode, signs:sub(i, i)
  end
  return order, sign_of
end

-- split_signs splits "@+nick" into "ov" and "nick".
function isupport.split_signs(t, text)
  local order, sign_of = isupport.statuses(t)
  local mode_of = {}
  for _, mode in ipairs(order) do
    mode_of[sign_of[mode]] = mode
  end
  local modes = ""
  while mode_of[text:sub(1, 1)] do
    modes = modes .. mode_of[text:sub(1, 1)]
    text = text:sub(2)
  end
  return modes, text
end

-- with_mode returns a member's modes with one added or removed.
function isupport.with_mode(modes, mode, given)
  local at = modes:find(mode, 1, true)
  if at then
    modes = modes:sub(1, at - 1) .. modes:sub(at + 1)
  end
  return given and modes .. mode or modes
end

-- classes returns the kinds of a room's modes (CHANMODES): modes of lists, modes that
-- always have a parameter, and modes that have one only when they are set. Any kind may be
-- missing.
local function classes(t)
  local list = {}
  for class in (t.CHANMODES .. ","):gmatch("([^,]*),") do
    list[#list + 1] = class
  end
  return list[1] or "", list[2] or "", list[3] or ""
end

-- is_list reports whether a mode belongs to a list: bans, exceptions from bans (EXCEPTS), or
-- users who do not need an invitation (INVEX). The last two count even if CHANMODES lacks them.
local function is_list(t, lists, mode)
  local function is(name, default)
    return t[name] ~= nil and mode == (t[name] ~= "" and t[name] or default)
  end
  return lists:find(mode, 1, true) ~= nil or is("EXCEPTS", "e") or is("INVEX", "I")
end

-- changes parses the parameters of a room's MODE. It returns a list of
-- { sign = "+", mode = "o", param = "nick" }.
function isupport.changes(t, modes, params)
  local lists, always, set = classes(t)
  local _, sign_of = isupport.statuses(t)
  local list, sign, at = {}, "+", 1
  for mode in modes:gmatch(".") do
    if mode == "+" or mode == "-" then
      sign = mode
    else
      local change = { sign = sign, mode = mode }
      local has = sign_of[mode] or is_list(t, lists, mode) or always:find(mode, 1, true)
      if has or sign == "+" and set:find(mode, 1, true) then
        change.param, at = params[at], at + 1
      end
      list[#list + 1] = change
    end
  end
  return list
end

return isupport
