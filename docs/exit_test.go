package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"spectrumlua/runtime/launch"
)

// exitSources lists the files whose syscall constants are exit codes.
var exitSources = []string{
	"cmd/spectrum2_lua_backend/main.go", "cmd/spectrum2_lua_backend/process.go", "runtime/crash/crash.go", "runtime/link/dial.go",
}

// withoutConstant lists the exit codes that have no constant in the source: success, the
// code that Spectrum sees if it cannot start the program, and those of failed connections.
var withoutConstant = []int{0, 2, int(syscall.ECONNRESET), int(syscall.ECONNREFUSED)}

// The docs and --help have each exit code of the source, and no others.
func TestDocsAndHelpHaveAllExitCodes(t *testing.T) {
	codes := map[int]bool{}
	for n := range errnosOf(t) {
		codes[n] = true
	}
	for _, n := range withoutConstant {
		codes[n] = true
	}
	want := slices.Sorted(maps.Keys(codes))

	page := section(t, read(t, "docs/admin/configuration.md"), "## Exit codes")
	if got := numbers(t, regexp.MustCompile(`(?m)^\| (\d+) \|`), page); !slices.Equal(got, want) {
		t.Errorf("docs/admin/configuration.md has %v, but the source has %v", got, want)
	}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| ([^|]+) \|`).FindAllStringSubmatch(page, -1) {
		n, _ := strconv.Atoi(row[1])
		if text := syscall.Errno(n).Error(); !strings.EqualFold(text, row[2]) {
			t.Errorf("exit code %d: the page says %q, but Spectrum's log says %q", n, row[2], text)
		}
	}

	var usage strings.Builder
	if err := launch.Usage(&usage, "backend"); err != nil {
		t.Fatal(err)
	}
	_, help, _ := strings.Cut(usage.String(), "Exit codes")
	// The program itself never exits with 2: Spectrum does, if it cannot start the program.
	want = slices.DeleteFunc(want, func(n int) bool { return n == 2 })
	if got := numbers(t, regexp.MustCompile(`(?m)^ +(\d+)  `), help); !slices.Equal(got, want) {
		t.Errorf("--help has %v, but the source has %v", got, want)
	}
	for _, line := range regexp.MustCompile(`(?m)^ +(\d+)  (E\w+)`).FindAllStringSubmatch(help, -1) {
		if n, _ := strconv.Atoi(line[1]); unix.ErrnoName(syscall.Errno(n)) != line[2] {
			t.Errorf("--help says %s for %d, which is %s", line[2], n, unix.ErrnoName(syscall.Errno(n)))
		}
	}
}

func numbers(t *testing.T, pattern *regexp.Regexp, text string) []int {
	t.Helper()
	var all []int
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// errnosOf returns the errno constants of package syscall that exitSources use.
func errnosOf(t *testing.T) map[int]bool {
	t.Helper()
	byName := map[string]int{}
	for n := 1; n < 200; n++ {
		if name := unix.ErrnoName(syscall.Errno(n)); name != "" {
			byName[name] = n
		}
	}
	found := map[int]bool{}
	for _, name := range exitSources {
		tree, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "syscall" && byName[s.Sel.Name] != 0 {
					found[byName[s.Sel.Name]] = true
				}
			}
			return true
		})
	}
	if len(found) < 5 {
		t.Errorf("the source has the exit codes %v, but at least 5 are expected", found)
	}
	return found
}
