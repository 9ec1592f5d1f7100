package docs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

var (
	// irc/settings.lua reads each key with a function for its kind.
	askedKey   = regexp.MustCompile(`[^.a-z_][a-z_]+\("([a-z_]+)"`)
	tableKey   = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")
	commandRow = regexp.MustCompile("(?m)^\\| `/([a-z]+)([^`]*)` \\| (.*) \\|$")
)

func firsts(pattern *regexp.Regexp, text string) []string {
	var all []string
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestEveryOptionOfIRC compares the options that the script reads with those that
// the page explains.
func TestEveryOptionOfIRC(t *testing.T) {
	asked := firsts(askedKey, read(t, "scripts/irc/settings.lua"))
	told := firsts(tableKey, section(t, read(t, "docs/admin/irc.md"), "## Options"))
	if len(asked) < 30 {
		t.Fatalf("only %q were found in irc/settings.lua", asked)
	}
	for _, key := range asked {
		if !slices.Contains(told, key) {
			t.Errorf("docs/admin/irc.md does not explain %s", key)
		}
	}
	for _, key := range told {
		if !slices.Contains(asked, key) {
			t.Errorf("docs/admin/irc.md explains %s, which the script does not read", key)
		}
	}
}

// TestEveryCommandOfIRC compares the commands that the script offers, in its help,
// with those of the page.
func TestEveryCommandOfIRC(t *testing.T) {
	scripts, err := filepath.Abs(filepath.Join(root, "scripts"))
	if err != nil {
		t.Fatal(err)
	}
	st := luatest.Run(t, fmt.Sprintf(`
package.path = %q .. package.path
local lines = require("irc.commands").described()
require("spectrum").send("query", { config = table.concat(lines, "\n") .. "\n" })`, scripts+"/?.lua;"))
	help := query(t, st)
	var told strings.Builder
	for _, row := range commandRow.FindAllStringSubmatch(section(t, read(t, "docs/admin/irc.md"), "### Commands"), -1) {
		told.WriteString("/" + row[1] + row[2] + ": " + row[3] + "\n")
	}
	if told.String() != help {
		t.Errorf("the script's help has\n%s\nand docs/admin/irc.md has\n%s", help, told.String())
	}
}

// TestEveryModuleOfIRC looks for each file of the script in the page.
func TestEveryModuleOfIRC(t *testing.T) {
	text := section(t, read(t, "docs/admin/irc.md"), "## The script")
	entries, err := os.ReadDir(filepath.Join(root, "scripts/irc"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".lua")
		if name != "fakeserver" && !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/admin/irc.md does not say what irc/%s is for", e.Name())
		}
	}
}
