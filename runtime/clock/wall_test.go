package clock_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// byTheWall holds the files that may convert between times and numbers, with the reason.
// All other code uses only differences between times of Clock.Now and time.Now. These do
// not change when the machine's clock is set.
var byTheWall = map[string]string{
	"runtime/link/link.go":                          "a deadline that has passed",
	"cmd/spectrum2-lua/devkit/simulator/backend.go": "a deadline that has passed",
	"luabind/stdlib/file.go":                        "a deadline that has passed",
	"luabind/stream/interrupt.go":                   "a deadline that has passed",
	"runtime/logging/date.go":                       "a time that is written",
	"runtime/store/store.go":                        "values expire by the time of day",
	"runtime/store/texts.go":                        "values expire by the time of day",
	"runtime/store/transfer.go":                     "values expire by the time of day",
	"luabind/modules/crypto/algorithms.go":          "a UUID begins with the time of day",
	"luabind/modules/net/tls.go":                    "when a certificate ends",
	"luabind/modules/time/directives.go":            "a time that is written",
	"luabind/modules/time/pattern.go":               "a time that is read",
	"luabind/modules/time/time.go":                  "the time of day for scripts",
	"runtime/store/secret.go":                       "values expire by the time of day",
	"luabind/modules/sql/sql.go":                    "Unix means a socket here",
	"luabind/stdlib/date.go":                        "os.time and os.date",
	"luabind/convert/text.go":                       "Spectrum's timestamps",
	"runtime/gateway/component/stream.go":           "a deadline that has passed",
	"runtime/gateway/users/accounts.go":             "the column last_login",
	"runtime/gateway/users/archive.go":              "the time of a message, which its place contains",
	"runtime/gateway/users/pairs.go":                "pairs expire by the time of day",
	"runtime/gateway/archive/query.go":              "the time of a message",
	"runtime/gateway/archive/keep.go":               "the time of a message",
	"runtime/gateway/commands/session.go":           "forms expire by the time of day, also in another process",
	"runtime/files/index.go":                        "files expire by the time of day",
	"runtime/files/sweep.go":                        "files expire by the time of day",
	"cmd/spectrum2-lua/internal/install/main.go":    "the time of a commit",
	"cmd/spectrum2-lua/internal/profile/profile.go": "pprof's format has the time of day",
	"runtime/metrics/table.go":                      "the start of a process, in Unix time",
}

// wall holds the methods of time.Time that return a number, and the functions of package
// time that convert one.
var wall = map[string]bool{"Unix": true, "UnixMilli": true, "UnixMicro": true, "UnixNano": true}

func TestNobodyCountsByTheWallClock(t *testing.T) {
	found := map[string]bool{}
	for _, root := range []string{"cmd", "luabind", "pb", "runtime"} {
		err := filepath.WalkDir(filepath.Join("../..", root), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			files := token.NewFileSet()
			file, err := parser.ParseFile(files, path, nil, 0)
			if err != nil {
				return err
			}
			name := filepath.ToSlash(strings.TrimPrefix(path, "../../"))
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				if method, ok := call.Fun.(*ast.SelectorExpr); ok && wall[method.Sel.Name] {
					found[name] = true
					if byTheWall[name] == "" {
						t.Errorf("%v: %s leaves the monotonic clock", files.Position(call.Pos()), method.Sel.Name)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name := range byTheWall {
		if !found[name] {
			t.Errorf("%s is on the list, but does not convert times", name)
		}
	}
}
