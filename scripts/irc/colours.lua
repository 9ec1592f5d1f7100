-- irc/colours.lua: converts between the numbered colours of IRC and colours of CSS.

local colours = {}

-- Colours 0 to 15 come from mIRC, and most clients have added 16 to 98. Number 99 means the
-- default colour and is not in the list.
-- stylua: ignore
local PALETTE = {
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

-- NAMES are the colour names that XMPP clients offer.
-- stylua: ignore
local NAMES = {
  aqua = "#00ffff", black = "#000000", blue = "#0000ff", brown = "#a52a2a", cyan = "#00ffff",
  fuchsia = "#ff00ff", gray = "#808080", green = "#008000", grey = "#808080", lime = "#00ff00",
  magenta = "#ff00ff", maroon = "#800000", navy = "#000080", olive = "#808000", orange = "#ffa500",
  pink = "#ffc0cb", purple = "#800080", red = "#ff0000", silver = "#c0c0c0", teal = "#008080",
  white = "#ffffff", yellow = "#ffff00",
}

-- css returns the colour with a number, or nil for the default colour.
function colours.css(number)
  return PALETTE[number]
end

local function parts(hex)
  return tonumber(hex:sub(2, 3), 16), tonumber(hex:sub(4, 5), 16), tonumber(hex:sub(6, 7), 16)
end

-- normal converts a colour of CSS to #rrggbb. It returns nil if the text is not a colour.
function colours.normal(css)
  css = css:lower():gsub("%s", "")
  if css:find("^#%x%x%x%x%x%x$") then
    return css
  end
  local r, g, b = css:match("^#(%x)(%x)(%x)$")
  if r then
    return "#" .. r .. r .. g .. g .. b .. b
  end
  r, g, b = css:match("^rgb%((%d+),(%d+),(%d+)%)$")
  if r then
    return ("#%02x%02x%02x"):format(math.min(r, 255), math.min(g, 255), math.min(b, 255))
  end
  return NAMES[css]
end

-- number returns the number of the colour that is closest to #rrggbb. If two are equally
-- close, it returns the lower one, which more clients know.
function colours.number(hex)
  local r, g, b = parts(hex)
  local best, least
  for number = 0, #PALETTE do
    local pr, pg, pb = parts(PALETTE[number])
    local distance = (r - pr) ^ 2 + (g - pg) ^ 2 + (b - pb) ^ 2
    if not least or distance < least then
      best, least = number, distance
    end
  end
  return best
end

return colours
