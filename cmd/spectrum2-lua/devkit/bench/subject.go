package bench

import (
	"context"
	"fmt"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// subject is one of the backends, with its samples so far.
type subject struct {
	name    string
	backend Backend
	running *running
	load    *generator

	samples samples
	large   []float64 // ms, the start with the large script
}

// newSubjects returns the Lua backend, the other one if there is one, and the baseline.
func newSubjects(o Options) []*subject {
	subjects := []*subject{{name: luaName, backend: o.Backend}}
	if o.Against.Path != "" {
		subjects = append(subjects, &subject{name: againstName, backend: o.Against})
	}
	subjects = append(subjects, &subject{name: baselineName, backend: o.Baseline})
	for _, sub := range subjects {
		sub.samples = samples{}
	}
	return subjects
}

// Names of the backends in the report.
const (
	luaName      = "Lua"
	againstName  = "other"
	baselineName = "baseline"
)

func kill(subjects []*subject) {
	for _, sub := range subjects {
		sub.kill()
	}
}

func (sub *subject) kill() {
	if sub.running != nil {
		sub.running.kill()
		sub.running = nil
	}
}

// explain names the backend of an error and adds its output.
func (sub *subject) explain(err error) error {
	if err != nil && sub.running != nil {
		err = sub.running.explain(err)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", sub.name, err)
	}
	return err
}

// start starts the backend. The generator reads and writes without Go's network poller.
func (sub *subject) start(ctx context.Context, s *simulator.Spectrum, config string) (err error) {
	if sub.running, err = start(ctx, s, sub.backend, config); err == nil {
		err = sub.running.block(ctx)
	}
	return sub.explain(err)
}

// login logs in the users of a load.
func (sub *subject) login(l Load) (err error) {
	if sub.load, err = newGenerator(sub.running.conn, sub.running.frames, l); err != nil {
		return err
	}
	return sub.load.login()
}

// exit ends the backend and returns the time that it needs.
func (sub *subject) exit(ctx context.Context) (time.Duration, error) {
	took, err := sub.running.exit(ctx)
	err = sub.explain(err)
	sub.kill()
	return took, err
}

// inTurn calls measure for all backends. Each round begins with the next backend.
func inTurn(subjects []*subject, round int, measure func(*subject) error) error {
	for i := range subjects {
		sub := subjects[(i+round)%len(subjects)]
		if err := measure(sub); err != nil {
			return err
		}
	}
	return nil
}

// measureRest reads the memory of all backends when each has answered a PING and is idle.
func measureRest(ctx context.Context, s *simulator.Spectrum, o Options, subjects []*subject) error {
	o.Progress("memory at rest")
	if err := startAll(ctx, s, o, subjects); err != nil {
		return err
	}
	for _, sub := range subjects {
		if _, err := sub.exit(ctx); err != nil {
			return err
		}
	}
	return nil
}

// startAll starts all backends and reads their memory at rest.
func startAll(ctx context.Context, s *simulator.Spectrum, o Options, subjects []*subject) error {
	for _, sub := range subjects {
		if err := sub.start(ctx, s, o.Config); err != nil {
			return err
		}
	}
	if err := wait(ctx, o.Settle); err != nil {
		return err
	}
	for _, sub := range subjects {
		rss, err := sub.rss()
		if err != nil {
			return err
		}
		sub.samples.add(Rest, rss/1e6)
	}
	return nil
}

// rss returns the resident memory in bytes after one more PING.
func (sub *subject) rss() (float64, error) {
	if err := sub.running.ping(); err != nil {
		return 0, sub.explain(err)
	}
	rss, err := sub.running.process.RSS()
	return float64(rss), sub.explain(err)
}
