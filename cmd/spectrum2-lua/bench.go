package main

import (
	"errors"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench"
)

func newBench(t *terminal) *cobra.Command {
	o := bench.Defaults()
	var backend string
	var asJSON, strict, growth bool
	var into string
	cmd := &cobra.Command{
		Use:   "bench [config]",
		Short: "Measure the backend, beside a plain Go echo",
		Long: `bench starts the backend on a config file, by default ` + exampleConfig + `, whose script
must echo, and measures the time to its first PONG, its memory, how many
messages it echoes in a second and what that costs, and how long one message
takes. By turns it does the same with a plain Go echo without Lua, so that the
ratios mean something on any machine.

There are two loads. One does what Spectrum does: each message is made anew and
written by itself, each echo is parsed. The other floods the backend with frames
made beforehand, many in one write. Where the load generator is busy all the
time, it is what limits the rate, and the processor time per echo is the figure
to look at.

Two more figures come from a script of bench's own, whatever the config file:
what a session costs that waits in conn:read_line(), in memory and for others,
and how long a task takes from its start to its end. Each session has a
connection to a second process. If a process may not have so many descriptors
(ulimit -n), there are fewer sessions. The same script hands a room's message
to many sessions, is loaded anew while they are online, and stores values.

At last come floods of 10 to 50,000 users, and of messages of 64 bytes to
256 kB.

It takes about three minutes, and wants a machine that does nothing else.`,
		Example: `  spectrum2-lua bench
  spectrum2-lua bench --rounds 9 --json > before.json
  spectrum2-lua bench --users 1000 --body 4096 my.cfg
  spectrum2-lua bench --growth=false --large examples/irc.cfg examples/echo.cfg`,
		Args: atMostOne,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.Backend.Path, err = findBackend(backend); err != nil {
				return err
			}
			config, done, err := findConfig(args)
			if err != nil {
				return err
			}
			defer done()
			o.Config = config
			if o.Baseline.Path, err = executable(); err != nil {
				return err
			}
			o.Baseline.Leading = []string{baselineName}
			o.Peer = bench.Backend{Path: o.Baseline.Path, Leading: []string{peerName}}
			o.Progress = func(text string) { t.note("bench: " + text) }
			if !growth {
				o.Growth = nil
			}
			report, err := bench.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			write := report.WriteText
			if asJSON {
				write = report.WriteJSON
			}
			if err := write(t.out); err != nil {
				return err
			}
			if into != "" {
				if err := report.WriteInto(into); err != nil {
					return err
				}
			}
			if strict && !report.Met() {
				return errors.New("not all aims are met")
			}
			return nil
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&backend, "backend", "", "the backend's `executable`; default: "+backendName+" next to this program, or in PATH")
	flags.IntVar(&o.Rounds, "rounds", o.Rounds, "how often each load is measured")
	flags.DurationVar(&o.Round, "round", o.Round, "how long a load lasts each time")
	flags.IntVar(&o.Starts, "starts", o.Starts, "how often the start is measured")
	flags.IntVar(&o.Questions, "questions", o.Questions, "how many single messages are timed in a round")
	flags.IntVar(&o.Sessions, "sessions", o.Sessions, "how many sessions wait in read_line; 0: skip that")
	flags.IntVar(&o.Tasks, "tasks", o.Tasks, "how many tasks are started in a round; 0: skip that")
	flags.IntVar(&o.Reload, "reload", o.Reload, "how many sessions are online when the script is loaded anew; 0: skip that")
	flags.IntVar(&o.Room, "room", o.Room, "how many sessions a room's message goes to; 0: skip that")
	flags.BoolVar(&growth, "growth", true, "go on with more users and longer messages")
	flags.StringVar(&o.Large, "large", "", "the `config` of a large script, whose start is measured too")
	flags.IntVar(&o.Stored, "stored", o.Stored, "how many values are stored and read in a round; 0: skip that")
	flags.StringArrayVar(&o.Databases, "database", nil, "the `URL` of a server to store values on, beside SQLite, as [lua] store has it")
	flags.DurationVar(&o.Settle, "settle", o.Settle, "how long a backend rests before its memory is read")
	flags.IntVar(&o.Load.Users, "users", o.Load.Users, "how many users write, in turn")
	flags.IntVar(&o.Load.InFlight, "in-flight", o.Load.InFlight, "how many messages wait for their echo at any time")
	flags.IntVar(&o.Load.Body, "body", o.Load.Body, "the length of a message in bytes")
	flags.BoolVar(&asJSON, "json", false, "print JSON with all figures")
	flags.StringVar(&into, "into", "", "a `file` with two marks, between which the tables are put, too")
	flags.BoolVar(&strict, "strict", false, "fail if an aim is missed")
	return cmd
}
