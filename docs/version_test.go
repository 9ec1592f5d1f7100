package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"spectrumlua/runtime/version"
)

func TestNewestVersionInChangelogIsThatOfThePrograms(t *testing.T) {
	newest := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$`).FindStringSubmatch(read(t, "CHANGELOG.md"))
	if newest == nil {
		t.Fatal("CHANGELOG.md has no section of a version")
	}
	if newest[1] != version.Number {
		t.Errorf("the newest version in CHANGELOG.md is %s; runtime/version has %s", newest[1], version.Number)
	}
}

// A merge can restore entries that were moved to another section.
func TestChangelogHasEachEntryOnce(t *testing.T) {
	const length = 30
	seen := map[string]bool{}
	for _, entry := range regexp.MustCompile(`(?m)^- .+$`).FindAllString(read(t, "CHANGELOG.md"), -1) {
		key := entry[:min(len(entry), length)]
		if seen[key] {
			t.Errorf("CHANGELOG.md has two entries that begin with %q", key)
		}
		seen[key] = true
	}
}

// A second copy of the version would not be updated at the next release.
func TestVersionIsStatedOnce(t *testing.T) {
	allowed := []string{"CHANGELOG.md", filepath.Join("runtime", "version", "version.go")}
	texts := files(t, func(path string) bool {
		switch filepath.Ext(path) {
		case ".md", ".go", ".lua", ".tmpl", ".cfg", ".svg", ".proto", ".yaml", "":
			return !strings.HasSuffix(path, "_test.go") && path != allowed[0] && path != allowed[1]
		}
		return false
	})
	number := regexp.MustCompile(`(^|[^\d.])` + regexp.QuoteMeta(version.Number) + `($|[^\d.]|\.\D)`)
	for _, path := range texts {
		for i, line := range strings.Split(read(t, path), "\n") {
			if strings.Contains(line, version.Number) && number.MatchString(line) {
				t.Errorf("%s:%d: states version %s; runtime/version/version.go and CHANGELOG.md are the only places", path, i+1, version.Number)
			}
		}
	}
}
