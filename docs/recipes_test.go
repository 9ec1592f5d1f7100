package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/check"
	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

var namedScript = regexp.MustCompile("(?ms)^```lua (\\w+\\.lua)\n(.*?)^```$")

// TestRecipesPassCheckAndTheirTests checks the scripts of the recipes, which must have no findings, and runs
// their tests in testdata/recipes. Each script has tests or is a module.
func TestRecipesPassCheckAndTheirTests(t *testing.T) {
	t.Parallel()
	const tests = "testdata/recipes"
	folder := t.TempDir()
	scripts := namedScript.FindAllStringSubmatch(read(t, "docs/guide/recipes.md"), -1)
	for _, script := range scripts {
		name, text := script[1], script[2]
		write(t, filepath.Join(folder, name), text)
		test := strings.TrimSuffix(name, ".lua") + "_test.lua"
		cases, err := os.ReadFile(filepath.Join(tests, test))
		switch {
		case err == nil:
			write(t, filepath.Join(folder, test), string(cases))
		case strings.HasSuffix(text, "return on\n"):
			t.Errorf("recipe %s has no tests in docs/%s", name, tests)
		}
	}
	if files, err := os.ReadDir(tests); err != nil || len(scripts) < len(files) || len(files) < 10 {
		t.Fatalf("the page has %d scripts for %d test files: %v", len(scripts), len(files), err)
	}

	for _, finding := range check.Paths(folder).Findings {
		t.Errorf("check: %v", finding)
	}
	files, err := scripttest.Find([]string{folder})
	if err != nil {
		t.Fatal(err)
	}
	scripttest.Run(t.Context(), files, scripttest.Options{Timeout: 5 * time.Minute, Done: func(r scripttest.Result) {
		if !r.Passed() {
			t.Errorf("%s: %s: %s", filepath.Base(r.File), r.Name, strings.Join(r.Failures, "\n"))
		}
	}})
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
