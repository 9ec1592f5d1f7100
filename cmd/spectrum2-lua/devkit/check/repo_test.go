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

// ofMachine are what is found on some machines and not on others.
var ofMachine = []string{"backend-missing", "hidden-config", "hidden-script", "not-writable"}

// TestRepository checks the scripts and configs that ship.
func TestRepository(t *testing.T) {
	r := Paths("../../../../scripts", "../../../../examples", "../bench/bench.lua")
	for _, f := range r.Findings {
		if !slices.Contains(ofMachine, f.Code) {
			t.Error(f)
		}
	}
	if r.Files < 15 {
		t.Errorf("only %d files were read", r.Files)
	}
}

var luaBlock = regexp.MustCompile("(?ms)^```lua\n(.*?)^```$")

// TestDocuments checks the Lua of the documents.
func TestDocuments(t *testing.T) {
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
				continue // a piece of one
			}
			blocks++
			for _, f := range examine(t, block[1]) {
				if f.Code != "no-handlers" { // examples do not all return any
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
		t.Errorf("only %d blocks were found", blocks)
	}
}
