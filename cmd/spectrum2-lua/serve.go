package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/gateway/component"
)

func newServe(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "serve config",
		Short: "Run a transport without Spectrum",
		Long: `serve runs a transport as a component of an XMPP server. It takes the place of
Spectrum 2 and uses the same config file, script and database.

The config needs the JID of the component, its secret, and the address of the XMPP
server's component port:

    [service]
    jid = echo.localhost
    password = secret
    server = 127.0.0.1
    port = 5347

SIGHUP reloads the script. SIGTERM and SIGINT end the process in order.`,
		Example: `  spectrum2-lua serve /etc/spectrum2/transports/mychat.cfg`,
		Args:    oneConfig,
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.serve(cmd.Context(), args[0])
		},
	}
}

// oneConfig requires one argument.
func oneConfig(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{cmd.CommandPath(), errors.New("name one config file")}
	}
	return nil
}

// serve runs the transport of a config file until a signal ends it.
func (t *terminal) serve(ctx context.Context, file string) error {
	hangups := make(chan os.Signal, 1)
	signal.Reset(syscall.SIGHUP) // for other commands it means the end
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	transport, err := serve.Open(ctx, file)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer crash.Guard()
		for {
			select {
			case <-done:
				return
			case <-hangups:
				transport.Reload()
			}
		}
	}()
	err = transport.Run(ctx)
	var failed *component.Error
	if errors.As(err, &failed) {
		if advice := failed.Advice(); advice != "" {
			t.note(advice)
		}
	}
	return errors.Join(err, transport.Close())
}
