package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/cmd/spectrum2-lua/internal/profile"
	"spectrumlua/runtime/admin"
)

// goKinds are the profiles of --go.
var goKinds = []string{"cpu", "heap", "goroutine"}

// profiling are the flags of profile.
type profiling struct {
	seconds, rate, pid int
	pprof, kind        string
}

func newProfile(t *terminal) *cobra.Command {
	var p profiling
	cmd := &cobra.Command{
		Use:   "profile config",
		Short: "Show where the time of a running script goes",
		Long: `profile takes samples of the script in all processes of a transport: the calls of the
handler or task that has the script lock. It prints the functions, lines, handlers and
users with the most samples. SELF counts the samples in the function itself, TOTAL also
those in functions that it has called. A function of Go, such as string.gsub, counts
as a part of the line that calls it.

--pprof writes the samples to a file for "go tool pprof" and the like; its tags are
user, handler and pid. --go takes a profile of the program itself, in the same format.`,
		Example: `  spectrum2-lua profile /etc/spectrum2/transports/mychat.cfg --seconds 30
  spectrum2-lua profile mychat.cfg --pprof lua.pb.gz
  spectrum2-lua profile mychat.cfg --go heap --pid 1234 --pprof heap.pb.gz`,
		Args: oneConfig,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := p.check(); err != nil {
				return usageError{cmd.CommandPath(), err}
			}
			return t.profile(cmd.Context(), args[0], p)
		},
	}
	f := cmd.Flags()
	f.IntVar(&p.seconds, "seconds", 10, "how long samples are taken")
	f.IntVar(&p.rate, "rate", admin.DefaultProfileRate, fmt.Sprintf("samples of a second, up to %d", admin.MaxProfileRate))
	f.StringVar(&p.pprof, "pprof", "", "write the profile to a file, in pprof's format")
	f.StringVar(&p.kind, "go", "", "take a profile of the program: "+strings.Join(goKinds, ", "))
	processFlag(cmd, &p.pid)
	return cmd
}

func (p profiling) check() error {
	switch {
	case p.seconds < 1 || p.seconds > admin.MaxProfileSeconds:
		return fmt.Errorf("--seconds %d: a number from 1 to %d expected", p.seconds, admin.MaxProfileSeconds)
	case p.rate < 1 || p.rate > admin.MaxProfileRate:
		return fmt.Errorf("--rate %d: a number from 1 to %d expected", p.rate, admin.MaxProfileRate)
	case p.kind != "" && !slices.Contains(goKinds, p.kind):
		return fmt.Errorf("--go %s: %s expected", p.kind, strings.Join(goKinds, ", "))
	case p.kind != "" && p.pprof == "":
		return errors.New("--go needs --pprof FILE, for the profile")
	}
	return checkOutput("pprof", p.pprof) // before the samples are taken
}

// profile takes a profile of all processes.
func (t *terminal) profile(ctx context.Context, file string, p profiling) error {
	all, err := live.Of(file, p.pid)
	if err != nil {
		return err
	}
	defer live.Close(all)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(p.seconds)*time.Second+askTime)
	defer cancel()
	if p.kind != "" {
		if len(all) > 1 {
			return fmt.Errorf("the transport has %d processes: choose one with --pid; spectrum2-lua ps lists them", len(all))
		}
		return t.goProfile(ctx, all[0], p)
	}
	found := make([]*admin.Profile, len(all))
	errs := live.Each(ctx, all, func(ctx context.Context, i int, b live.Backend) error {
		found[i] = &admin.Profile{}
		return b.Get(ctx, fmt.Sprintf("/profile?seconds=%d&rate=%d", p.seconds, p.rate), found[i])
	})
	var good []*admin.Profile
	for i, err := range errs {
		if err != nil {
			errs[i] = fmt.Errorf("process %d: %w", all[i].Socket().PID, err)
			continue
		}
		good = append(good, found[i])
	}
	err = errors.Join(errs...)
	if len(good) == 0 {
		return err
	}
	profile.Table(good, func(line string) { t.print(printable(line)) })
	if p.pprof != "" {
		err = errors.Join(err, t.save(p.pprof, func(w io.Writer) error { return profile.Write(good, w) }))
	}
	return err
}

// goProfile saves a profile of the program.
func (t *terminal) goProfile(ctx context.Context, b live.Backend, p profiling) error {
	body, err := b.Open(ctx, http.MethodGet, fmt.Sprintf("/profile/go/%s?seconds=%d", p.kind, p.seconds), nil)
	if err != nil {
		return fmt.Errorf("process %d: %w", b.Socket().PID, err)
	}
	defer func() { _ = body.Close() }()
	return t.save(p.pprof, func(w io.Writer) error {
		_, err := io.Copy(w, body)
		return err
	})
}

// save writes a file. It has texts of users, so only its owner may read it.
func (t *terminal) save(path string, write func(w io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	t.note("look at the profile with: go tool pprof -http=: " + path)
	return nil
}
