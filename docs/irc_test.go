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
	readKey    = regexp.MustCompile(`[^.a-z_][a-z_]+\("([a-z_]+)"`)
	tableKey   = regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|")
	commandRow = regexp.MustCompile("(?m)^\\| `/([a-z]+)([^`]*)` \\| (.*) \\|$")
)

// firsts returns the first groups of all matches, sorted and without duplicates.
func firsts(pattern *regexp.Regexp, text string) []string {
	var all []string
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestIRCPageHasTheOptionsThatTheScriptReads(t *testing.T) {
	used := firsts(readKey, read(t, "scripts/irc/settings.lua"))
	documented := firsts(tableKey, section(t, read(t, "docs/admin/irc.md"), "## Options"))
	if len(used) < 30 {
		t.Fatalf("irc/settings.lua reads %q, but at least 30 options are expected", used)
	}
	for _, key := range used {
		if !slices.Contains(documented, key) {
			t.Errorf("docs/admin/irc.md lacks the option %s", key)
		}
	}
	for _, key := range documented {
		if !slices.Contains(used, key) {
			t.Errorf("docs/admin/irc.md has the option %s, which the script does not read", key)
		}
	}
}

func TestIRCPageHasTheCommandsOfTheScriptsHelp(t *testing.T) {
	scripts, err := filepath.Abs(filepath.Join(root, "scripts"))
	if err != nil {
		t.Fatal(err)
	}
	st := luatest.Run(t, fmt.Sprintf(`
package.path = %q .. package.path
local lines = require("irc.commands").described()
require("spectrum").send("query", { config = table.concat(lines, "\n") .. "\n" })`, scripts+"/?.lua;"))
	help := query(t, st)
	var documented strings.Builder
	for _, row := range commandRow.FindAllStringSubmatch(section(t, read(t, "docs/admin/irc.md"), "### Commands"), -1) {
		documented.WriteString("/" + row[1] + row[2] + ": " + row[3] + "\n")
	}
	if documented.String() != help {
		t.Errorf("the script's help has\n%s\nbut docs/admin/irc.md has\n%s", help, documented.String())
	}
}

func TestIRCPageHasEveryModuleOfTheScript(t *testing.T) {
	text := section(t, read(t, "docs/admin/irc.md"), "## The script")
	entries, err := os.ReadDir(filepath.Join(root, "scripts/irc"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".lua")
		if name != "fakeserver" && !strings.Contains(text, "`"+name+"`") {
			t.Errorf("docs/admin/irc.md does not describe irc/%s", e.Name())
		}
	}
}
