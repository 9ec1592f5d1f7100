-- irc/text.lua: converts bold text, colours and other styles. IRC uses the control codes of
-- mIRC, and XMPP uses XHTML-IM. The form between the two is a list of runs:
--
--   { { text = "so ", style = {} }, { text = "bold", style = { bold = true } } }
--
-- A style may have bold, italic, underline, strike, monospace and reverse, and fg and bg as
-- "#rrggbb". A style from XMPP may have a link.

local colours = require "irc.colours"
local xhtml = require "irc.xhtml"
local xml = require "spectrum.xml"

local text = {}

local BOLD, COLOUR, HEX_COLOUR, RESET = "\2", "\3", "\4", "\15"

-- STYLES has the code that switches a style on and off, and its CSS.
local STYLES = {
  { name = "bold", code = BOLD, css = "font-weight: bold" },
  { name = "italic", code = "\29", css = "font-style: italic" },
  { name = "monospace", code = "\17", css = "font-family: monospace" },
  { name = "underline", code = "\31", line = "underline" },
  { name = "strike", code = "\30", line = "line-through" },
  { name = "reverse", code = "\22" },
}

local STYLE_OF = {}
for _, style in ipairs(STYLES) do
  STYLE_OF[style.code] = style.name
end

-- colour parses the digits after a colour code, "4" or "4,12", and changes the style. Without
-- digits, the colours end. It returns the position after the digits.
local function colour(style, s, at, digits, css)
  local fg, stop = s:match("^(" .. digits .. ")()", at)
  if not fg then
    style.fg, style.bg = nil, nil
    return at
  end
  style.fg = css(fg)
  local bg, after = s:match("^,(" .. digits .. ")()", stop)
  if bg then
    style.bg = css(bg)
  end
  return after or stop
end

-- runs splits a text from IRC at its codes. It returns the runs, and the style at the end.
local function runs(s)
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
    local code = s:find("[%z\1-\8\11-\31\127]", at)
    add(at, (code or #s + 1) - 1)
    if not code then
      return list, style
    end
    local c = s:sub(code, code)
    at = code + 1
    if STYLE_OF[c] then
      style[STYLE_OF[c]] = not style[STYLE_OF[c]] or nil
    elseif c == RESET then
      style = {}
    elseif c == COLOUR then
      at = colour(style, s, at, "%d%d?", function(digits)
        return colours.css(tonumber(digits))
      end)
    elseif c == HEX_COLOUR then
      at = colour(style, s, at, "%x%x%x%x%x%x", function(digits)
        return "#" .. digits:lower()
      end)
    end
  end
end

-- css returns the style attribute of a run, or nil if it has no style.
local function css(style)
  local rules, lines = {}, {}
  for _, known in ipairs(STYLES) do
    if style[known.name] then
      rules[#rules + 1] = known.css
      lines[#lines + 1] = known.line
    end
  end
  if #lines > 0 then
    rules[#rules + 1] = "text-decoration: " .. table.concat(lines, " ")
  end
  local fg, bg = style.fg, style.bg
  if style.reverse then
    fg = style.bg or "#ffffff"
    bg = style.fg or "#000000"
  end
  if fg then
    rules[#rules + 1] = "color: " .. fg
  end
  if bg then
    rules[#rules + 1] = "background-color: " .. bg
  end
  return #rules > 0 and table.concat(rules, "; ") or nil
end

-- SCHEMES are the schemes of addresses that become links; javascript: must not become one.
local SCHEMES = {}
for _, scheme in ipairs {
  "http",
  "https",
  "ftp",
  "ftps",
  "sftp",
  "irc",
  "ircs",
  "git",
  "ssh",
  "gemini",
  "gopher",
  "mumble",
} do
  SCHEMES[scheme] = true
end

-- find_address returns where the next address begins and ends. It goes back from "://",
-- no further than the length of a scheme, because a line may consist of one long word.
local LONGEST_SCHEME = 32
local function find_address(s, at)
  local behind = at
  while true do
    local colon, to = s:find('://[^%s<>"]+', behind)
    if not colon then
      return nil
    end
    local scheme = s:sub(math.max(at, colon - LONGEST_SCHEME), colon - 1):match("%f[%a]%a[%a%d+.-]*$")
    if scheme then
      return colon - #scheme, to
    end
    behind = colon + 1
  end
end

-- with_links escapes a text for XHTML and turns addresses into links, because clients that show
-- XHTML do not.
local function with_links(s)
  local out, at = {}, 1
  while true do
    local from, to = find_address(s, at)
    if not from then
      out[#out + 1] = xml.escape(s:sub(at))
      return table.concat(out)
    end
    local address = s:sub(from, to):gsub("[.,;:!?']+$", "")
    if not address:find("(", 1, true) then
      address = address:gsub("%)+$", "") -- "(see http://example.org)"
    end
    out[#out + 1] = xml.escape(s:sub(at, from - 1))
    local escaped = xml.escape(address)
    local is_link = SCHEMES[address:match("^[^:]*"):lower()]
    out[#out + 1] = is_link and '<a href="' .. escaped .. '">' .. escaped .. "</a>" or escaped
    at = from + #address
  end
end

-- from_irc returns a text without codes. If the text has a style, it also returns the text as
-- XHTML.
function text.from_irc(s)
  if not s:find("[%z\1-\31\127]") then
    return s
  end
  local plain, html, styled = {}, {}, false
  for i, run in ipairs((runs(s))) do
    local style = css(run.style)
    styled = styled or style ~= nil
    plain[i] = run.text
    html[i] = with_links(run.text)
    if style then
      html[i] = '<span style="' .. style .. '">' .. html[i] .. "</span>"
    end
  end
  return table.concat(plain), styled and table.concat(html) or nil
end

-- plain returns a text without codes.
function text.plain(s)
  return (text.from_irc(s))
end

-- colour_code returns the code that sets the colours of a style. If the following text begins
-- with a digit, the code ends with an empty bold text, so that the digit is not part of it.
local function colour_code(style, following)
  if not style.fg and not style.bg then
    return COLOUR .. (following:find("^%d") and BOLD .. BOLD or "")
  end
  local code = ("%s%02d"):format(COLOUR, style.fg and colours.number(style.fg) or 99)
  if style.bg then
    return code .. (",%02d"):format(colours.number(style.bg))
  end
  return code .. (following:find("^,%d") and BOLD .. BOLD or "")
end

-- change returns the codes that lead from one style to another.
local function change(from, to, following)
  local codes = {}
  for _, known in ipairs(STYLES) do
    if (from[known.name] or false) ~= (to[known.name] or false) then
      codes[#codes + 1] = known.code
    end
  end
  if from.bg and not to.bg then
    codes[#codes + 1] = colour_code({}, to.fg and "" or following)
    from = {}
  end
  if from.fg ~= to.fg or from.bg ~= to.bg then
    codes[#codes + 1] = colour_code(to, following)
  end
  return table.concat(codes)
end

-- clean removes the control codes of IRC.
local function clean(s)
  return (s:gsub("[%z\1-\8\11-\31\127]", ""))
end

-- to_irc converts XHTML to lines with codes. It returns nil if the text is not XHTML.
function text.to_irc(html)
  local list = xhtml.runs(html)
  if not list then
    return nil
  end
  local lines, line, style = {}, {}, {}
  for _, run in ipairs(list) do
    if run.text == "\n" then
      lines[#lines + 1] = table.concat(line)
      line, style = {}, {} -- a line begins without style
    else
      local words = clean(run.text)
      line[#line + 1] = change(style, run.style, words) .. words
      style = run.style
    end
  end
  lines[#lines + 1] = table.concat(line)
  return lines
end

-- open returns the codes for the style at the end of a text. If the text was cut there, the next
-- piece has to begin with them.
function text.open(s)
  local _, style = runs(s)
  return change({}, style, "")
end

return text
