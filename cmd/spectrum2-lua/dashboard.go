package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/dashboard"
	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/runtime/config"
)

func newDashboard(t *terminal) *cobra.Command {
	var listen, public string
	var o dashboard.Options
	cmd := &cobra.Command{
		Use:   "dashboard config...",
		Short: "Show running transports in a browser",
		Long: `dashboard serves a page that shows the processes of transports: users, messages and
handler times of the last hour, errors of the scripts, and the log. Its buttons
reload a script and change the log level.

Open the address that it prints. The address has a token; the browser keeps a
cookie in its place until the command ends. The page is for this machine. From
another one, use a tunnel: ssh -L 9180:127.0.0.1:9180 HOST. The page has no
encryption, so only a proxy with TLS should offer it to others: --public is the
address of the proxy, which has to pass on the name in Host.

The hour begins when the command starts: it asks the processes every five
seconds and keeps their figures in memory.`,
		Example: `  spectrum2-lua dashboard /etc/spectrum2/transports/*.cfg
  spectrum2-lua dashboard --listen 127.0.0.1:9180 mychat.cfg
  spectrum2-lua dashboard --listen 9180 --public https://example.net/dashboard mychat.cfg`,
		Args: configs,
		RunE: func(cmd *cobra.Command, args []string) error {
			address, err := config.ListenAddress(listen)
			if err != nil {
				return usageError{cmd.CommandPath(), fmt.Errorf("--listen %s: a port, or host:port such as 127.0.0.1:9180 expected", listen)}
			}
			if err := live.Check(args); err != nil {
				return err
			}
			if cmd.Flags().Changed("public") {
				if o.Public, err = dashboard.ParsePublic(public); err != nil {
					return usageError{cmd.CommandPath(), fmt.Errorf("--public %s: %w", public, err)}
				}
			}
			o.Files = args
			d := dashboard.New(o)
			l, err := d.Listen(address)
			if errors.Is(err, dashboard.ErrNotLoopback) {
				return usageError{cmd.CommandPath(), fmt.Errorf("--listen %s: %w", listen, err)}
			}
			if err != nil {
				var op *net.OpError
				if errors.As(err, &op) {
					err = op.Err // the other parts repeat the address
				}
				return fmt.Errorf("--listen %s: %w", listen, err)
			}
			t.print("The dashboard is at " + d.URL())
			t.note("Ctrl-C ends it.")
			return d.Run(cmd.Context(), l)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "the address of the page: a port of 127.0.0.1, or host:port; port 0 is any free port")
	cmd.Flags().StringVar(&public, "public", "", "the host name under which other machines reach the page, or the `address` of a proxy")
	return cmd
}
