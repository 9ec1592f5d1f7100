package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/dap"
	"spectrumlua/luabind/debugger"
)

func newDebug(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "debug",
		Short: "Debug a script in an editor (Debug Adapter Protocol on standard input)",
		Long: `debug is started by an editor, not by you. It speaks the Debug Adapter Protocol on
standard input and output. The editor's launch request names a script, a config file
or a test, and debug starts spectrum2-lua chat or spectrum2-lua test for it: chat in
the editor's terminal, test with its output in the editor.

docs/guide/debugging.md has the settings for VS Code and Neovim.

To connect an editor to a command that you start yourself, use the flag --debug of
chat and test instead.`,
		Example: `  spectrum2-lua chat --debug 127.0.0.1:4711 scripts/echo.lua
  spectrum2-lua test --debug 127.0.0.1:4711 scripts/echo_test.lua`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			self, err := os.Executable()
			if err != nil {
				return err
			}
			a := &dap.Adapter{Executable: self, In: cmd.InOrStdin(), Out: t.out}
			return a.Run(cmd.Context())
		},
	}
}

// debugHelp describes the flag --debug.
const debugHelp = "wait for a debugger at an `address`: HOST:PORT of this machine, or the path of a Unix socket"

// errTerminated is the cause of a command that its debugger ends.
var errTerminated = errors.New("the debugger has ended the command")

// waitForDebugger listens at an address and waits until an editor has connected and set its
// breakpoints. The context ends when the editor ends the command. Without an address,
// there is no debugger.
func waitForDebugger(ctx context.Context, t *terminal, address string) (*debugger.Debugger, context.Context, func(), error) {
	if address == "" {
		return nil, ctx, func() {}, nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	d := debugger.New()
	l, err := dap.Listen(ctx, address, dap.Options{Debugger: d, Terminate: func() { cancel(errTerminated) }}, func(err error) {
		t.note("spectrum2-lua: debugger: " + err.Error())
	})
	if err != nil {
		cancel(nil)
		return nil, nil, nil, fmt.Errorf("--debug: %w", err)
	}
	end := func() {
		l.Close()
		cancel(nil)
	}
	t.note("Waiting for a debugger at " + l.Address())
	if err := l.WaitReady(ctx); err != nil {
		end()
		return nil, nil, nil, err
	}
	return d, ctx, end, nil
}

// unlessTerminated returns nil instead of the error of a command that its debugger has
// ended.
func unlessTerminated(ctx context.Context, err error) error {
	if ctx != nil && errors.Is(context.Cause(ctx), errTerminated) || errors.Is(err, errTerminated) {
		return nil
	}
	return err
}
