-- The rules of luacheck for Lua code: `make lint` applies them.
std = "lua51"
max_line_length = 120

-- .e2e holds whole Debian systems.
exclude_files = { ".e2e", "bin" }

-- The annotations declare functions without bodies, and their sentences are as long as
-- the reference needs.
files["luabind/api/library"] = {
  ignore = { "211", "212", "221", "241", "431" },
  max_line_length = false,
}

-- The conformance programs do on purpose what luacheck warns about: globals, unused
-- values, empty branches, odd spacing. testdata and luadiff hold such programs, and
-- testdata of bytes a program for Lua 5.3 with its output.
for _, folder in ipairs {
  "luabind/stdlib/testdata",
  "luabind/testdata",
  "luabind/modules/bytes/testdata",
  "cmd/spectrum2-lua/devkit/luadiff",
} do
  exclude_files[#exclude_files + 1] = folder
end
