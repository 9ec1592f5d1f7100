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

// exitSources are the files whose errno constants are exit codes.
var exitSources = []string{
	"cmd/spectrum2_lua_backend/main.go", "cmd/spectrum2_lua_backend/process.go", "runtime/crash/crash.go", "runtime/link/dial.go",
}

// notOurs are exit codes without a constant in the source: the orderly end, and the
// errors of a connection, which the operating system chooses.
var notOurs = []int{0, 2, int(syscall.ECONNRESET), int(syscall.ECONNREFUSED)}

// TestExitCodesStandInTheTable compares the exit codes in the source with those of the
// page and of --help. Each must have all codes of the others.
func TestExitCodesStandInTheTable(t *testing.T) {
	codes := map[int]bool{}
	for n := range errnosOf(t) {
		codes[n] = true
	}
	for _, n := range notOurs {
		codes[n] = true
	}
	want := slices.Sorted(maps.Keys(codes))

	page := section(t, read(t, "docs/admin/configuration.md"), "## Exit codes")
	if got := numbers(t, regexp.MustCompile(`(?m)^\| (\d+) \|`), page); !slices.Equal(got, want) {
		t.Errorf("the page has %v, the source %v", got, want)
	}
	for _, row := range regexp.MustCompile(`(?m)^\| (\d+) \| ([^|]+) \|`).FindAllStringSubmatch(page, -1) {
		n, _ := strconv.Atoi(row[1])
		if text := syscall.Errno(n).Error(); !strings.EqualFold(text, row[2]) {
			t.Errorf("Spectrum's log says %q for %d, not %q", text, n, row[2])
		}
	}

	var usage strings.Builder
	if err := launch.Usage(&usage, "backend"); err != nil {
		t.Fatal(err)
	}
	_, help, _ := strings.Cut(usage.String(), "Exit codes")
	want = slices.DeleteFunc(want, func(n int) bool { return n == 2 }) // not from this program
	if got := numbers(t, regexp.MustCompile(`(?m)^ +(\d+)  `), help); !slices.Equal(got, want) {
		t.Errorf("--help has %v, the source %v", got, want)
	}
	for _, line := range regexp.MustCompile(`(?m)^ +(\d+)  (E\w+)`).FindAllStringSubmatch(help, -1) {
		if n, _ := strconv.Atoi(line[1]); unix.ErrnoName(syscall.Errno(n)) != line[2] {
			t.Errorf("%d is %s, not %s", n, unix.ErrnoName(syscall.Errno(n)), line[2])
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

// errnosOf finds the constants of the package syscall that are errnos.
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
		t.Errorf("only %v were found", found)
	}
	return found
}
