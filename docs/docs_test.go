// Package docs_test compares the docs with the code and the programs.
package docs_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind/modules"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/schema"
)

// root is the top of the repository.
const root = ".."

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// files returns the paths of the repository's files for which want is true, relative
// to its top.
func files(t *testing.T, want func(path string) bool) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if d.IsDir() && (name == "bin" || name != "." && strings.HasPrefix(d.Name(), ".")) {
			return fs.SkipDir
		}
		if !d.IsDir() && want(name) {
			all = append(all, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func pages(t *testing.T) []string {
	return files(t, func(path string) bool { return filepath.Ext(path) == ".md" })
}

// section returns the part of a page under a heading, up to the next heading of the
// same or a higher level.
func section(t *testing.T, page, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut("\n"+page, "\n"+heading+"\n")
	if !found {
		t.Fatalf("the page has no heading %q", heading)
	}
	depth := strings.IndexByte(heading, ' ')
	end := regexp.MustCompile(fmt.Sprintf("\n#{1,%d} ", depth)).FindStringIndex(rest)
	if end != nil {
		rest = rest[:end[0]]
	}
	return rest
}

// hasRow reports an error unless text has a table row that begins with cells. The
// error names the place as where.
func hasRow(t *testing.T, where, text string, cells ...string) {
	t.Helper()
	row := "\n|"
	for _, c := range cells {
		row += strings.TrimRight(" "+c, " ") + " |"
	}
	if !strings.Contains("\n"+text, row) {
		t.Errorf("%s has no row that begins with%s", where, row)
	}
}

func TestReadmeIsShort(t *testing.T) {
	if n := strings.Count(read(t, "README.md"), "\n"); n >= 120 {
		t.Errorf("README.md has %d lines, but the limit is 119", n)
	}
}

func TestReferenceHasEverySessionMethod(t *testing.T) {
	session := section(t, read(t, "docs/reference/api.md"), "## The session")
	names := []string{"session.user", "session.legacy_name", "session.settings", "session.data", "session:update_buddy {", "session:spawn(", "session:after(", "session:every("}
	for _, typ := range schema.Types() {
		if typ.Sendable() && typ.User() != nil {
			names = append(names, "`"+typ.Name+"`")
		}
	}
	for _, name := range names {
		if !strings.Contains(session, name) {
			t.Errorf("docs/reference/api.md: section The session lacks %s", name)
		}
	}
}

// TestReferenceHasEveryFunction compares the functions of the modules with the
// pages. api.md has spectrum, spectrum.config and spectrum.log; each other module has a
// page of its own.
func TestReferenceHasEveryFunction(t *testing.T) {
	names := []string{"spectrum"}
	for _, m := range modules.All() {
		names = append(names, m.Name)
	}
	inAPI := []string{"spectrum", "spectrum.config", "spectrum.log"}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			page := "docs/reference/api.md"
			short := name[strings.LastIndexByte(name, '.')+1:]
			if !slices.Contains(inAPI, name) {
				page = "docs/reference/modules/" + short + ".md"
			}
			text := read(t, page)
			for _, function := range functionsOf(t, name) {
				if !regexp.MustCompile("[`.:]" + function + "\\b").MatchString(text) {
					t.Errorf("%s lacks %s.%s", page, short, function)
				}
			}
		})
	}
}

func TestReferenceListsEveryModule(t *testing.T) {
	list := section(t, read(t, "docs/reference/api.md"), "## Other modules")
	for _, m := range modules.All() {
		if name := strings.TrimPrefix(m.Name, "spectrum."); name != "config" && name != "log" {
			hasRow(t, "Other modules", list, "[`"+m.Name+"`](modules/"+name+".md)")
		}
	}
}

// functionsOf returns the names of a module's functions.
func functionsOf(t *testing.T, module string) []string {
	t.Helper()
	st := luatest.Run(t, fmt.Sprintf(`
local spectrum = require "spectrum"
local names = {}
for name, value in pairs(require %q) do
  if type(value) == "function" then
    names[#names + 1] = name
  end
end
table.sort(names)
spectrum.send("query", { config = table.concat(names, " ") })`, module))
	names := query(t, st)
	if names == "" {
		t.Fatalf("%s has no functions", module)
	}
	return strings.Fields(names)
}

func TestConfigurationPageHasEverySetting(t *testing.T) {
	text := section(t, read(t, "docs/admin/configuration.md"), "## `[lua]`")
	for _, o := range config.LuaOptions() {
		byDefault, values := o.Default, ""
		if byDefault == "" {
			byDefault = "–"
		}
		if o.Min != "" {
			values = o.Min + " to " + o.Max
		}
		if o.Zero != "" {
			values += ", or 0: " + o.Zero
		}
		if o.Kind == config.KindLimit {
			values += ", or unlimited"
		}
		hasRow(t, "[lua]", text, "`"+o.Name+"`", string(o.Kind), byDefault, values)
	}
	if rows := strings.Count(text, "\n| `"); rows != len(config.LuaOptions()) {
		t.Errorf("[lua] has %d rows, but %d keys", rows, len(config.LuaOptions()))
	}
}

// describedAsOne lists folders that the architecture page describes with all their
// packages.
var describedAsOne = []string{"cmd/spectrum2_lua_backend", "luabind/api", "luabind/modules", "luabind/stdlib", "cmd/spectrum2-lua/devkit/apigen", "cmd/spectrum2-lua/devkit/simulator"}

func TestArchitecturePageHasEveryPackage(t *testing.T) {
	text := read(t, "docs/internals/architecture.md")
	for _, file := range files(t, func(path string) bool {
		return filepath.Ext(path) == ".go" && !strings.HasSuffix(path, "_test.go")
	}) {
		dir := filepath.ToSlash(filepath.Dir(file))
		for _, parent := range describedAsOne {
			if strings.HasPrefix(dir, parent+"/") {
				dir = parent
			}
		}
		if !strings.Contains(text, "`"+dir+"`") {
			t.Errorf("docs/internals/architecture.md does not describe %s", dir)
		}
	}
}

var (
	linkPattern    = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	headingPattern = regexp.MustCompile(`(?m)^#{1,6} (.+)$`)
	fencePattern   = regexp.MustCompile("(?ms)^```.*?^```$")
)

func TestLinksBetweenPagesAreValid(t *testing.T) {
	links := 0
	known := map[string][]string{} // anchors by page
	for _, page := range pages(t) {
		text := fencePattern.ReplaceAllString(read(t, page), "")
		for _, link := range linkPattern.FindAllStringSubmatch(text, -1) {
			target, anchor, _ := strings.Cut(link[1], "#")
			if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			links++
			file := page
			if target != "" {
				file = filepath.Join(filepath.Dir(page), filepath.FromSlash(target))
			}
			if _, err := os.Stat(filepath.Join(root, file)); err != nil {
				t.Errorf("%s: the target of %s does not exist", page, link[0])
				continue
			}
			if anchor == "" {
				continue
			}
			if known[file] == nil {
				known[file] = anchors(read(t, file))
			}
			if !slices.Contains(known[file], anchor) {
				t.Errorf("%s: %s: %s has no heading for #%s", page, link[0], file, anchor)
			}
		}
	}
	if links < 20 {
		t.Errorf("the pages have %d links, but at least 20 are expected", links)
	}
}

// anchors returns the link anchors of a page's headings, as GitHub forms them.
func anchors(text string) []string {
	var all []string
	times := map[string]int{}
	text = fencePattern.ReplaceAllString(text, "")
	for _, heading := range headingPattern.FindAllStringSubmatch(text, -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return r
			}
			return -1
		}, strings.ToLower(heading[1]))
		if n := times[name]; n > 0 {
			all = append(all, fmt.Sprintf("%s-%d", name, n))
		} else {
			all = append(all, name)
		}
		times[name]++
	}
	return all
}
