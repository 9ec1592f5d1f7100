-- irc/text.lua: how IRC writes bold, colours and the like (mIRC's control codes),
-- as plain text and as XHTML-IM, and back.

local xml = require "spectrum.xml"

local text = {}

local BOLD, COLOUR, HEX_COLOUR = "\2", "\3", "\4"
local RESET, MONOSPACE, REVERSE = "\15", "\17", "\22"
local ITALIC, STRIKE, UNDERLINE = "\29", "\30", "\31"

-- TOGGLES are the codes that begin a style and end it again.
local TOGGLES = {
  [BOLD] = "bold",
  [ITALIC] = "italic",
  [UNDERLINE] = "underline",
  [STRIKE] = "strike",
  [MONOSPACE] = "monospace",
  [REVERSE] = "reverse",
}

-- CSS of each style.
local CSS = {
  { "bold", "font-weight: bold" },
  { "italic", "font-style: italic" },
  { "monospace", "font-family: monospace" },
}

-- The 99 colours that the codes number; 99 is the default colour.
local COLOURS = {
  [0] = "#ffffff", "#000000", "#00007f", "#009300", "#ff0000", "#7f0000", "#9c009c", "#fc7f00",
  "#ffff00", "#00fc00", "#009393", "#00ffff", "#0000fc", "#ff00ff", "#7f7f7f", "#d2d2d2",
  "#470000", "#472100", "#474700", "#324700", "#004700", "#00472c", "#004747", "#002747",
  "#000047", "#2e0047", "#470047", "#47002a", "#740000", "#743a00", "#747400", "#517400",
  "#007400", "#007449", "#007474", "#004074", "#000074", "#4b0074", "#740074", "#740045",
  "#b50000", "#b56300", "#b5b500", "#7db500", "#00b500", "#00b571", "#00b5b5", "#0063b5",
  "#0000b5", "#7500b5", "#b500b5", "#b5006b", "#ff0000", "#ff8c00", "#ffff00", "#b2ff00",
  "#00ff00", "#00ffa0", "#00ffff", "#008cff", "#0000ff", "#a500ff", "#ff00ff", "#ff0098",
  "#ff5959", "#ffb459", "#ffff71", "#cfff60", "#6fff6f", "#65ffc9", "#6dffff", "#59b4ff",
  "#5959ff", "#c459ff", "#ff66ff", "#ff59bc", "#ff9c9c", "#ffd39c", "#ffff9c", "#e2ff9c",
  "#9cff9c", "#9cffdb", "#9cffff", "#9cd3ff", "#9c9cff", "#dc9cff", "#ff9cff", "#ff94d3",
  "#000000", "#131313", "#282828", "#363636", "#4d4d4d", "#656565", "#818181", "#9f9f9f",
  "#bcbcbc", "#e2e2e2", "#ffffff",
}

-- read_colour reads the digits behind a colour code. It returns the colours and
-- where the text goes on.
local function read_colour(s, at, pattern, colour_of)
  local fg, stop = s:match("^(" .. pattern .. ")()", at)
  if not fg then
    return nil, nil, at
  end
  local bg, after = s:match("^,(" .. pattern .. ")()", stop)
  return colour_of(fg), bg and colour_of(bg), after or stop
end

local function numbered(digits)
  return COLOURS[tonumber(digits)]
end

local function hex(digits)
  return "#" .. digits:lower()
end

-- pieces cuts a text at its codes: a list of { text = …, style = … }.
local function pieces(s)
  local list, style, at = {}, {}, 1
  local function add(from, to)
    if from <= to then
      local copy = {}
      for name, value in pairs(style) do
        copy[name] = value
      end
      list[#list + 1] = { text = s:sub(from, to), style = copy }
    end
  end
  while true do
    local code = s:find("[%z\1-\31\127]", at)
    add(at, (code or #s + 1) - 1)
    if not code then
      return list
    end
    local c = s:sub(code, code)
    at = code + 1
    if TOGGLES[c] then
      style[TOGGLES[c]] = not style[TOGGLES[c]] or nil
    elseif c == RESET then
      style = {}
    elseif c == COLOUR or c == HEX_COLOUR then
      local fg, bg, after
      if c == COLOUR then
        fg, bg, after = read_colour(s, at, "%d%d?", numbered)
      else
        fg, bg, after = read_colour(s, at, "%x%x%x%x%x%x", hex)
      end
      if after == at then
        style.fg, style.bg = nil, nil
      else
        style.fg, style.bg = fg, bg or style.bg
      end
      at = after
    elseif c == "\t" then
      add(code, code)
    end
  end
end

-- css is the style attribute of a piece, or nil if it has no style.
local function css(style)
  local rules = {}
  for _, rule in ipairs(CSS) do
    if style[rule[1]] then
      rules[#rules + 1] = rule[2]
    end
  end
  local lines = {}
  if style.underline then
    lines[#lines + 1] = "underline"
  end
  if style.strike then
    lines[#lines + 1] = "line-through"
  end
  if #lines > 0 then
    rules[#rules + 1] = "text-decoration: " .. table.concat(lines, " ")
  end
  local fg, bg = style.fg, style.bg
  if style.reverse then
    fg, bg = bg or "#ffffff", fg or "#000000"
  end
  if fg then
    rules[#rules + 1] = "color: " .. fg
  end
  if bg then
    rules[#rules + 1] = "background-color: " .. bg
  end
  return #rules > 0 and table.concat(rules, "; ") or nil
end

-- from_irc returns a text without codes and, if it had any that show, the same
-- as XHTML.
function text.from_irc(s)
  local plain, html, styled = {}, {}, false
  for _, piece in ipairs(pieces(s)) do
    plain[#plain + 1] = piece.text
    local escaped, style = xml.escape(piece.text), css(piece.style)
    if style then
      styled = true
      escaped = '<span style="' .. style .. '">' .. escaped .. "</span>"
    end
    html[#html + 1] = escaped
  end
  return table.concat(plain), styled and table.concat(html) or nil
end

-- ELEMENTS are the codes of XHTML's elements.
local ELEMENTS = {
  b = BOLD, strong = BOLD, i = ITALIC, em = ITALIC, cite = ITALIC, u = UNDERLINE, ins = UNDERLINE,
  s = STRIKE, strike = STRIKE, del = STRIKE, code = MONOSPACE, tt = MONOSPACE, pre = MONOSPACE,
}

-- BLOCKS stand in lines of their own.
local BLOCKS = { p = true, div = true, li = true, blockquote = true, pre = true, tr = true }

-- RULES find the codes in a style attribute.
local RULES = {
  { "font%-weight%s*:%s*bold", BOLD },
  { "font%-style%s*:%s*italic", ITALIC },
  { "text%-decoration%s*:[^;]*underline", UNDERLINE },
  { "text%-decoration%s*:[^;]*line%-through", STRIKE },
  { "font%-family%s*:[^;]*monospace", MONOSPACE },
}

-- codes_of lists the codes of an element that are not in effect already.
local function codes_of(element, active)
  local codes = {}
  local function add(code)
    if code and not active[code] then
      active[code] = true
      codes[#codes + 1] = code
    end
  end
  add(ELEMENTS[element.name])
  for _, rule in ipairs(RULES) do
    if (element.attr and element.attr.style or ""):lower():find(rule[1]) then
      add(rule[2])
    end
  end
  return codes
end

local write_element

-- write adds what stands in an element.
local function write(element, active, out)
  for _, child in ipairs(element) do
    if type(child) == "string" then
      out[#out + 1] = child:gsub("%s+", " ")
    else
      write_element(child, active, out)
    end
  end
end

-- write_element adds an element to out: its codes, what stands in it, its codes
-- again, which ends them.
function write_element(element, active, out)
  if element.name == "br" then
    out[#out + 1] = "\n"
    return
  end
  if element.name == "img" then
    out[#out + 1] = element.attr.alt or element.attr.src or ""
    return
  end
  local block = BLOCKS[element.name]
  if block and #out > 0 and out[#out] ~= "\n" then
    out[#out + 1] = "\n"
  end
  local codes = codes_of(element, active)
  out[#out + 1] = table.concat(codes)
  write(element, active, out)
  for i = #codes, 1, -1 do
    out[#out + 1] = codes[i]
    active[codes[i]] = nil
  end
  local target = element.name == "a" and element.attr.href
  if target and xml.text(element) ~= target then
    out[#out + 1] = " <" .. target .. ">"
  end
  if block then
    out[#out + 1] = "\n"
  end
end

-- to_irc returns XHTML as text with codes, or nil if it is none.
function text.to_irc(xhtml)
  local tree = xml.parse("<body>" .. xhtml .. "</body>")
  if not tree then
    return nil
  end
  local out = {}
  write(tree, {}, out)
  return (table.concat(out):gsub("^%s+", ""):gsub("%s+$", ""))
end

-- plain leaves the codes out.
function text.plain(s)
  return (text.from_irc(s))
end

return text
