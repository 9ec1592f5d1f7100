-- irc/xhtml.lua: parses XHTML-IM into runs of text with a style (see irc/text.lua). A line
-- break is a run with the text "\n".

local colours = require "irc.colours"
local xml = require "spectrum.xml"

local xhtml = {}

-- ELEMENTS has the style of each element.
-- stylua: ignore
local ELEMENTS = {
  b = "bold", strong = "bold", h1 = "bold", h2 = "bold", h3 = "bold", h4 = "bold", th = "bold", dt = "bold",
  i = "italic", em = "italic", cite = "italic", dfn = "italic", var = "italic",
  u = "underline", ins = "underline", s = "strike", strike = "strike", del = "strike",
  code = "monospace", tt = "monospace", pre = "monospace", kbd = "monospace", samp = "monospace",
}

-- BLOCKS has the elements that begin and end a line.
-- stylua: ignore
local BLOCKS = {
  p = true, div = true, li = true, ul = true, ol = true, blockquote = true, pre = true, tr = true, table = true,
  h1 = true, h2 = true, h3 = true, h4 = true, h5 = true, h6 = true, dl = true, dt = true, dd = true, hr = true,
}

-- RULES has a function for each property of a style attribute, which changes the style.
local RULES = {
  ["font-weight"] = function(style, value)
    style.bold = value:find("bold", 1, true) and true or (tonumber(value) or 400) >= 600 or nil
  end,
  ["font-style"] = function(style, value)
    style.italic = value == "italic" or value == "oblique" or nil
  end,
  ["font-family"] = function(style, value)
    style.monospace = value:find("monospace", 1, true) and true or style.monospace
  end,
  ["text-decoration"] = function(style, value)
    style.underline = value:find("underline", 1, true) and true or style.underline
    style.strike = value:find("line-through", 1, true) and true or style.strike
  end,
  ["color"] = function(style, value)
    style.fg = colours.normal(value)
  end,
  ["background-color"] = function(style, value)
    style.bg = colours.normal(value)
  end,
}
RULES["background"] = RULES["background-color"]

-- style_of returns the style inside an element. `outer` is the style around it.
local function style_of(element, outer)
  local style = {}
  for name, value in pairs(outer) do
    style[name] = value
  end
  if ELEMENTS[element.name] then
    style[ELEMENTS[element.name]] = true
  end
  if element.name == "font" and element.attr and element.attr.color then
    RULES["color"](style, element.attr.color)
  end
  for name, value in (element.attr and element.attr.style or ""):gmatch("([%a-]+)%s*:%s*([^;]+)") do
    local rule = RULES[name:lower()]
    if rule then
      rule(style, value:lower():gsub("%s+$", ""))
    end
  end
  return style
end

-- add_text adds a run. It combines blanks to one, and drops them at the beginning of a line.
local function add_text(list, s, style, verbatim)
  if verbatim then
    for line, feed in s:gmatch("([^\n]*)(\n?)") do
      list[#list + 1] = line ~= "" and { text = line, style = style } or nil
      list[#list + 1] = feed ~= "" and { text = "\n" } or nil
    end
    return
  end
  s = s:gsub("[ \t\r\n]+", " ")
  local last = list[#list]
  if not last or last.text:find("[ \n]$") then
    s = s:gsub("^ ", "")
  end
  if s ~= "" then
    list[#list + 1] = { text = s, style = style }
  end
end

-- break_line ends the line unless it is empty.
local function break_line(list)
  if #list > 0 and list[#list].text ~= "\n" then
    list[#list + 1] = { text = "\n" }
  end
end

-- BEFORE has functions that add a text before the content of an element.
local BEFORE = {
  li = function(list, style, counter)
    local sign = "- "
    if counter.ordered then
      counter.n = counter.n + 1
      sign = counter.n .. ". "
    end
    list[#list + 1] = { text = sign, style = style }
  end,
  blockquote = function(list, style)
    list[#list + 1] = { text = "> ", style = style }
  end,
}

-- ALONE has functions for elements without content.
local ALONE = {
  br = function(list)
    list[#list + 1] = { text = "\n" }
  end,
  img = function(list, style, attr)
    local source = attr.src or ""
    local words = attr.alt or ""
    if source:find("^%a+://") and not words:find(source, 1, true) then
      words = words == "" and source or words .. " <" .. source .. ">"
    end
    add_text(list, words, style)
  end,
}

-- add_address adds the address of a link, unless the link's text contains it.
local function add_address(list, element, style)
  local address = element.attr and element.attr.href
  if not address then
    return
  end
  local shown = xml.text(element):gsub("^%s+", ""):gsub("%s+$", "")
  local function bare(s)
    return (s:gsub("^mailto:", ""):gsub("^xmpp:", ""):gsub("/$", ""))
  end
  if bare(shown) ~= bare(address) then
    list[#list + 1] = { text = (shown == "" and "" or " ") .. "<" .. address .. ">", style = style }
  end
end

local function add(list, element, outer, verbatim, counter)
  if ALONE[element.name] then
    ALONE[element.name](list, outer, element.attr or {})
    return
  end
  local style = style_of(element, outer)
  if BLOCKS[element.name] then
    break_line(list)
  end
  if BEFORE[element.name] then
    BEFORE[element.name](list, outer, counter)
  end
  local within = { ordered = element.name == "ol", n = 0 }
  for _, child in ipairs(element) do
    if type(child) == "string" then
      add_text(list, child, style, verbatim or element.name == "pre")
    else
      add(list, child, style, verbatim or element.name == "pre", within)
    end
  end
  if element.name == "a" then
    add_address(list, element, style)
  end
  if BLOCKS[element.name] then
    break_line(list)
  end
end

-- runs parses XHTML. It returns nil if the text is not well-formed.
function xhtml.runs(text)
  local tree = xml.parse("<body>" .. text .. "</body>")
  if not tree then
    return nil
  end
  local list = {}
  add(list, tree, {}, false, {})
  while list[1] and list[1].text == "\n" do
    table.remove(list, 1)
  end
  while #list > 0 and list[#list].text:find("^[ \n]*$") do
    list[#list] = nil
  end
  return list
end

return xhtml
