-- irc/text.lua: bold, colours and the like. IRC writes them as control codes (those of
-- mIRC), XMPP as XHTML-IM.

local formatted = require "spectrum.text"

local text = {}

local CODES = "[%z\1-\31\127]"

-- is_plain reports whether a text has no codes.
function text.is_plain(s)
  return not s:find(CODES)
end

-- plain removes the codes.
function text.plain(s)
  return not text.is_plain(s) and formatted.convert(s, "irc", "plain") or s
end

-- lines returns the lines of a text, with empty ones.
function text.lines(s)
  local lines = {}
  for line in (s .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

-- from_lines does the same as from_irc for a text of several lines: each has its own style.
local function from_lines(s)
  local plain, xhtml, styled = {}, {}, false
  for _, line in ipairs(text.lines(s)) do
    plain[#plain + 1] = text.plain(line)
    local converted = formatted.convert(line, "irc", "xhtml") or ""
    styled = styled or converted:find("<span", 1, true) ~= nil
    xhtml[#xhtml + 1] = converted
  end
  return table.concat(plain, "\n"), styled and table.concat(xhtml, "<br/>") or nil
end

-- from_irc returns a text without codes and, if it has a style, the same text as XHTML.
function text.from_irc(s)
  if text.is_plain(s) then
    return s
  end
  if s:find("\n", 1, true) then
    return from_lines(s)
  end
  local xhtml = formatted.convert(s, "irc", "xhtml")
  return text.plain(s), xhtml and xhtml:find("<span", 1, true) and xhtml or nil
end

-- to_irc returns XHTML as lines with codes, or nil if it is not well-formed.
function text.to_irc(xhtml)
  local converted = formatted.convert(xhtml, "xhtml", "irc")
  return converted and text.lines(converted)
end

-- open returns the codes that hold at the end of a line: what has to begin the next one
-- if a text is split there.
text.open = formatted.irc_style

return text
