package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/columns"
	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/cmd/spectrum2-lua/internal/top"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/logging"
)

// askTime limits a request to a running process.
const askTime = 15 * time.Second

// processFlag adds the flag that selects one of several processes.
func processFlag(cmd *cobra.Command, pid *int) {
	cmd.Flags().IntVar(pid, "pid", 0, "the process, if the transport has several (default all of them)")
}

// eachProcess calls ask for the processes of a transport, and prints a line for each with
// the text that ask returns.
func (t *terminal) eachProcess(ctx context.Context, file string, pid int, ask func(ctx context.Context, b live.Backend) (string, error)) error {
	all, err := live.Of(file, pid)
	if err != nil {
		return err
	}
	defer live.Close(all)
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	texts := make([]string, len(all))
	var errs []error
	for i, err := range live.Each(ctx, all, func(ctx context.Context, i int, b live.Backend) (err error) {
		texts[i], err = ask(ctx, b)
		return err
	}) {
		if err != nil {
			errs = append(errs, fmt.Errorf("process %d: %w", all[i].Socket().PID, err))
			continue
		}
		t.print(fmt.Sprintf("process %d: %s", all[i].Socket().PID, texts[i]))
	}
	return errors.Join(errs...)
}

func newPS(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "ps config...",
		Short: "List the running processes of transports",
		Long: `ps lists the processes of transports: those that Spectrum 2 has started and those of
serve. It measures the messages of one second, from and to the script.

GEN is the generation of the script: 1 after the start, one more after each reload.
ERRORS counts the errors of handlers and tasks since the start. STATE has the error
of the last load of the script.`,
		Example: `  spectrum2-lua ps /etc/spectrum2/transports/*.cfg`,
		Args:    configs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.listProcesses(cmd.Context(), args)
		},
	}
}

// rateTime is how long ps counts messages.
const rateTime = time.Second

// listProcesses prints the processes of transports.
func (t *terminal) listProcesses(ctx context.Context, files []string) error {
	all, transports, wrong := live.Find(files)
	defer live.Close(all)
	before, errs := askProcesses(ctx, all, nil)
	if slices.Contains(errs, nil) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rateTime):
		}
	}
	began := time.Now()
	after, late := askProcesses(ctx, all, errs)
	rows := [][]string{{"JID", "PID", "BY", "VERSION", "GEN", "USERS", "MEMORY", "UPTIME", "MSG/S", "ERRORS", "STATE"}}
	for i, b := range all {
		if err := cmp.Or(errs[i], late[i]); err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("process %d of %s: %w", b.Socket().PID, b.JID, err))
			continue
		}
		rows = append(rows, processRow(after[i], rate(before[i], after[i]), began))
	}
	if len(rows) == 1 && wrong == nil {
		for _, transport := range transports {
			t.note(transport.None().Error())
		}
		return nil
	}
	if len(rows) > 1 {
		t.table(rows)
	}
	return wrong
}

// asked is the answer of a process and its time.
type asked struct {
	admin.Process
	at time.Time
}

// askProcesses asks all processes at the same time, except those that failed before.
func askProcesses(ctx context.Context, all []live.Backend, failed []error) ([]asked, []error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answers := make([]asked, len(all))
	errs := live.Each(ctx, all, func(ctx context.Context, i int, b live.Backend) error {
		if failed != nil && failed[i] != nil {
			return nil
		}
		err := b.Get(ctx, "/process", &answers[i].Process)
		answers[i].at = time.Now()
		return err
	})
	return answers, errs
}

// rate returns the messages of a second between two answers. A counter that is smaller in
// the second answer has started again.
func rate(before, after asked) float64 {
	took := after.at.Sub(before.at).Seconds()
	if took <= 0 {
		return 0
	}
	grown := func(before, after uint64) uint64 {
		if after < before {
			return after
		}
		return after - before
	}
	return float64(grown(before.Received, after.Received)+grown(before.Sent, after.Sent)) / took
}

func processRow(p asked, rate float64, now time.Time) []string {
	state := "ok"
	if p.Error != "" {
		state = firstLine(p.Error)
	}
	if p.LogLevel != "" {
		state += ", log level " + p.LogLevel
	}
	if p.Debugger != "" {
		state += ", debugged by " + p.Debugger
	}
	return []string{
		p.JID, fmt.Sprint(p.PID), p.Home, p.Version, fmt.Sprint(p.Generation), fmt.Sprint(p.Users),
		humanize.IBytes(uint64(p.Memory)), top.Uptime(now.Sub(p.Started)), fmt.Sprintf("%.1f", rate), fmt.Sprint(p.Errors), state,
	}
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// table prints rows with aligned columns.
func (t *terminal) table(rows [][]string) {
	for i, line := range columns.Align(rows, nil) {
		if i == 0 {
			line = t.paint(bold, line)
		}
		t.print(line)
	}
}

func newReload(t *terminal) *cobra.Command {
	var pid int
	cmd := &cobra.Command{
		Use:   "reload config",
		Short: "Reload the script of a running transport",
		Long: `reload loads the script again in all processes of a transport, as SIGHUP does. With
serve, it also reads the config again. It waits for the result and prints the error of
a script or config with a mistake; the processes then continue with the previous one.`,
		Example: `  spectrum2-lua reload /etc/spectrum2/transports/mychat.cfg`,
		Args:    oneConfig,
		RunE: func(cmd *cobra.Command, args []string) error {
			return t.eachProcess(cmd.Context(), args[0], pid, func(ctx context.Context, b live.Backend) (string, error) {
				var p admin.Process
				err := b.Post(ctx, "/reload", nil, &p)
				return fmt.Sprintf("%s is generation %d", filepath.Base(p.Script), p.Generation), err
			})
		},
	}
	processFlag(cmd, &pid)
	return cmd
}

func newLog(t *terminal) *cobra.Command {
	var pid int
	var level string
	cmd := &cobra.Command{
		Use:   "log config --level LEVEL",
		Short: "Change the log level of a running transport",
		Long: `log changes the level of the log in all processes of a transport until they end. The
level replaces those of the log's config file, also those of its categories. --level
config restores them. The Threshold of an appender still applies.`,
		Example: `  spectrum2-lua log /etc/spectrum2/transports/mychat.cfg --level debug
  spectrum2-lua log /etc/spectrum2/transports/mychat.cfg --level config`,
		Args: oneConfig,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case level == "":
				return usageError{cmd.CommandPath(), errors.New("name a level: --level debug, info, warn, error or config")}
			case level != admin.ConfigLevel && !slices.Contains(logging.LevelNames, level):
				return usageError{cmd.CommandPath(), fmt.Errorf("--level %s: debug, info, warn, error or config expected", level)}
			}
			return t.eachProcess(cmd.Context(), args[0], pid, func(ctx context.Context, b live.Backend) (string, error) {
				return "the log level is " + level, b.Post(ctx, "/log/level", admin.LogLevel{Level: level}, nil)
			})
		},
	}
	cmd.Flags().StringVar(&level, "level", "", "debug, info, warn, error, or config for the levels of the config file")
	levels := cobra.FixedCompletions([]string{"debug", "info", "warn", "error", admin.ConfigLevel}, cobra.ShellCompDirectiveNoFileComp)
	_ = cmd.RegisterFlagCompletionFunc("level", levels) // it fails only for an unknown flag
	processFlag(cmd, &pid)
	return cmd
}

func newKick(t *terminal) *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "kick config user",
		Short: "Disconnect a user of a running transport",
		Long: `kick ends the session of a user and shows them the reason. It finds the process that
serves the user. The user can log in again, and most clients do so when their
presence changes.`,
		Example: `  spectrum2-lua kick mychat.cfg alice@example.net --reason "maintenance until 10 o'clock"`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) != 2:
				return usageError{cmd.CommandPath(), errors.New("name a config file and the user's JID")}
			case !isBare(args[1]):
				return usageError{cmd.CommandPath(), notBare(args[1], args[1])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return t.kick(cmd.Context(), args[0], args[1], reason) },
	}
	cmd.Flags().StringVar(&reason, "reason", "", "what the user is told")
	return cmd
}

// kick disconnects a user in the process that serves them.
func (t *terminal) kick(ctx context.Context, file, user, reason string) error {
	all, err := live.Of(file, 0)
	if err != nil {
		return err
	}
	defer live.Close(all)
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var errs []error
	for i, err := range live.Each(ctx, all, func(ctx context.Context, _ int, b live.Backend) error {
		return b.Post(ctx, "/kick", admin.Kick{User: user, Reason: reason}, nil)
	}) {
		var failed *admin.Error
		switch {
		case err == nil:
			t.print(fmt.Sprintf("process %d: %s is disconnected", all[i].Socket().PID, user))
			return nil
		case !errors.As(err, &failed) || failed.Status != http.StatusNotFound:
			errs = append(errs, fmt.Errorf("process %d: %w", all[i].Socket().PID, err))
		}
	}
	if len(errs) > 0 { // one of these processes may serve the user
		return errors.Join(errs...)
	}
	return fmt.Errorf("%s is not logged in", user)
}

// isBare reports whether a text may be the name of a user, a bare JID.
func isBare(user string) bool {
	local, domain, _ := jid.Split(user)
	return local != "" && domain != "" && jid.Bare(user) == user
}

// notBare returns the error of an argument that is not a bare JID.
func notBare(argument, user string) error {
	example := "alice@example.net"
	if bare := jid.Bare(user); isBare(bare) {
		example = bare
	}
	return fmt.Errorf("%s: a bare JID such as %s expected", argument, example)
}

// oneConfig requires one argument.
func oneConfig(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError{cmd.CommandPath(), fmt.Errorf("the command takes one config file, not %d arguments", len(args))}
	}
	return nil
}
