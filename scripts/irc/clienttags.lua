-- irc/clienttags.lua: client-only tags, which servers pass on to other clients: +typing,
-- +draft/reply, +draft/react.

local clienttags = {}

-- allowed reports whether the server passes on a tag; `name` is without the plus sign.
-- CLIENTTAGDENY=*,-typing denies all tags except this one.
function clienttags.allowed(link, name)
  if not link.caps["message-tags"] then
    return false
  end
  local list = "," .. (link.isupport.CLIENTTAGDENY or "") .. ","
  if list:find(",*,", 1, true) then
    return list:find(",-" .. name .. ",", 1, true) ~= nil
  end
  return not list:find("," .. name .. ",", 1, true)
end

return clienttags
