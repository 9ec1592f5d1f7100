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
		Short: "Have a script hear a recorded session again",
		Long: `replay reads a record, which a backend writes with [lua] record = FILE, has a
script hear again what Spectrum said, and shows where its answers are others than
they were. Without a script it takes the config that the record was made with.

Each user's answers are compared in their order. A line tells where it stands in
the record what came otherwise, did not come, or was not there:

    bug.jsonl:17: alice@localhost: conv_message is not as it was
        message   was "hello"
                   is "HELLO"

Timestamps, and ids that the script makes up, need not be the same; --ignore has
other fields passed over. Where a secret was left out of the record, "***", anything
will do, and the script hears "***" in its place.

The script's clock is moved on to when things happened, so nothing takes longer
than the answers need; with a network at the other end, --speed 1 may be wanted.
A record that is cut off is replayed up to there.

With --as-test a record becomes a test instead: a file for spectrum2-lua test, to be
cut down to what matters.

The exit code is 0 if all answers are as recorded, 1 if not, and 2 if there is
nothing to compare: no such file, a broken record, a script that does not load.`,
		Example: `  spectrum2-lua replay bug.jsonl irc.lua
  spectrum2-lua replay bug.jsonl irc.cfg --ignore conv_message.nickname
  spectrum2-lua replay bug.jsonl --speed 1
  spectrum2-lua replay bug.jsonl irc.lua --as-test bug_test.lua`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return usageError{cmd.CommandPath(), fmt.Errorf("a record is wanted, and a script or config file, but there are %d arguments", len(args))}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			r.command = cmd.CommandPath()
			return r.run(cmd.Context(), args)
		},
	}
	cmd.Flags().StringSliceVar(&r.options.Ignore, "ignore", nil, "a `field` whose values do not count, as in nickname or conv_message.nickname")
	cmd.Flags().DurationVar(&r.options.Patience, "timeout", replay.DefaultPatience, "how long to wait for an answer that does not come")
	cmd.Flags().Float64Var(&r.options.Speed, "speed", 0, "how fast time goes, 1 as it went; by default nothing waits")
	cmd.Flags().IntVar(&r.only, "run", 0, "the `number` of the run to replay, where a record has several; default: all of them")
	cmd.Flags().StringVar(&r.asTest, "as-test", "", "write a test into a new `file`, NAME_test.lua, and replay nothing")
	return cmd
}

// replayer is one call of the command.
type replayer struct {
	t       *terminal
	command string
	options replay.Options
	only    int
	asTest  string
}

func (r *replayer) run(ctx context.Context, args []string) error {
	if r.options.Speed < 0 || r.only < 0 || r.options.Patience <= 0 {
		return usageError{r.command, errors.New("--speed and --run cannot be negative, and --timeout has to be more than 0")}
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

// writeTest makes a test of the runs.
func (r *replayer) writeTest(runs []record.Run, args []string) error {
	const suffix = "_test.lua"
	if !strings.HasSuffix(r.asTest, suffix) {
		return usageError{r.command, fmt.Errorf("--as-test %s: the name of a file with tests ends in %s", r.asTest, suffix)}
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
		named = "" // the file's name says it
	}
	f, err := os.OpenFile(r.asTest, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // it has what users wrote
	if err != nil {
		return fmt.Errorf("the test cannot be written: %w", err)
	}
	_, err = f.WriteString(replay.AsTest(runs, named))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("the test cannot be written: %w", err)
	}
	r.t.note(fmt.Sprintf("%s has %s; now: spectrum2-lua test %s", r.asTest, count(len(runs), "case"), r.asTest))
	return nil
}

// scriptOf is the script or config that a run is replayed with: the one that is
// named, or what it was recorded with.
func scriptOf(run record.Run, args []string) (string, error) {
	if len(args) > 0 {
		return findStage(args)
	}
	for _, path := range []string{run.Header.Config, run.Header.Script} {
		if _, err := os.Stat(path); path != "" && err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("name a script or a config file: %s, which the record was made with, is not there", filepath.Base(run.Header.Config))
}

// show tells what came of a run.
func (r *replayer) show(result *replay.Result) {
	for _, d := range result.Differences {
		r.showDifference(d)
	}
	line := fmt.Sprintf("%s of Spectrum's, %s: %s as recorded, %d not", count(result.Fed, "message"), count(result.Users, "user"),
		count(result.Same, "answer"), len(result.Differences))
	if result.Beyond > 0 {
		line += fmt.Sprintf(", %d beyond the record's end", result.Beyond)
	}
	r.t.print(line)
}

var kinds = map[replay.Kind]string{
	replay.Changed: "is not as it was",
	replay.Missing: "did not come",
	replay.Extra:   "came in addition, behind this one",
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
		line = strings.TrimSuffix(line, ", behind this one")
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
			r.t.print(name + "   is not there")
		}
	}
}

// showLog shows what the script complains of.
func (r *replayer) showLog(l harness.Line) {
	if l.Level <= logrus.WarnLevel {
		for _, line := range strings.Split(strings.TrimRight(l.String(), "\n"), "\n") {
			r.t.note("| " + printable(line))
		}
	}
}

func (r *replayer) showNote(where, text string) { r.t.note(where + ": " + text) }
