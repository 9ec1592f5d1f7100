-- test runs one case; fails wants an error with a text that a pattern finds.
local failures = {}

function test(name, fn)
  local ok, e = xpcall(fn, debug.traceback)
  if not ok then failures[#failures + 1] = name .. ": " .. tostring(e) end
end

function fails(pattern, fn, ...)
  local ok, e = pcall(fn, ...)
  if ok and fn == pcall then ok, e = false, e == false and select(2, fn(...)) end
  assert(not ok, "no error, where one was expected with " .. pattern)
  assert(tostring(e):find(pattern), tostring(e) .. " does not have " .. pattern)
end

function finish()
  if #failures > 0 then error(#failures .. " failed:\n" .. table.concat(failures, "\n"), 0) end
end
