package bench

import (
	"context"
	"fmt"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// Step holds the figures of all backends under one load of Options.Growth.
type Step struct {
	Load     Load       `json:"load"`
	Backends []Measured `json:"backends"`
	Versus   Figures    `json:"versus,omitempty"`
	// IdleBytes is the resident memory of the Lua backend for each user who has not
	// written yet.
	IdleBytes float64 `json:"idle_bytes_each"`
}

// idleUsers is the smallest number of users for which IdleBytes is measured.
const idleUsers = 1000

// GrowingLoads returns loads with more and more users, and with longer and longer messages.
// The backend can queue all of their messages in flight.
func GrowingLoads() []Load {
	return []Load{
		{Users: 10, InFlight: 256, Body: 64},
		{Users: 1000, InFlight: 256, Body: 64},
		{Users: 50_000, InFlight: 256, Body: 64},
		{Users: 100, InFlight: 256, Body: 4 << 10},
		{Users: 100, InFlight: 64, Body: 64 << 10},
		{Users: 100, InFlight: 16, Body: 256 << 10},
	}
}

// measureGrowth starts new processes for each load.
func measureGrowth(ctx context.Context, s *simulator.Spectrum, o Options) (steps []Step, err error) {
	for _, l := range o.Growth {
		o.Progress(fmt.Sprintf("%d users, %d bytes", l.Users, l.Body))
		o.Load = l
		step, err := measureStep(ctx, s, o)
		if err != nil {
			return nil, err
		}
		steps = append(steps, *step)
	}
	return steps, nil
}

func measureStep(ctx context.Context, s *simulator.Spectrum, o Options) (*Step, error) {
	subjects := newSubjects(o)
	defer kill(subjects)
	if err := startAll(ctx, s, o, subjects); err != nil {
		return nil, err
	}
	for _, sub := range subjects {
		if err := sub.explain(sub.login(o.Load)); err != nil {
			return nil, err
		}
	}
	if err := wait(ctx, o.Settle); err != nil {
		return nil, err
	}
	lua := subjects[0]
	online, err := lua.rss()
	if err != nil {
		return nil, err
	}
	for _, sub := range subjects { // warms up
		if _, err := sub.load.flood(o.Round/2, nil); err != nil {
			return nil, sub.explain(err)
		}
	}
	for round := range o.Rounds {
		if err := measureFlood(subjects, round, o.Round); err != nil {
			return nil, err
		}
	}
	for _, sub := range subjects {
		if _, err := sub.exit(ctx); err != nil {
			return nil, err
		}
	}
	return &Step{
		Load:      o.Load,
		Backends:  measured(subjects),
		Versus:    versus(subjects),
		IdleBytes: (online - lua.samples[Rest][0]*1e6) / float64(o.Load.Users),
	}, nil
}
