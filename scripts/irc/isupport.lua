-- irc/isupport.lua: what a server says of itself in 005 (RPL_ISUPPORT), and what
-- follows from it: which names are rooms, how names compare, what modes mean.

local encoding = require "spectrum.encoding"

local isupport = {}

-- DEFAULTS hold for a server that does not say (RFC 1459).
local DEFAULTS = {
  CASEMAPPING = "rfc1459",
  CHANTYPES = "#&",
  CHANMODES = "b,k,l,imnpst",
  PREFIX = "(ov)@+",
  MODES = "3",
  STATUSMSG = "",
}

-- REQUIRED are those that mean nothing without a value. Any other one may be empty:
-- CHANTYPES= is a server without rooms, PREFIX= one without statuses, MODES= one that
-- takes any number of modes in a line.
local REQUIRED = { CASEMAPPING = true }

-- Users of one server share what it says of itself: nobody changes such a table once it
-- is made. known[table][line] is the table that a line makes of another. There are at
-- most KEPT of them, whatever servers say.
local KEPT = 500
local known, kept = {}, 0

-- defaults is the table of a link that has heard nothing yet.
function isupport.defaults()
  return DEFAULTS
end

-- with is a copy of a table, with what a line says. "NAME" and "NAME=" are the same;
-- "-NAME" takes back what an earlier line has said.
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

-- read returns what a table becomes by one 005. Of its parameters the first is our
-- nick, the last a text.
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

-- number is a value that counts something, or nil. Without a value there is no limit:
-- nil, too.
function isupport.number(t, name)
  local digits = (t[name] or ""):match("^%d+$")
  return digits and tonumber(digits)
end

-- limit is how many of something the server takes: a number from 1 on, math.huge if it
-- has said that there is no limit.
function isupport.limit(t, name)
  if t[name] == "" then
    return math.huge
  end
  return math.max(1, isupport.number(t, name) or 1)
end

-- targets is how many targets a command may have at once (TARGMAX), or math.huge.
function isupport.targets(t, command)
  for name, limit in (t.TARGMAX or ""):gmatch("([^:,]+):(%d*)") do
    if name:upper() == command and limit ~= "" then
      return math.max(1, tonumber(limit))
    end
  end
  return math.huge
end

local FOLDS = {
  ascii = { "%u", string.lower },
  rfc1459 = {
    "[%u%[%]\\~]",
    function(c)
      return ({ ["["] = "{", ["]"] = "}", ["\\"] = "|", ["~"] = "^" })[c] or c:lower()
    end,
  },
  ["rfc1459-strict"] = {
    "[%u%[%]\\]",
    function(c)
      return ({ ["["] = "{", ["]"] = "}", ["\\"] = "|" })[c] or c:lower()
    end,
  },
}
FOLDS["strict-rfc1459"] = FOLDS["rfc1459-strict"]

-- UNICODE are the mappings that cover all alphabets.
local UNICODE = { rfc3454 = true, rfc7613 = true, rfc8265 = true, precis = true, unicode = true, utf8 = true }

-- fold makes equal what the server takes for the same name. Names that a mapping which
-- is not known takes for the same are told apart, as far as they are not ASCII.
function isupport.fold(t, name)
  local fold = FOLDS[t.CASEMAPPING] or FOLDS.ascii
  if UNICODE[t.CASEMAPPING] and name:find("[\128-\255]") then
    return encoding.utf8.lower(name)
  end
  return (name:gsub(fold[1], fold[2]))
end

-- is_room tells a room's name from a nick.
function isupport.is_room(t, name)
  return name ~= "" and t.CHANTYPES:find(name:sub(1, 1), 1, true) ~= nil
end

-- statuses are the modes that members of a room can have, highest first, and the
-- sign of each: { "o", "v" }, { o = "@", v = "+" }.
function isupport.statuses(t)
  local modes, signs = t.PREFIX:match("^%(([^)]*)%)(.*)$")
  local order, sign_of = {}, {}
  for i = 1, math.min(#(modes or ""), #(signs or "")) do
    local mode = modes:sub(i, i)
    order[i], sign_of[mode] = mode, signs:sub(i, i)
  end
  return order, sign_of
end

-- split_signs cuts "@+nick" into "ov" and "nick".
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

-- with_mode is a member's modes with one more, or one less.
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

-- is_list reports whether a mode is that of the bans, or of who is excepted from bans or
-- needs no invitation (EXCEPTS, INVEX), whatever CHANMODES says.
local function is_list(t, lists, mode)
  local function is(name, default)
    return t[name] ~= nil and mode == (t[name] ~= "" and t[name] or default)
  end
  return lists:find(mode, 1, true) ~= nil or is("EXCEPTS", "e") or is("INVEX", "I")
end

-- changes reads the parameters of a room's MODE: a list of
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
