package bench

import (
	"context"
	"fmt"
	"slices"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// Step holds the figures of both backends under one load of Options.Growth, in the style Flood.
type Step struct {
	Load     Load        `json:"load"`
	Lua      LoadFigures `json:"lua"`
	Baseline LoadFigures `json:"baseline"`
	Ratios   LoadFigures `json:"ratios"`
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
	lua, baseline := subjects[0], subjects[1]
	if err := prepare(ctx, s, o, subjects); err != nil {
		return nil, err
	}
	order := slices.Clone(subjects)
	for range o.Rounds {
		for _, sub := range order {
			if err := sub.measure(Flood, o.Round); err != nil {
				return nil, fmt.Errorf("%s: %w", sub.name, sub.running.explain(err))
			}
		}
		slices.Reverse(order)
	}
	if err := finish(ctx, s, o, subjects); err != nil {
		return nil, err
	}
	return &Step{
		Load:      o.Load,
		Lua:       lua.loads[Flood].figures(),
		Baseline:  baseline.loads[Flood].figures(),
		Ratios:    loadRatios(lua.loads[Flood], baseline.loads[Flood]),
		IdleBytes: (lua.online - lua.rest) / float64(o.Load.Users),
	}, nil
}

// bytesPerSecond returns the rate of the echoed texts.
func (s Step) bytesPerSecond(f LoadFigures) float64 { return f.Rate.Median * float64(s.Load.Body) }

// writeGrowth writes the steps as lines of the table.
func writeGrowth(steps []Step, line func(cells ...any)) {
	if len(steps) == 0 {
		return
	}
	line("", "", "", "")
	line("a flood, by users and bytes", "Lua", "baseline", "ratio")
	for _, s := range steps {
		line(fmt.Sprintf("  %d users, %d bytes", s.Load.Users, s.Load.Body), "", "", "")
		line("    echoes per second", fmt.Sprintf("%.0f", s.Lua.Rate.Median), fmt.Sprintf("%.0f", s.Baseline.Rate.Median), fmt.Sprintf("%.2f", s.Ratios.Rate.Median))
		line("    MB of text per second", fmt.Sprintf("%.1f", s.bytesPerSecond(s.Lua)/1e6), fmt.Sprintf("%.1f", s.bytesPerSecond(s.Baseline)/1e6), "")
		line("    CPU per echo, µs", fmt.Sprintf("%.2f", s.Lua.CPUUS.Median), fmt.Sprintf("%.2f", s.Baseline.CPUUS.Median), fmt.Sprintf("%.2f", s.Ratios.CPUUS.Median))
		if s.Load.Users >= idleUsers {
			line("    memory for each idle session, kB", fmt.Sprintf("%.2f", s.IdleBytes/1e3), "", "")
		}
	}
}
