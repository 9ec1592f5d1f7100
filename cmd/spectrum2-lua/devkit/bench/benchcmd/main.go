// Command benchcmd measures the backend's speed and memory for `make bench`. It
// is a developers' command and is not installed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench"
)

// peerName is a hidden subcommand. A run starts its own executable with it.
const peerName = "peer"

// baselineName is the executable of the baseline, beside this one.
const baselineName = "bench-baseline"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := newBench(stdout, stderr)
	cmd.SetArgs(args)
	if err := cmd.ExecuteContext(ctx); err != nil {
		_, _ = fmt.Fprintf(stderr, "bench: %v\n", err)
		return 1
	}
	return 0
}

const description = `bench starts the backend on a config file whose script echoes. It measures a
plain Go echo without Lua, the baseline, alternately with the backend, so that
the ratios hold on any machine. Another backend may take part (--against).

First come the leading figures: echoes per second with 256 messages in flight,
processor time per echo, latency during this load, round trip and processor time
of messages one after the other, peak memory, and the time that EXIT takes. Each
round starts new processes, whose load begins right after LOGIN. The backends of
a round take turns every 50 ms.

The load generator sends frames that are encoded in advance. If it uses more
than half of a processor, it may limit the rate, and the report warns. Compare
the processor time per echo in this case, and if other programs run.

A script of bench's own measures sessions that wait in conn:read_line(), tasks,
reloads, messages of a room, and stores. Each session has a connection to a
second process, so the limit of descriptors (ulimit -n) limits the sessions.

Loads of 10 to 50,000 users and of messages of 64 bytes to 256 kB come last.

A whole run takes about four minutes. Nothing else should use the machine.`

const examples = `  make bench
  bin/bench --quick --backend new --against old cmd/spectrum2-lua/devkit/bench/plain/plain.cfg
  bin/bench --rounds 9 --json cmd/spectrum2-lua/devkit/bench/plain/plain.cfg > before.json
  bin/bench --users 1000 --body 4096 my.cfg
  bin/bench --growth=false --large examples/irc.cfg cmd/spectrum2-lua/devkit/bench/plain/plain.cfg`

// output says where a report goes and when the run counts as failed.
type output struct {
	json   bool
	into   string
	strict bool
}

func newBench(stdout, stderr io.Writer) *cobra.Command {
	o := bench.Defaults()
	o.Growth = nil // the flag decides
	var out output
	var growth, quick bool
	cmd := &cobra.Command{
		Use:           "bench config",
		Short:         "Measure the backend and a plain Go echo",
		Long:          description,
		Example:       examples,
		Args:          cobra.ExactArgs(1),
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			own, err := os.Executable()
			if err != nil {
				return err
			}
			if o.Config, err = existing(args[0]); err != nil {
				return err
			}
			if o.Backend.Path, err = exec.LookPath(o.Backend.Path); err != nil {
				return fmt.Errorf("finding the backend (`make build` builds it): %w", err)
			}
			if o.Against.Path != "" {
				if o.Against.Path, err = exec.LookPath(o.Against.Path); err != nil {
					return fmt.Errorf("finding the other backend: %w", err)
				}
			}
			if o.Baseline.Path == "" {
				o.Baseline.Path = filepath.Join(filepath.Dir(own), baselineName)
			}
			if o.Baseline.Path, err = exec.LookPath(o.Baseline.Path); err != nil {
				return fmt.Errorf("finding the baseline (`make bench` builds it): %w", err)
			}
			o.Peer = bench.Backend{Path: own, Leading: []string{peerName}}
			o.Progress = func(text string) { _, _ = fmt.Fprintln(stderr, "bench: "+text) }
			if quick {
				if err := quicken(&o, cmd.Flags()); err != nil {
					return err
				}
				growth = growth && cmd.Flags().Changed("growth")
			}
			if growth {
				o.Growth = bench.GrowingLoads()
			}
			report, err := bench.Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			return out.write(report, stdout)
		},
	}
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.AddCommand(newPeer(stdout))
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.Backend.Path, "backend", "bin/spectrum2_lua_backend", "the backend's `executable`")
	flags.StringVar(&o.Baseline.Path, "baseline", "", "the `executable` of the plain Go echo (default bench-baseline beside this program)")
	flags.StringVar(&o.Against.Path, "against", "", "the `executable` of another backend to measure in the same rounds")
	flags.BoolVar(&quick, "quick", false, "measure only the leading figures, in half a minute")
	flags.IntVar(&o.Rounds, "rounds", o.Rounds, "how often each load is measured")
	flags.DurationVar(&o.Round, "round", o.Round, "how long a load lasts each time")
	flags.IntVar(&o.Starts, "starts", o.Starts, "how often the start is measured")
	flags.IntVar(&o.Questions, "questions", o.Questions, "how many messages one after the other are timed in a round")
	flags.IntVar(&o.Pauses, "pauses", o.Pauses, "how many messages after a pause are timed in a round; 0 skips this measurement")
	flags.IntVar(&o.Sessions, "sessions", o.Sessions, "how many sessions wait in read_line; 0 skips this measurement")
	flags.IntVar(&o.Tasks, "tasks", o.Tasks, "how many tasks are started in a round; 0 skips this measurement")
	flags.IntVar(&o.Reload, "reload", o.Reload, "how many sessions are online during a reload; 0 skips this measurement")
	flags.IntVar(&o.Room, "room", o.Room, "how many sessions receive a room's message; 0 skips this measurement")
	flags.IntVar(&o.Logins, "logins", o.Logins, "how many users log in at once; 0 skips this measurement")
	flags.BoolVar(&growth, "growth", true, "measure more users and longer messages, too")
	flags.StringVar(&o.Large, "large", "", "the `config` of a large script, whose start is measured, too")
	flags.IntVar(&o.Stored, "stored", o.Stored, "how many values are stored and read in a round; 0 skips this measurement")
	flags.StringArrayVar(&o.Databases, "database", nil, "the `URL` of a database server to measure besides SQLite, in the form of [lua] store")
	flags.DurationVar(&o.Settle, "settle", o.Settle, "how long a backend rests before its memory is read")
	flags.IntVar(&o.Load.Users, "users", o.Load.Users, "how many users send messages")
	flags.IntVar(&o.Load.InFlight, "in-flight", o.Load.InFlight, "how many messages wait for their echo at any time")
	flags.IntVar(&o.Load.Body, "body", o.Load.Body, "the length of a message in bytes")
	flags.BoolVar(&out.json, "json", false, "print all figures as JSON")
	flags.StringVar(&out.into, "into", "", "write the tables into this `file`, between its two marks")
	flags.BoolVar(&out.strict, "strict", false, "fail if an aim is missed")
	return cmd
}

// quicken leaves out all but the leading figures, except for what the flags ask for.
func quicken(o *bench.Options, flags *pflag.FlagSet) error {
	given := map[*pflag.Flag]string{}
	flags.Visit(func(f *pflag.Flag) { given[f] = f.Value.String() })
	o.Quick()
	for f, value := range given {
		if f.Value.Type() == "stringArray" {
			continue // Quick does not change it
		}
		if err := f.Value.Set(value); err != nil {
			return err
		}
	}
	return nil
}

// existing returns the absolute path of a config file.
func existing(config string) (string, error) {
	if _, err := os.Stat(config); err != nil {
		return "", fmt.Errorf("reading the config file: %w", err)
	}
	return filepath.Abs(config)
}

// write prints the report and writes it where the flags say.
func (out output) write(report *bench.Report, stdout io.Writer) error {
	write := report.WriteText
	if out.json {
		write = report.WriteJSON
	}
	if err := write(stdout); err != nil {
		return err
	}
	if out.into != "" {
		if err := report.WriteInto(out.into); err != nil {
			return err
		}
	}
	if out.strict && !report.Met() {
		return errors.New("the backend misses an aim")
	}
	return nil
}

// newPeer returns the command that a run starts as the network of the sessions.
func newPeer(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:    peerName,
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.Peer(cmd.InOrStdin(), stdout)
		},
	}
}
