package stdlib_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// luaFile is a file of tests with what it needs around it.
func luaFile(t *testing.T, path string) string {
	t.Helper()
	prelude, err := os.ReadFile("testdata/lua51/prelude.lua")
	if err != nil {
		t.Fatal(err)
	}
	cases, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// On one line, so that the lines of the cases are the file's.
	one := strings.ReplaceAll(string(prelude)[strings.Index(string(prelude), "local"):], "\n", " ")
	return one + string(cases) + "\nfinish()"
}

func luaFiles(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/" + folder + "/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	var cases []string
	for _, f := range files {
		if filepath.Base(f) != "prelude.lua" {
			cases = append(cases, f)
		}
	}
	return cases
}

// lua51Folders have what is true of Lua 5.1: of its library by topic, and of the
// whole language by the chapters of its manual.
var lua51Folders = []string{"lua51", "conformance"}

func TestLua51(t *testing.T) {
	for _, folder := range lua51Folders {
		for _, path := range luaFiles(t, folder) {
			t.Run(folder+"/"+filepath.Base(path), func(t *testing.T) {
				luatest.Run(t, luaFile(t, path))
			})
		}
	}
}

// The tests themselves are right: Lua 5.1 passes them, where there is one.
func TestLua51Itself(t *testing.T) {
	lua, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("there is no lua5.1 here")
	}
	for _, folder := range lua51Folders {
		for _, path := range luaFiles(t, folder) {
			t.Run(folder+"/"+filepath.Base(path), func(t *testing.T) {
				script := filepath.Join(t.TempDir(), "script.lua")
				if err := os.WriteFile(script, []byte(luaFile(t, path)), 0o600); err != nil {
					t.Fatal(err)
				}
				command := exec.Command(lua, script)
				command.Env = append(os.Environ(), "LC_ALL=C")
				if out, err := command.CombinedOutput(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
}

// What stands in testdata/ours is where this library goes beyond Lua 5.1, or
// stays behind it on purpose.
func TestBeyondLua51(t *testing.T) {
	for _, path := range luaFiles(t, "ours") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			luatest.Run(t, luaFile(t, path), "max_string=1M")
		})
	}
}

// A binding that pcall calls directly runs on a thread without a Lua function.
func TestErrorsOfBindingsHaveThePositionOfPcall(t *testing.T) {
	luatest.Run(t, `
local json = require "spectrum.json"
local where = "^script.lua:%d+: %S"
local ok, e = pcall(json.decode)
assert(not ok and e:find(where), e)
local seen
ok, e = xpcall(json.decode, function(e) seen = e return e end)
assert(not ok and e:find(where) and e == seen, e)`)
}
