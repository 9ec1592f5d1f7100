package luatest

// Same is what a script that shows how functions behave may start with:
// same(got, want), fails(part of a message, fn, …) for misuse, and
// refused(part of a message, fn(…)) for what fails as it may.
const Same = `
local function same(got, want)
  if got ~= want then error(("got %q, want %q"):format(tostring(got), tostring(want)), 2) end
end
local function refused(want, value, err)
  if value ~= nil then error(("got %q, want a failure"):format(tostring(value)), 2) end
  if not err:find(want, 1, true) then error("got " .. err .. ", want " .. want, 2) end
end
local function fails(want, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then error("no error, want " .. want, 2) end
  if not err:find(want, 1, true) then error("got " .. err .. ", want " .. want, 2) end
end
`
