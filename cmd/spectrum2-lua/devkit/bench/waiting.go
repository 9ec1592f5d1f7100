package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// Waiting holds the cost of sessions that only wait, each in read_line on its own
// connection.
type Waiting struct {
	// Sessions is the number of sessions: Wanted, or fewer if the limit of descriptors is
	// lower.
	Sessions int `json:"sessions"`
	Wanted   int `json:"wanted"`
	// Bytes is the resident memory for each session.
	Bytes float64 `json:"bytes_each"`
	// WithUS is the time of one message and its echo for another user of the same
	// process. WithoutUS is that time in a process without sessions that wait. Both
	// are medians of each round, and Ratio is their quotient.
	WithUS    Spread `json:"latency_with_us"`
	WithoutUS Spread `json:"latency_without_us"`
	Ratio     Spread `json:"latency_ratio"`
}

// measureWaiting runs two backends at the same time, one with waiting sessions and one
// without.
func measureWaiting(ctx context.Context, s *simulator.Spectrum, o Options, config string) (*Waiting, error) {
	sessions, err := affordable(o.Sessions)
	if err != nil {
		return nil, err
	}
	w := &Waiting{Sessions: sessions, Wanted: o.Sessions}
	o.Progress(fmt.Sprintf("%d sessions that wait", w.Sessions))
	var subjects []*scripted
	defer func() {
		for _, sub := range subjects {
			sub.running.kill()
		}
	}()
	for range 2 {
		sub, err := startScript(ctx, s, o, config)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, sub)
	}
	with, without := subjects[0], subjects[1]
	if err := w.crowd(ctx, o, with); err != nil {
		return nil, with.running.explain(err)
	}
	if err := w.compare(o, with, without); err != nil {
		return nil, fmt.Errorf("%w\n%s%s", err, with.running.process.Output(), without.running.process.Output())
	}
	// All sessions must still be waiting.
	if _, err := with.load.question("waiting", strconv.Itoa(w.Sessions+1)); err != nil {
		return nil, with.running.explain(err)
	}
	for _, sub := range subjects {
		if err := sub.running.hurry(); err != nil {
			return nil, err
		}
		if _, err := sub.running.exit(ctx); err != nil {
			return nil, sub.running.explain(err)
		}
	}
	return w, nil
}

// crowd logs the waiting users in, and measures the memory before and after.
func (w *Waiting) crowd(ctx context.Context, o Options, sub *scripted) error {
	// The memory for the first messages does not count.
	if _, err := sub.latency(o.Questions); err != nil {
		return err
	}
	before, err := sub.restingRSS(ctx, o, 1)
	if err != nil {
		return err
	}
	if err := sub.fill(1, w.Sessions); err != nil {
		return err
	}
	after, err := sub.restingRSS(ctx, o, w.Sessions+1)
	if err != nil {
		return err
	}
	w.Bytes = float64(after-before) / float64(w.Sessions)
	return nil
}

// fill logs n users in, a few at a time, because the queue of a listening socket is short.
func (sub *scripted) fill(from, n int) error {
	const together = 100
	for end := from + n; from < end; from += together {
		if err := sub.running.hurry(); err != nil {
			return err
		}
		if err := sub.load.loginUsers(from, min(together, end-from)); err != nil {
			return err
		}
	}
	return nil
}

// restingRSS returns the resident memory as soon as that many tasks wait.
func (sub *scripted) restingRSS(ctx context.Context, o Options, waiting int) (int64, error) {
	if err := wait(ctx, o.Settle); err != nil {
		return 0, err
	}
	if _, err := sub.load.question("waiting", strconv.Itoa(waiting)); err != nil {
		return 0, err
	}
	return sub.running.process.RSS()
}

// compare measures the latency of both processes alternately. The order changes
// after each round.
func (w *Waiting) compare(o Options, with, without *scripted) error {
	medians := map[*scripted][]float64{}
	order := []*scripted{with, without}
	for range o.Rounds {
		for _, sub := range order {
			median, err := sub.latency(o.Questions)
			if err != nil {
				return err
			}
			medians[sub] = append(medians[sub], median)
		}
		slices.Reverse(order)
	}
	w.WithUS, w.WithoutUS = NewSpread(medians[with]), NewSpread(medians[without])
	w.Ratio = NewSpread(Ratios(medians[with], medians[without]))
	return nil
}

// latency returns the median time of one message and its echo, in µs.
func (sub *scripted) latency(questions int) (float64, error) {
	if err := sub.running.hurry(); err != nil {
		return 0, err
	}
	times, err := sub.load.askEach(questions, 0)
	return quantile(sorted(times), 0.5), err
}
