package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/top"
	"spectrumlua/runtime/admin"
)

// topKeys are a terminal's input. Tests replace it.
var topKeys = os.Stdin

func newTop(t *terminal) *cobra.Command {
	o := top.Options{Clean: printable, Paint: t.paint}
	var once bool
	var order string
	var every time.Duration
	cmd := &cobra.Command{
		Use:   "top config",
		Short: "Show what a running transport does",
		Long: `top shows users, handlers, tasks and the line that each task waits in, in all processes of
a transport, and refreshes them each second. h lists the keys: sort, filter, reload,
log level, disconnect a user, quit.

CPU is time with the script lock. The processes measure it while top runs and some
seconds longer. STATE is login, online, failed, retry (the login waits for its next
attempt), waiting (for the end of the user's previous session) or logout. MSGS and
BYTES count the messages that wait for handlers.

--once measures for a second and prints the tables, as top does if its output is not a
terminal.`,
		Example: `  spectrum2-lua top /etc/spectrum2/transports/mychat.cfg
  spectrum2-lua top /etc/spectrum2/transports/mychat.cfg --once --sort messages --rows 10`,
		Args: oneConfig,
		RunE: func(cmd *cobra.Command, args []string) error {
			var known bool
			if o.Order, known = admin.TopOrderBy(order); !known {
				return usageError{cmd.CommandPath(), fmt.Errorf("--sort %s: unknown column; the columns are %s", order, topColumns())}
			}
			if o.Rows < 1 || o.Rows > admin.MaxTopRows {
				return usageError{cmd.CommandPath(), fmt.Errorf("--rows %d: a number from 1 to %d expected", o.Rows, admin.MaxTopRows)}
			}
			if every < 100*time.Millisecond {
				return usageError{cmd.CommandPath(), errors.New("--every needs at least 100ms")}
			}
			o.File = args[0]
			out, isFile := t.out.(*os.File)
			if once || !isFile || !isatty.IsTerminal(out.Fd()) || !isatty.IsTerminal(topKeys.Fd()) {
				return top.Once(cmd.Context(), o, t.print)
			}
			return top.Live(cmd.Context(), o, topKeys, out, every)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&once, "once", false, "print the tables once")
	f.StringVar(&order, "sort", admin.TopOrders[0].Column, "the column by which users are sorted: "+topColumns())
	f.StringVar(&o.Filter, "filter", "", "show only users whose JID contains a text")
	f.IntVar(&o.Rows, "rows", 50, "the number of users and tasks of each process")
	f.DurationVar(&every, "every", time.Second, "the time between two views")
	processFlag(cmd, &o.PID)
	return cmd
}

func topColumns() string {
	var names []string
	for _, o := range admin.TopOrders {
		names = append(names, o.Column)
	}
	return strings.Join(names, ", ")
}
