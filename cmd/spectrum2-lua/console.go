package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/prompt"
	"spectrumlua/cmd/spectrum2-lua/internal/console"
)

func newConsole(t *terminal) *cobra.Command {
	o := console.Options{Print: t.print, Note: t.note, Clean: printable}
	var code string
	cmd := &cobra.Command{
		Use:   "console config",
		Short: "Run Lua in a running transport",
		Long: `console runs the Lua code that you type in a running process. Code that is unfinished
at the end of a line continues on the next one. Tab completes names. Ctrl-C cancels the
running code, Ctrl-D ends the console. If standard input is not a terminal, console
reads the code from it; the exit code is 1 if code fails.

The code has the global variables of the script, and these:

    session("alice@example.net")   the session of a user
    sessions()                     a list of all sessions
    spectrum                       the module
    print                          prints here

Each line is a task of the process, or of the session of --user, and handler_timeout
stops a line that does not return. The log has the line, without secrets, and the
system's user who runs it. [lua] console restricts or forbids it.

--read-only runs the code in a VM of its own. It can read the script's tables, but not
change them. It cannot call the script's functions, nor send, start or open anything.`,
		Example: `  spectrum2-lua console /etc/spectrum2/transports/mychat.cfg
  spectrum2-lua console mychat.cfg --user alice@example.net -e 'session.data.unread'
  spectrum2-lua console mychat.cfg --read-only < report.lua`,
		Args: oneConfig,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.User != "" && !isBare(o.User) {
				return usageError{cmd.CommandPath(), notBare("--user "+o.User, o.User)}
			}
			o.File = args[0]
			c, err := console.Open(cmd.Context(), o)
			if err != nil {
				return err
			}
			defer c.Close()
			if cmd.Flags().Changed("execute") {
				return c.Run(cmd.Context(), code)
			}
			return t.console(cmd.Context(), c, cmd.InOrStdin())
		},
	}
	cmd.Flags().StringVarP(&code, "execute", "e", "", "run this `code` and end")
	cmd.Flags().StringVar(&o.User, "user", "", "the user with this bare `JID`: session is their session")
	cmd.Flags().BoolVar(&o.ReadOnly, "read-only", false, "run only code that changes nothing")
	cmd.Flags().IntVar(&o.PID, "pid", 0, "the process, if the transport has several (default that of --user)")
	return cmd
}

// console reads code from a terminal or from a file.
func (t *terminal) console(ctx context.Context, c *console.Console, stdin io.Reader) error {
	in, out := terminalFile(stdin), terminalFile(t.out)
	if in == nil || out == nil {
		err := c.Script(ctx, stdin)
		if errors.Is(err, console.ErrFailed) {
			return exitCode(exitFailed)
		}
		return err
	}
	p, err := t.openPrompt(prompt.Options{
		In: in, Out: out, Interrupts: true, Complete: c.Complete,
		Keep: func(string) string { return "" }, // the console remembers lines without secrets
	}, "console_history")
	if err != nil {
		return err
	}
	defer func() { _ = p.Close() }()
	return c.Interact(ctx, p)
}
