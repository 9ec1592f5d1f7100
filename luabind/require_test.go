package luabind_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind"
)

// A file can be a module that calls Lua 5.1's function module.
func TestRequiredFilesCanBeModulesOfModule(t *testing.T) {
	st := luatest.New(t, `
local one, two, dotted = require "one", require "two", require "pack.age"
assert(one ~= two and two ~= dotted and one == _G.one and two == _G.two and dotted == pack.age)
assert(package.loaded.one == one and package.loaded.two == two and package.loaded["pack.age"] == dotted)
assert(one.hello() == "hello from one" and two.hello() == "hello from two" and dotted.hello() == "hello from pack.age")
assert(one._NAME == "one" and one._M == one and one._PACKAGE == "" and dotted._PACKAGE == "pack.")
assert(rawget(_G, "hello") == nil and two.print == nil)
assert(require "one" == one)
return {}`)
	st.Write("one.lua", "module(..., package.seeall)\nfunction hello() return 'hello from ' .. _NAME end")
	st.Write("two.lua", "module 'two'\nfunction hello() return 'hello from ' .. _NAME end")
	if err := st.Host.Load(); err == nil {
		t.Fatal("a module that does not exist is loaded")
	}
	if err := os.Mkdir(filepath.Join(st.Dir, "pack"), 0o700); err != nil {
		t.Fatal(err)
	}
	st.Write("pack/age.lua", "module(..., package.seeall)\nfunction hello() return 'hello from ' .. _NAME end")
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
}

func TestRequireReturnsWhatTheModuleSays(t *testing.T) {
	st := luatest.New(t, `
assert(require "nothing" == true and package.loaded.nothing == true)
assert(require "isfalse" == false and package.loaded.isfalse == false and loads == 1)
assert(require "isfalse" == false and loads == 2, "a module that is false is loaded each time")
assert(require "own" == "own" and require "text" == "returned")
local ok, e = pcall(require, "fails")
assert(not ok and e:find("^fails.lua:1: why"), e)
assert(package.loaded.fails == nil)
ok, e = pcall(require, "loop")
assert(not ok and e:find("requires itself"), e)
return {}`)
	st.Write("nothing.lua", "")
	st.Write("isfalse.lua", "loads = (loads or 0) + 1 return false")
	st.Write("own.lua", "package.loaded[...] = 'own'")
	st.Write("text.lua", "package.loaded[...] = 'own' return 'returned'")
	st.Write("fails.lua", "error 'why'")
	st.Write("loop.lua", "return require 'loop'")
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
}

// TestPathHasMoreFolders requires modules from the folders of [lua] path, as LuaRocks
// lays them out, with and without the sandbox.
func TestPathHasMoreFolders(t *testing.T) {
	for _, sandbox := range []string{"0", "1"} {
		st := luatest.New(t, `
local pl, own = require "pl", require "own"
assert(pl.name == "pl" and require("pl.text").name == "pl.text")
assert(own == "own", "the script's folder comes first")
local function fails(name, want)
  local ok, e = pcall(require, name)
  assert(not ok and e:find(want, 1, true), e)
end
fails("lfs", 'lib/lua/5.1/lfs.so is a module in C, which this runtime cannot load: use a module in pure Lua; lfs is a module in C elsewhere: here, use spectrum.process or io')
fails("rare.core", 'lib/lua/5.1/rare/core.so is a module in C, which this runtime cannot load: use a module in pure Lua')
fails("beside", 'beside.so is a module in C')
fails("socket.http", '; socket is a module in C elsewhere: here, use spectrum.net or spectrum.http')
fails("pl.none", 'no file ')
return {}`, "path = rocks/share/lua/5.1;more", "sandbox = "+sandbox)
		for _, folder := range []string{"rocks", "rocks/share", "rocks/share/lua", "rocks/share/lua/5.1", "rocks/share/lua/5.1/pl",
			"rocks/lib", "rocks/lib/lua", "rocks/lib/lua/5.1", "rocks/lib/lua/5.1/rare", "more"} {
			st.Mkdir(folder)
		}
		st.Write("rocks/share/lua/5.1/pl/init.lua", "return { name = ... }")
		st.Write("rocks/share/lua/5.1/pl/text.lua", "return { name = ... }")
		st.Write("rocks/lib/lua/5.1/lfs.so", "\x7fELF")
		st.Write("rocks/lib/lua/5.1/rare/core.so", "\x7fELF")
		st.Write("beside.so", "\x7fELF")
		st.Write("more/own.lua", "return 'theirs'")
		st.Write("own.lua", "return 'own'")
		if err := st.Host.Load(); err != nil {
			t.Errorf("sandbox = %s: %v", sandbox, err)
		}
	}
}

func TestModulesInsteadOfC(t *testing.T) {
	for name, text := range luabind.InsteadOfC() {
		for module := range strings.FieldsSeq(text) {
			if short, is := strings.CutPrefix(module, "spectrum."); is && short != "spawn" && !slices.Contains(luabind.ModuleNames(), module) {
				t.Errorf("for %s the message names %s, which is not a module", name, module)
			}
		}
	}
}

func TestFilesThatAreNotUTF8CauseAWarning(t *testing.T) {
	st := luatest.New(t, "require 'texts'\nreturn {}")
	st.Write("texts.lua", "local t = {}\nt.coffee = 'caf\xe9'\nreturn t")
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.ExpectLog("texts.lua:2: the file is not UTF-8 (Latin-1?), so texts lose characters: save it as UTF-8")
	if strings.Contains(st.Log.String(), "script.lua:1: the file") {
		t.Error("there is a warning about the script, which is ASCII")
	}
}

func TestAListWithTheHandlersSaysWhatToReturn(t *testing.T) {
	err := luatest.New(t, "local on = {}\nreturn { on }").Host.Load()
	if want := "script.lua: the script returns a list with a table in it: it must end with `return on`, where `on` is the table of its handlers"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
