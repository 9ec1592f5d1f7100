package luatest

// Same defines functions for scripts that test modules: same(got, want) compares;
// fails(part of a message, fn, …) expects an error; refused(part of a message, fn(…))
// expects the results nil and a message.
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
