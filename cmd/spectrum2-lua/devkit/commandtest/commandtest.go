// Package commandtest runs the test scripts of our commands.
package commandtest

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// Run runs each test script in the folder testdata. A script finds the path of a
// spectrum2_lua_backend, which Run builds, in the variable LUA_BACKEND.
func Run(t *testing.T) {
	luaBackend := filepath.Join(t.TempDir(), "spectrum2_lua_backend")
	build := exec.Command("go", "build", "-o", luaBackend, "spectrumlua/cmd/spectrum2_lua_backend")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the backend: %v\n%s", err, out)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Setenv("LUA_BACKEND", luaBackend)
			env.Setenv("GORACE", "atexit_sleep_ms=0")
			return nil
		},
	})
}

// HearHangups makes SIGHUP end the programs that a test starts, unless they handle it. They
// would inherit that it is ignored if the tests run under nohup.
func HearHangups(t *testing.T) {
	t.Helper()
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, syscall.SIGHUP)
	t.Cleanup(func() { signal.Stop(heard) })
}
