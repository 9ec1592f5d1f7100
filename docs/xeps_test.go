package docs_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestXEPsNameTestsThatExist reads the tables of docs/reference/xeps.md.
func TestXEPsNameTestsThatExist(t *testing.T) {
	tests := map[string]bool{}
	for _, name := range files(t, func(path string) bool { return strings.HasSuffix(path, "_test.go") }) {
		for _, found := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(read(t, name), -1) {
			tests[found[1]] = true
		}
	}
	page := read(t, filepath.Join("docs", "reference", "xeps.md"))
	row := regexp.MustCompile(`(?m)^\| \d{4}.*\|$`)
	for _, line := range row.FindAllString(page, -1) {
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(line, -1)
		if len(named) == 0 {
			t.Errorf("the row names no test: %s", line)
		}
		for _, name := range named {
			if !tests[name[1]] {
				t.Errorf("there is no %s", name[1])
			}
		}
	}
}
