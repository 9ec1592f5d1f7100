package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/memory"
)

// Exit codes of serve, in addition to those of all commands.
const (
	exitMemory = int(syscall.ENOMEM)
	exitConfig = 78 // EX_CONFIG of sysexits(3): another start cannot help
)

func newServe(t *terminal) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:   "serve config...",
		Short: "Run transports without Spectrum",
		Long: `serve runs transports as components of an XMPP server. It takes the place of
Spectrum 2 and uses the same config files, scripts and databases. Each config
file is one transport.

A config needs the JID of the component, its secret, and the address of the XMPP
server's component port:

    [service]
    jid = echo.localhost
    password = secret
    server = 127.0.0.1
    port = 5347

If the XMPP server cannot be reached or refuses the component, serve prints what
to do and tries again. --check tests the config, the database, the script and
the connection, and ends.

SIGHUP reloads the config and the script. SIGTERM and SIGINT end the process in
order. The exit code is 0 then, 78 after a mistake in a config file, 12 if the
process has used more than memory_limit, and 1 after another error.`,
		Example: `  spectrum2-lua serve --check /etc/spectrum2/transports/mychat.cfg
  spectrum2-lua serve /etc/spectrum2/transports/mychat.cfg
  systemctl enable --now spectrum2-lua@mychat`,
		Args: configs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if check {
				return t.checkServe(cmd.Context(), args)
			}
			return t.serve(cmd.Context(), args)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "test config, database, script and connection, and end with 0 or 1")
	return cmd
}

// configs requires at least one argument.
func configs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return usageError{cmd.CommandPath(), errors.New("name the config file of a transport")}
	}
	return nil
}

// serve runs transports until a signal ends them.
func (t *terminal) serve(ctx context.Context, files []string) error {
	memory.Begin()
	hangups := make(chan os.Signal, 1)
	signal.Reset(syscall.SIGHUP) // for other commands it means the end
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	aborts := make(chan os.Signal, 1)
	signal.Notify(aborts, syscall.SIGABRT)
	defer signal.Stop(aborts)
	err := serve.Run(ctx, serve.Options{
		Files: files, Hangups: hangups, Aborts: aborts,
		Advise: func(text string) {
			t.note("spectrum2-lua: " + text)
		},
		Started: func() {
			memory.Settle()
			go func() {
				defer crash.Guard()
				memory.Rest(ctx)
			}()
		},
	})
	if err == nil {
		return nil
	}
	var code int
	switch {
	case errors.Is(err, serve.ErrMemory):
		code = exitMemory
	case errors.As(err, new(*serve.ConfigError)):
		code = exitConfig
	default:
		return err
	}
	t.note(fmt.Sprintf("spectrum2-lua: %v", err))
	return exitCode(code)
}

// checkServe tests transports and prints the results.
func (t *terminal) checkServe(ctx context.Context, files []string) error {
	failed := false
	styles := map[serve.Verdict]string{serve.Passed: green, serve.Failed: red, serve.Skipped: yellow}
	serve.Check(ctx, files, func(f serve.Finding) {
		failed = failed || f.Verdict == serve.Failed
		t.print(t.paint(styles[f.Verdict], fmt.Sprintf("%-5s", f.Verdict)) + fmt.Sprintf("%-9s ", f.Test) + indented(f.Text))
		if f.Advice != "" {
			t.print("      " + indented(strings.TrimSpace(f.Advice)))
		}
	})
	if failed {
		return exitCode(exitFailed)
	}
	return nil
}

// indented indents all lines but the first.
func indented(text string) string { return strings.ReplaceAll(text, "\n", "\n      ") }
