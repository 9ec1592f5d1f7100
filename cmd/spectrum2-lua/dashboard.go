package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/dashboard"
)

func newDashboard(t *terminal) *cobra.Command {
	var listen string
	var o dashboard.Options
	cmd := &cobra.Command{
		Use:   "dashboard config...",
		Short: "Show running transports in a browser",
		Long: `dashboard serves a page that shows the processes of transports: users, messages and
handler times of the last hour, errors of the scripts, and the log. Its buttons
reload a script and change the log level.

Open the address that it prints. The address has a token; the browser keeps a
cookie in its place until the command ends. The page is for this machine. From
another one, use a tunnel: ssh -L 9180:127.0.0.1:9180 HOST. --public allows
another address; the page has no encryption, so put a proxy with TLS before it.

The hour begins when the command starts: it asks the processes every five
seconds and keeps their figures in memory.`,
		Example: `  spectrum2-lua dashboard /etc/spectrum2/transports/*.cfg
  spectrum2-lua dashboard --listen 127.0.0.1:9180 mychat.cfg`,
		Args: configs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Files = args
			d := dashboard.New(o)
			l, err := d.Listen(listen)
			if errors.Is(err, dashboard.ErrNotLoopback) {
				return usageError{cmd.CommandPath(), fmt.Errorf("--listen %s: %w", listen, err)}
			}
			if err != nil {
				return fmt.Errorf("--listen %s: %w", listen, err)
			}
			t.print("The dashboard is at " + d.URL())
			t.note("Ctrl-C ends it.")
			return d.Run(cmd.Context(), l)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:0", "the address and port of the page; port 0 is any free port")
	cmd.Flags().StringVar(&o.Public, "public", "", "the host name under which other machines reach the page")
	return cmd
}
