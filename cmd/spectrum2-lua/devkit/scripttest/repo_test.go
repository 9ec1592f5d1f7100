package scripttest_test

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/scripttest"
)

// TestRepo runs the tests of the scripts that we ship.
func TestRepo(t *testing.T) {
	root, err := filepath.Abs("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	files, err := scripttest.Find([]string{"examples", "scripts"})
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range []string{"examples/*.lua", "scripts/*.lua"} {
		found, err := filepath.Glob(script)
		if err != nil || len(found) == 0 {
			t.Fatalf("%v, %v", found, err)
		}
		for _, path := range found {
			name := strings.TrimSuffix(path, ".lua") + "_"
			tested := slices.ContainsFunc(files, func(file string) bool { return strings.HasPrefix(file, name) })
			if !strings.HasSuffix(path, "_test.lua") && !tested {
				t.Errorf("%s has no tests: %s…test.lua does not exist", path, name)
			}
		}
	}
	scripttest.Run(t.Context(), files, scripttest.Options{Timeout: 5 * time.Minute, Jobs: runtime.GOMAXPROCS(0), Done: func(r scripttest.Result) {
		if !r.Passed() {
			t.Errorf("%s: %s\n%s\n%s", r.File, r.Name, strings.Join(r.Failures, "\n"), strings.Join(r.Log, "\n"))
		}
	}})
}
