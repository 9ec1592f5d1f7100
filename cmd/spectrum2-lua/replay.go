package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/replay"
	"spectrumlua/runtime/record"
)

func newReplay(t *terminal) *cobra.Command {
	r := &replayer{t: t}
	cmd := &cobra.Command{
		Use:   "replay record [script or config]",
		Short: "Replay a recorded session to a script",
		Long: `replay reads a record, which a backend writes with [lua] record = FILE. It sends
the messages of Spectrum to a script again and compares the answers with those in
the record. The default script is that of the config in the record.

replay compares the answers of each user in their order. A line shows the place in
the record where an answer differs, is missing or is new:

    bug.jsonl:17: alice@localhost: conv_message differs
        message   was "hello"
                   is "HELLO"

replay ignores timestamps and ids that the script creates, and the fields of
--ignore. A record holds "***" instead of a secret: the script receives "***", and
any value matches it.

replay advances the script's clock to the time of each message, so it need not
wait. A script that talks to a real network may need --speed 1. replay stops where
a truncated record ends.

--as-test writes a test for spectrum2-lua test instead. Shorten it to the lines
that matter.

The exit code is 0 if all answers match the record, and 1 if one does not. It is 2
if replay cannot compare: the file does not exist, the record is damaged or the
script does not load.`,
		Example: `  spectrum2-lua replay bug.jsonl irc.lua
  spectrum2-lua replay bug.jsonl irc.cfg --ignore conv_message.nickname
  spectrum2-lua replay bug.jsonl --speed 1
  spectrum2-lua replay bug.jsonl irc.lua --as-test bug_test.lua`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{cmd.CommandPath(), fmt.Errorf("the command takes a record, and a script or config file, not %d arguments", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r.command = cmd.CommandPath()
			return r.run(cmd.Context(), args)
		},
	}
	cmd.Flags().StringSliceVar(&r.options.Ignore, "ignore", nil, "ignore this `field`, for example nickname or conv_message.nickname")
	cmd.Flags().DurationVar(&r.options.Patience, "timeout", replay.DefaultPatience, "how long to wait for an answer")
	cmd.Flags().Float64Var(&r.options.Speed, "speed", 0, "how fast time passes; 1 is the speed of the record, 0 does not wait")
	cmd.Flags().IntVar(&r.only, "run", 0, "the `number` of the run to replay, if the record has several; default: all")
	cmd.Flags().StringVar(&r.asTest, "as-test", "", "write a test into a new `file`, NAME_test.lua, instead of a replay")
	return cmd
}

// replayer holds the flags of replay.
type replayer struct {
	t       *terminal
	command string
	options replay.Options
	only    int
	asTest  string
}

func (r *replayer) run(ctx context.Context, args []string) error {
	if r.options.Speed < 0 || r.only < 0 || r.options.Patience <= 0 {
		return usageError{r.command, errors.New("--speed and --run must not be negative, and --timeout must be more than 0")}
	}
	runs, err := record.ReadFile(args[0])
	if err != nil {
		return usageError{r.command, err}
	}
	if r.only > len(runs) {
		return usageError{r.command, fmt.Errorf("--run %d: %s has %s", r.only, args[0], count(len(runs), "run"))}
	}
	if r.asTest != "" {
		return r.writeTest(runs, args[1:])
	}
	r.options.Log, r.options.Note = r.showLog, r.showNote
	differ := 0
	for i, run := range runs {
		if r.only != 0 && i+1 != r.only {
			continue
		}
		if r.options.Path, err = scriptOf(run, args[1:]); err != nil {
			return usageError{r.command, err}
		}
		if len(runs) > 1 {
			h := run.Header
			r.t.print(r.t.paint(bold, fmt.Sprintf("run %d of %d: %s, pid %d", i+1, len(runs), h.Time.Format(time.DateTime), h.PID)))
		}
		result, err := replay.Run(ctx, run, r.options)
		if err != nil {
			return usageError{r.command, err}
		}
		r.show(result)
		differ += len(result.Differences)
	}
	if differ > 0 {
		return fmt.Errorf("%s", count(differ, "difference"))
	}
	return nil
}

// writeTest writes a test that repeats the runs.
func (r *replayer) writeTest(runs []record.Run, args []string) error {
	const suffix = "_test.lua"
	if !strings.HasSuffix(r.asTest, suffix) {
		return usageError{r.command, fmt.Errorf("--as-test %s: the name of a test must end in %s", r.asTest, suffix)}
	}
	if r.only > 0 {
		runs = runs[r.only-1 : r.only]
	}
	script, err := scriptOf(runs[0], args)
	if err != nil {
		return usageError{r.command, err}
	}
	if script, err = filepath.Abs(script); err != nil {
		return err
	}
	test, err := filepath.Abs(r.asTest)
	if err != nil {
		return err
	}
	named := script
	if near, err := filepath.Rel(filepath.Dir(test), script); err == nil {
		named = near
	}
	if script == strings.TrimSuffix(test, suffix)+".lua" {
		named = "" // the test's name implies it
	}
	f, err := os.OpenFile(r.asTest, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // it holds the texts of users
	if err != nil {
		return fmt.Errorf("writing the test: %w", err)
	}
	_, err = f.WriteString(replay.AsTest(runs, named))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing the test: %w", err)
	}
	r.t.note(fmt.Sprintf("%s has %s; run it with: spectrum2-lua test %s", r.asTest, count(len(runs), "case"), r.asTest))
	return nil
}

// scriptOf returns the script or config to replay a run to: the argument, or the
// config or script that the record names.
func scriptOf(run record.Run, args []string) (string, error) {
	if len(args) > 0 {
		return findStage(args)
	}
	for _, path := range []string{run.Header.Config, run.Header.Script} {
		if _, err := os.Stat(path); path != "" && err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("name a script or a config file: %s, which the record names, does not exist", filepath.Base(run.Header.Config))
}

// show prints the result of a run.
func (r *replayer) show(result *replay.Result) {
	for _, d := range result.Differences {
		r.showDifference(d)
	}
	line := fmt.Sprintf("%s from Spectrum, %s: %s as recorded, %d not", count(result.Fed, "message"), count(result.Users, "user"),
		count(result.Same, "answer"), len(result.Differences))
	if result.Beyond > 0 {
		line += fmt.Sprintf(", %d after the record's end", result.Beyond)
	}
	r.t.print(line)
}

var kinds = map[replay.Kind]string{
	replay.Changed: "differs",
	replay.Missing: "is missing",
	replay.Extra:   "is new, after this one",
}

func (r *replayer) showDifference(d replay.Difference) {
	line := d.Type + " " + kinds[d.Kind]
	if d.User != "" {
		line = printable(d.User) + ": " + line
	}
	switch {
	case d.Where != "":
		line = d.Where + ": " + line
	case d.Kind == replay.Extra:
		line = strings.TrimSuffix(line, ", after this one")
	}
	r.t.print(line)
	width := 0
	for _, f := range d.Fields {
		width = max(width, len(f.Name))
	}
	for _, f := range d.Fields {
		name := fmt.Sprintf("    %-*s", width, f.Name)
		if f.Was != "" {
			r.t.print(name + "  was " + r.t.paint(red, f.Was))
			name = strings.Repeat(" ", len(name))
		}
		if f.Is != "" {
			r.t.print(name + "   is " + r.t.paint(green, f.Is))
		} else if d.Kind == replay.Changed {
			r.t.print(name + "   is missing")
		}
	}
}

// showLog prints the warnings and errors of the script.
func (r *replayer) showLog(l harness.Line) {
	if l.Level <= logrus.WarnLevel {
		for _, line := range strings.Split(strings.TrimRight(l.String(), "\n"), "\n") {
			r.t.note("| " + printable(line))
		}
	}
}

func (r *replayer) showNote(where, text string) { r.t.note(where + ": " + text) }
