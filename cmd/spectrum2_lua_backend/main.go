// Command spectrum2_lua_backend is the backend that Spectrum 2 starts for a
// transport whose network is a Lua script.
package main

import (
	"fmt"
	"io"
	"os"
	"syscall"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/launch"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/version"
)

func main() {
	os.Exit(guarded(os.Args[1:]))
}

func guarded(arguments []string) int {
	defer crash.Guard()
	memory.Begin()
	return run(arguments, os.Stdout, os.Stderr)
}

// run is the program: it returns the exit code, an errno whose text helps in
// Spectrum's log.
func run(arguments []string, stdout, stderr io.Writer) int {
	args, err := launch.Parse(arguments, nil)
	if err != nil {
		logging.Complain(stderr, fmt.Sprintf("spectrum2_lua_backend: %v", err))
		return int(syscall.EINVAL)
	}
	if args.Help {
		_ = launch.Usage(stdout, "spectrum2_lua_backend")
		return 0
	}
	if args.Version {
		fmt.Fprintln(stdout, "spectrum2_lua_backend", version.String())
		return 0
	}
	cfg, err := config.Load(args.ConfigFile, config.Options{JID: args.JID, Overrides: args.Overrides})
	if err != nil {
		logging.Complain(stderr, fmt.Sprintf("spectrum2_lua_backend: %v", err))
		return int(syscall.EINVAL)
	}
	return newProcess(args, cfg).run()
}
