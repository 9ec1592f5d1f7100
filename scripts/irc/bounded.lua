-- irc/bounded.lua: lists that forget their oldest items.

local bounded = {}

-- add appends an item to a list of at most `most` items. It returns the oldest item if the list
-- has forgotten it, or nil.
function bounded.add(list, item, most)
  list[#list + 1] = item
  return #list > most and table.remove(list, 1) or nil
end

return bounded
