package main

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
	"spectrumlua/cmd/spectrum2-lua/devkit/commandtest"
)

func TestMain(m *testing.M) {
	// A run starts its own executable, which is the test's here.
	if len(os.Args) > 1 && os.Args[1] == peerName {
		main()
	}
	testscript.Main(m, map[string]func(){
		"bench":        main,
		"echo_backend": echoBackend,
	})
}

// echoBackend plays a backend without Lua. It ends with the exit code EXIT_CODE.
func echoBackend() {
	conn, err := baseline.Dial(os.Args)
	if err == nil {
		err = baseline.Serve(conn)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := 0
	_, _ = fmt.Sscan(os.Getenv("EXIT_CODE"), &code)
	os.Exit(code)
}

func TestScripts(t *testing.T) { commandtest.Run(t) }
