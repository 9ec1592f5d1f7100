package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/debug"
	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/debugger/dap"
)

func newDebug(t *terminal) *cobra.Command {
	a := &debug.Adapter{Out: t.out}
	cmd := &cobra.Command{
		Use:   "debug [config]",
		Short: "Debug a script in an editor (Debug Adapter Protocol on standard input)",
		Long: `debug is started by an editor, not by you. It speaks the Debug Adapter Protocol on
standard input and output.

The editor's launch request names a script, a config file or a test, and debug starts
spectrum2-lua chat or spectrum2-lua test for it: chat in the editor's terminal, test
with its output in the editor.

The editor's attach request names the config file of a running transport whose config
has [lua] debug = 1, and the process (pid) if there are several. Only the user whose
handler reaches a breakpoint stops. The config and --pid of the command line are used
for attach requests without a config.

docs/guide/debugging.md has the settings for VS Code and Neovim.

To connect an editor to a chat or a test that you start yourself, use their flag
--debug instead.`,
		Example: `  spectrum2-lua debug
  spectrum2-lua debug /etc/spectrum2/transports/irc.cfg --pid 4711
  spectrum2-lua chat --debug 127.0.0.1:4711 scripts/echo.lua
  spectrum2-lua test --debug 127.0.0.1:4711 scripts/echo_test.lua`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if a.Executable, err = os.Executable(); err != nil {
				return err
			}
			if len(args) > 0 {
				a.Config = args[0]
			}
			a.In = cmd.InOrStdin()
			if terminalFile(a.In) != nil {
				t.note("An editor starts this command and speaks the Debug Adapter Protocol to it: see `spectrum2-lua debug --help`. Ctrl-D ends it.")
			}
			return a.Run(cmd.Context())
		},
	}
	cmd.Flags().IntVar(&a.PID, "pid", 0, "the process, if the transport has several")
	return cmd
}

// newLaunched makes the hidden command that `spectrum2-lua debug` runs in the terminal of an
// editor.
func newLaunched(*terminal) *cobra.Command {
	return &cobra.Command{
		Use:                debug.Launched + " SOCKET COMMAND …",
		Short:              "Run a command for spectrum2-lua debug",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError{cmd.Root().CommandPath(), fmt.Errorf("%s is for spectrum2-lua debug only", debug.Launched)}
			}
			conn, err := net.Dial("unix", args[0])
			if err != nil {
				return fmt.Errorf("the editor does not wait for this command any more; start it from the editor again: %w", err)
			}
			defer func() { _ = conn.Close() }() // its end is the end of the command
			root := cmd.Root()
			root.SetArgs(oneDash(root, args[1:]))
			return root.ExecuteContext(cmd.Context())
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
	l, err := debug.Listen(ctx, address, dap.Options{Debugger: d, Terminate: func() { cancel(errTerminated) }}, func(err error) {
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
