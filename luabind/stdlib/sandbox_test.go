package stdlib_test

import (
	"os"
	"path/filepath"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// TestSandbox tries ways out of the sandbox that are known from other hosts of Lua.
func TestSandbox(t *testing.T) {
	cases := []struct{ name, code string }{
		{"io", `assert(io == nil and package.loaded.io == nil and not pcall(require, "io"))`},
		{"os", `
			for _, name in ipairs { "execute", "remove", "rename", "tmpname", "getenv", "exit", "setenv" } do assert(os[name] == nil, name) end
			assert(os.time() > 0 and os.clock() >= 0 and os.date() and os.difftime(2, 1) == 1)`},
		{"dofile and loadfile", `assert(dofile == nil and loadfile == nil)`},
		{"debug", `
			local n = 0
			for name in pairs(debug) do assert(name == "traceback", name); n = n + 1 end
			assert(n == 1 and debug.traceback("x"):find("^x\n"))`},
		{"package.loadlib and cpath", `
			assert(package.loadlib == nil and package.loaders == nil and package.searchers == nil)
			package.cpath = "./?.so"
			assert(not pcall(require, "evil"))`},
		{"newproxy and the registry", `assert(newproxy == nil and debug.getregistry == nil and debug.getupvalue == nil and debug.setupvalue == nil)`},
		{"compiled Lua", `
			local f, e = loadstring("\27Lua")
			assert(f == nil and e:find("compiled"))
			f, e = load(function() local s = piece; piece = nil; return s end)
			piece = "\27LuaQ"
			local f, e = load(function() local s = piece; piece = nil; return s end)
			assert(f == nil and not pcall(string.dump, function() end))`},
		{"the metatable of strings", `
			assert(getmetatable("").__index == string)
			local meta = getmetatable("")
			meta.__index = function(s, k) return k end
			assert(("x").y == "y")
			meta.__index = string`},
		{"metatables of other kinds of values", `
			for _, v in ipairs { print, 1, true, "x", coroutine.create(function() end) } do assert(not pcall(setmetatable, v, {}), tostring(v)) end
			assert(getmetatable(print) == nil)`},
		{"metatables of the runtime's values", `
			local spectrum = require "spectrum"
			local channel = spectrum.channel()
			assert(type(getmetatable(channel)) == "string" and not pcall(setmetatable, channel, {}))`},
		{"environments", `
			assert(getfenv(0) == _G and getfenv(print) == _G and not pcall(setfenv, 0, {}) and not pcall(setfenv, print, {}))
			local env = getfenv(pcall)
			assert(env.io == nil and env == _G)
			local f = load("return io, os.execute", "x", "t", { os = os })
			local a, b = f()
			assert(a == nil and b == nil)`},
		{"the environment of a function below other calls", `
			for level = 0, 10 do
				local ok, env = pcall(getfenv, level)
				assert(not ok or env == _G)
			end`},
		{"coroutines", `
			local co = coroutine.wrap(function() return getfenv(0), getfenv(1), io end)
			local a, b, c = co()
			assert(a == _G and b == _G and c == nil)`},
		{"package.preload", `
			package.preload.mine = function() return "mine" end
			assert(require "mine" == "mine")
			package.preload.io = function() return "not io" end
			assert(require "io" == "not io" and io == nil)`},
		{"package.loaded", `
			package.loaded.io = nil
			assert(not pcall(require, "io"))
			for name, module in pairs(package.loaded) do assert(name ~= "io" and type(module) == "table") end`},
		{"a package table that the script replaces", `
			local real = package
			package = { path = "/?", loaded = {}, preload = {} }
			assert(not pcall(require, "etc/passwd"))
			package = real`},
		{"a file in the script's folder", `assert(require("beside").name == "beside")`},
		{"a file in a subfolder of the script's folder", `assert(require("folder.inner") == "inner")`},
		{"an absolute path", `
			package.path = "?;/?;?.lua"
			local ok, e = pcall(require, OUTSIDE)
			assert(not ok and e:find("sandbox", 1, true), e)`},
		{"a path with ..", `
			package.path = SCRIPTS .. "/../?/secret.lua;" .. SCRIPTS .. "/folder/../../?/secret.lua"
			local ok, e = pcall(require, "outside")
			assert(not ok and e:find("sandbox", 1, true), e)`},
		{"a path relative to the working directory", `
			package.path = "?;./?;../?"
			local ok, e = pcall(require, "sandbox_test")
			assert(not ok, e)`},
		{"a symbolic link to a file outside", `
			local ok, e = pcall(require, "link")
			assert(not ok and e:find("sandbox", 1, true), e)`},
		{"a symbolic link to a folder outside", `
			local ok, e = pcall(require, "linked.secret")
			assert(not ok and e:find("sandbox", 1, true), e)`},
		{"a symbolic link to a file inside", `assert(require("alias").name == "beside")`},
		{"errors do not show whether a file outside exists", `
			package.path = "/?"
			local function problem(name) local _, e = pcall(require, "etc/" .. name) return (e:gsub(name, "X")) end
			assert(problem("passwd") == problem("nothing"))`},
		{"module", `
			local ok = pcall(function() module("string", package.seeall) end)
			assert(string.len == ("x").len)`},
		{"functions that the sandbox allows", `
			local names = {}
			for name in pairs(_G) do names[#names + 1] = name end
			table.sort(names)
			local want = "OUTSIDE SCRIPTS _G _VERSION assert collectgarbage coroutine debug error gcinfo getfenv getmetatable ipairs load loadstring math module next os package pairs pcall print rawequal rawget rawset require select setfenv setmetatable string table tonumber tostring type unpack xpcall"
			assert(table.concat(names, " ") == want, table.concat(names, " "))`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			outside := filepath.Join(t.TempDir(), "outside")
			secret := filepath.Join(outside, "secret.lua")
			if err := os.Mkdir(outside, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(secret, []byte("return 'secret'"), 0o600); err != nil {
				t.Fatal(err)
			}
			st := luatest.New(t, "", "sandbox=1")
			st.Write("beside.lua", "return { name = 'beside' }")
			st.Mkdir("folder")
			st.Write("folder/inner.lua", "return 'inner'")
			for name, target := range map[string]string{"link.lua": secret, "linked": outside, "alias.lua": "beside.lua"} {
				if err := os.Symlink(target, filepath.Join(st.Dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			st.Write("script.lua", "SCRIPTS = [["+st.Dir+"]] OUTSIDE = [["+secret+"]]\n"+c.code+"\nreturn {}")
			if err := st.Host.Load(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Without the sandbox, a script can read every file that the process can read.
func TestFilesWithoutSandbox(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.lua")
	if err := os.WriteFile(outside, []byte("#!/usr/bin/lua\nreturn ..., 'outside'"), 0o600); err != nil {
		t.Fatal(err)
	}
	luatest.Run(t, `
local path = [[`+outside+`]]
package.path = path:gsub("outside", "?")
assert(require("outside") == "outside")
local name, text = assert(loadfile(path))("given")
assert(name == "given" and text == "outside" and select(2, dofile(path)) == "outside")
local f, e = loadfile("/no/such/file.lua")
assert(f == nil and e:find("no such file"), e)
assert(not pcall(dofile, "/no/such/file.lua"))
f, e = loadfile("/tmp")
assert(f == nil and e:find("is a folder"), e)`)
}

// TestNewFilesArePrivate checks the permissions of files that io.open creates. Those of
// existing files do not change.
func TestNewFilesArePrivate(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "old"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	luatest.Run(t, `
for name, mode in pairs { old = "w", new = "w", append = "a+" } do
  local f = assert(io.open([[`+folder+`/]] .. name, mode))
  assert(f:write("x") and f:close())
end`)
	for name, want := range map[string]os.FileMode{"old": 0o644, "new": 0o600, "append": 0o600} {
		info, err := os.Stat(filepath.Join(folder, name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
}
