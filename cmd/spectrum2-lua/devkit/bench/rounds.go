package bench

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// parts is the number of parts of a round's load. The backends take turns after each
// part, so that they share what else happens on the machine.
const parts = 10

// pause is the time after which a backend is idle. It is longer than Go's scheduler
// looks for work before a processor sleeps.
const pause = 2 * time.Millisecond

// measureRounds measures all backends alternately, each round in new processes.
func measureRounds(ctx context.Context, s *simulator.Spectrum, o Options, subjects []*subject) error {
	for round := range o.Rounds {
		o.Progress(fmt.Sprintf("round %d of %d", round+1, o.Rounds))
		if err := measureRound(ctx, s, o, subjects, round); err != nil {
			return err
		}
	}
	return nil
}

func measureRound(ctx context.Context, s *simulator.Spectrum, o Options, subjects []*subject, round int) error {
	// The load begins right after LOGIN, so the peak of the memory contains what the
	// process does soon after its start.
	err := inTurn(subjects, round, func(sub *subject) error {
		if err := sub.start(ctx, s, o.Config); err != nil {
			return err
		}
		if err := sub.login(o.Load); err != nil {
			return sub.explain(err)
		}
		_, err := sub.load.flood(o.Round/2, nil)
		return sub.explain(err)
	})
	if err == nil {
		err = measureFlood(subjects, round, o.Round)
	}
	if err == nil {
		err = measureWindow(subjects, round, o.Round/2)
	}
	if err == nil {
		err = measureTrips(subjects, round, o.Questions)
	}
	if err == nil && o.Pauses > 0 {
		err = inTurn(subjects, round, func(sub *subject) error {
			idle, err := sub.load.askEach(o.Pauses, pause)
			sub.samples.addTimes(IdleMedian, IdleP99, idle)
			return sub.explain(err)
		})
	}
	if err != nil {
		return err
	}
	return inTurn(subjects, round, func(sub *subject) error {
		took, err := sub.exit(ctx)
		sub.samples.add(Exit, ms(took))
		return err
	})
}

// sliced calls measure for all backends in turn, several times.
func inParts(subjects []*subject, round int, measure func(*subject) error) error {
	for part := range parts {
		err := inTurn(subjects, round+part, func(sub *subject) error { return sub.explain(measure(sub)) })
		if err != nil {
			return err
		}
	}
	return nil
}

// measureFlood measures the rate and the processor time of a flood that lasts d.
func measureFlood(subjects []*subject, round int, d time.Duration) error {
	// The backends have been idle while others started.
	for _, sub := range subjects {
		if _, err := sub.load.flood(d/parts, nil); err != nil {
			return sub.explain(err)
		}
	}
	used := map[*subject]*usage{}
	err := inParts(subjects, round, func(sub *subject) error {
		return sub.measure(used, func() (int, error) { return sub.load.flood(d/parts, nil) })
	})
	for sub, u := range used {
		sub.samples.add(Rate, u.rate())
		sub.samples.add(CPU, u.cpu())
		sub.samples.add(Busy, u.busy())
	}
	return err
}

// measureWindow measures the latency during a flood that lasts d, and the peak of the
// memory.
func measureWindow(subjects []*subject, round int, d time.Duration) error {
	times := map[*subject]*latencies{}
	err := inParts(subjects, round, func(sub *subject) error {
		if times[sub] == nil {
			times[sub] = &latencies{}
		}
		_, err := sub.load.flood(d/parts, times[sub])
		return err
	})
	if err != nil {
		return err
	}
	for sub, l := range times {
		sub.samples.addTimes(WindowMedian, WindowP99, l.took)
		peak, err := sub.running.process.PeakRSS()
		if err != nil {
			return err
		}
		sub.samples.add(Peak, float64(peak)/1e6)
	}
	return nil
}

// measureTrips measures n messages one after the other.
func measureTrips(subjects []*subject, round, n int) error {
	used, times := map[*subject]*usage{}, map[*subject][]float64{}
	err := inParts(subjects, round, func(sub *subject) error {
		return sub.measure(used, func() (int, error) {
			some, err := sub.load.askEach(max(1, n/parts), 0)
			times[sub] = append(times[sub], some...)
			return len(some), err
		})
	})
	for sub, u := range used {
		sub.samples.addTimes(TripMedian, TripP99, times[sub])
		sub.samples.add(TripCPU, u.cpu())
		sub.samples.add(TripBusy, u.busy())
	}
	return err
}

// usage is the time for some echoes, and the processor time of both processes.
type usage struct {
	echoes                   int
	took, backend, generator time.Duration
}

func (u usage) rate() float64 { return float64(u.echoes) / u.took.Seconds() }
func (u usage) cpu() float64  { return us(u.backend) / float64(u.echoes) }
func (u usage) busy() float64 { return float64(u.generator) / float64(u.took) }

// measure adds the usage of a load to that of the backend.
func (sub *subject) measure(used map[*subject]*usage, load func() (echoes int, err error)) error {
	runtime.GC() // of earlier loads
	u := used[sub]
	if u == nil {
		u = &usage{}
		used[sub] = u
	}
	before, err := sub.running.process.CPU()
	if err != nil {
		return err
	}
	own, err := ownCPU()
	if err != nil {
		return err
	}
	begin := time.Now()
	echoes, err := load()
	if err != nil {
		return err
	}
	took := time.Since(begin)
	ownAfter, err := ownCPU()
	if err != nil {
		return err
	}
	after, err := sub.running.process.CPU()
	u.echoes += echoes
	u.took += took
	u.backend += after - before
	u.generator += ownAfter - own
	return err
}
