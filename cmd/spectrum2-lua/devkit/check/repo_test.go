package check

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ofMachine are the codes that depend on the machine.
var ofMachine = []string{"backend-missing", "missing-file", "hidden-config", "hidden-script", "not-writable"}

// TestShippedScriptsHaveNoFindings checks the scripts and configs that we ship.
func TestShippedScriptsHaveNoFindings(t *testing.T) {
	r := Paths("../../../../scripts", "../../../../examples", "../bench/bench.lua")
	for _, f := range r.Findings {
		if !slices.Contains(ofMachine, f.Code) {
			t.Error(f)
		}
	}
	if r.Files < 15 {
		t.Errorf("check read only %d files", r.Files)
	}
}

var luaBlock = regexp.MustCompile("(?ms)^```lua\n(.*?)^```$")

// TestLuaInDocsHasNoFindings checks the Lua code in the docs.
func TestLuaInDocsHasNoFindings(t *testing.T) {
	blocks := 0
	err := filepath.WalkDir("../../../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != "../../../.." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "bin") {
			return fs.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, block := range luaBlock.FindAllStringSubmatch(string(text), -1) {
			if !strings.HasPrefix(block[1], "local ") {
				continue // a part of a script
			}
			blocks++
			for _, f := range examine(t, block[1]) {
				if f.Code != "no-handlers" { // not every example returns handlers
					t.Errorf("%s: %v in\n%s", path, f, block[1])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if blocks < 20 {
		t.Errorf("the docs have only %d blocks", blocks)
	}
}
