package stdlib_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// luaFile adds the test functions to a file of tests.
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
	// This is one line, so that line numbers are those of the file.
	one := strings.ReplaceAll(string(prelude)[strings.Index(string(prelude), "local"):], "\n", " ")
	return one + string(cases) + "\nfinish()"
}

func luaFiles(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/" + folder + "/*.lua")
	if err != nil || len(files) == 0 {
		t.Fatalf("the folder has no test files: %v", err)
	}
	var cases []string
	for _, f := range files {
		if filepath.Base(f) != "prelude.lua" {
			cases = append(cases, f)
		}
	}
	return cases
}

// lua51Folders holds tests that Lua 5.1 also passes. lua51 tests the library by topic;
// conformance tests the language by the chapters of the manual.
var lua51Folders = []string{"lua51", "conformance"}

func TestScriptsPassTheTestsOfLua51(t *testing.T) {
	for _, folder := range lua51Folders {
		for _, path := range luaFiles(t, folder) {
			t.Run(folder+"/"+filepath.Base(path), func(t *testing.T) {
				luatest.Run(t, luaFile(t, path))
			})
		}
	}
}

// TestLua51Itself runs the tests with Lua 5.1 if it is installed. A test that fails there
// is wrong.
func TestLua51Itself(t *testing.T) {
	lua, err := exec.LookPath("lua5.1")
	if err != nil {
		t.Skip("lua5.1 is not installed")
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

// TestBeyondLua51 runs testdata/ours, which tests the intended differences from Lua 5.1.
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
