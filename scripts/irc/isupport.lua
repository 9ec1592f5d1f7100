-- irc/isupport.lua: what a server says of itself in 005 (RPL_ISUPPORT), and what
-- follows from it: which names are rooms, how names compare, what modes mean.

local isupport = {}

-- What holds for a server that says nothing (RFC 1459).
local DEFAULTS = {
  CASEMAPPING = "rfc1459",
  CHANTYPES = "#&",
  CHANMODES = "b,k,l,imnpst",
  PREFIX = "(ov)@+",
  MODES = "3",
  NICKLEN = "9",
  STATUSMSG = "",
}

-- Users of one server share what it says of itself: nobody changes such a table once it
-- is made. known[table][line] is the table that a line makes of another. There are at
-- most KEPT of them, whatever servers say.
local KEPT = 500
local known, kept = {}, 0

-- defaults is the table of a link that has heard nothing yet.
function isupport.defaults()
  return DEFAULTS
end

-- with is a copy of a table, with what a line says.
local function with(t, params)
  local new = {}
  for name, value in pairs(t) do
    new[name] = value
  end
  for i = 2, #params - 1 do
    local gone = params[i]:match("^%-(.+)$")
    local name, value = params[i]:match("^([^=]+)=?(.*)$")
    if gone then
      new[gone] = DEFAULTS[gone]
    elseif name then
      value = value:gsub("\\x(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
      end)
      new[name] = value ~= "" and value or DEFAULTS[name] or ""
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

-- number is a value that counts something, or nil.
function isupport.number(t, name)
  local digits = (t[name] or ""):match("^%d+$")
  return digits and tonumber(digits)
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

-- fold makes equal what the server takes for the same name.
function isupport.fold(t, name)
  local fold = FOLDS[t.CASEMAPPING] or FOLDS.ascii
  return (name:gsub(fold[1], fold[2]))
end

-- is_room tells a room's name from a nick.
function isupport.is_room(t, name)
  return name ~= "" and t.CHANTYPES:find(name:sub(1, 1), 1, true) ~= nil
end

-- statuses are the modes that members of a room can have, highest first, and the
-- sign of each: { "o", "v" }, { o = "@", v = "+" }.
function isupport.statuses(t)
  local modes, signs = t.PREFIX:match("^%((%a*)%)(.*)$")
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

-- changes reads the parameters of a room's MODE: a list of
-- { sign = "+", mode = "o", param = "nick" }.
function isupport.changes(t, modes, params)
  local lists, always, set = t.CHANMODES:match("^([^,]*),([^,]*),([^,]*)")
  local _, sign_of = isupport.statuses(t)
  local list, sign, at = {}, "+", 1
  for mode in modes:gmatch(".") do
    if mode == "+" or mode == "-" then
      sign = mode
    else
      local change = { sign = sign, mode = mode }
      local function is_in(class)
        return (class or ""):find(mode, 1, true)
      end
      if sign_of[mode] or is_in(lists) or is_in(always) or sign == "+" and is_in(set) then
        change.param, at = params[at], at + 1
      end
      list[#list + 1] = change
    end
  end
  return list
end

return isupport
