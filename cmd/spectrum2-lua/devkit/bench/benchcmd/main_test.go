package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench"
)

func TestMain(m *testing.M) {
	// A run starts its own executable, which is the test's here.
	if len(os.Args) > 1 && (os.Args[1] == baselineName || os.Args[1] == peerName) {
		main()
	}
	testscript.Main(m, map[string]func(){
		"bench":        main,
		"echo_backend": echoBackend,
	})
}

// echoBackend plays a backend without Lua. It ends with the exit code EXIT_CODE.
func echoBackend() {
	conn, err := bench.DialSpectrum(os.Args)
	if err == nil {
		err = bench.Baseline(conn)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := 0
	_, _ = fmt.Sscan(os.Getenv("EXIT_CODE"), &code)
	os.Exit(code)
}

func TestScripts(t *testing.T) {
	luaBackend := filepath.Join(t.TempDir(), "spectrum2_lua_backend")
	build := exec.Command("go", "build", "-o", luaBackend, "spectrumlua/cmd/spectrum2_lua_backend")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
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
