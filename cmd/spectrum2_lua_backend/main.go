// Command spectrum2_lua_backend is a backend of Spectrum 2. It runs the Lua script
// of a transport.
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

// run runs the program and returns its exit code. The code is an errno, because
// Spectrum logs the errno's text.
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
