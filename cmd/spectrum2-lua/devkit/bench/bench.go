package bench

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// Options are the options of Run. Defaults returns a complete set.
type Options struct {
	Backend  Backend `json:"-"`
	Baseline Backend `json:"-"`
	// Peer is an executable that calls the function Peer. It is started if
	// Sessions, Tasks, Reload, Room or Stored is not 0.
	Peer Backend `json:"-"`
	// Config is the transport's config file.
	Config string `json:"config"`

	Load Load `json:"load"`
	// Starts is how often the start is measured.
	Starts int `json:"starts"`
	// Rounds is how often each load is measured, for Round each time.
	Rounds int           `json:"rounds"`
	Round  time.Duration `json:"round_ns"`
	// Questions are asked in each round for the time of one message, and a tenth
	// of them with pauses in between.
	Questions int `json:"questions"`
	// Sessions is the number of sessions that wait for their networks, each in its
	// own task and on its own connection. 0 skips this measurement.
	Sessions int `json:"sessions"`
	// Tasks is the number of tasks that a session starts in each round, or 0.
	Tasks int `json:"tasks"`
	// Reload is the number of sessions that are online during a reload, or 0.
	Reload int `json:"reload"`
	// Room is the number of sessions that receive a room's message, or 0.
	Room int `json:"room"`
	// Growth holds further loads.
	Growth []Load `json:"growth"`
	// Large is the config file of a large script, whose start is measured, or "".
	Large string `json:"large"`
	// Stored is the number of values that a script stores and reads in each round,
	// or 0. Databases are URLs of servers to use besides SQLite. They may hold
	// passwords.
	Stored    int      `json:"stored"`
	Databases []string `json:"-"`
	// Settle is how long a backend rests before its memory is read.
	Settle time.Duration `json:"settle_ns"`
	// Aims are the limits of the figures; default: Aims().
	Aims []Aim `json:"-"`
	// Progress receives the name of each step. It may be nil.
	Progress func(text string) `json:"-"`
}

// Defaults returns the options of a whole run, which takes about three minutes.
func Defaults() Options {
	return Options{
		Load:      Load{Users: 100, InFlight: 256, Body: 64},
		Starts:    20,
		Rounds:    5,
		Round:     time.Second,
		Questions: 2000,
		Sessions:  10_000,
		Tasks:     100_000,
		Reload:    1000,
		Room:      1000,
		Growth:    GrowingLoads(),
		Stored:    1000,
		Settle:    time.Second,
		Aims:      Aims(),
	}
}

func (o *Options) check() error {
	switch {
	case o.Starts < 1 || o.Rounds < 1 || o.Questions < 1:
		return fmt.Errorf("checking the options: %d starts, %d rounds and %d questions must all be at least 1", o.Starts, o.Rounds, o.Questions)
	case o.Sessions < 0 || o.Tasks < 0 || o.Reload < 0 || o.Room < 0 || o.Stored < 0:
		return fmt.Errorf("checking the options: %d, %d and %d sessions, %d tasks and %d values must not be negative", o.Sessions, o.Reload, o.Room, o.Tasks, o.Stored)
	}
	for _, l := range append([]Load{o.Load}, o.Growth...) {
		if l.Users < 1 || l.InFlight < 1 || l.Body < 0 {
			return fmt.Errorf("checking the options: a load needs users and messages in flight, and a body of 0 bytes or more: %+v", l)
		}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return nil
}

// subject is one of the two backends, with its figures so far.
type subject struct {
	name    string
	backend Backend
	running *running
	load    *generator

	starts []float64 // ms
	large  []float64 // ms, with the large script
	rest   float64   // bytes
	online float64   // bytes, when all users have logged in
	loaded float64   // bytes
	single latency   // to a backend at rest
	row    latency   // without a pause
	loads  map[Style]*throughput
}

// latency is how long one message and its echo take, in µs, in each round.
type latency struct{ median, p99 []float64 }

// take adds a round's times, which are sorted.
func (l *latency) take(times []float64) {
	l.median = append(l.median, quantile(times, 0.5))
	l.p99 = append(l.p99, quantile(times, 0.99))
}

// pause is the time after which a backend is idle. It is longer than Go's scheduler
// looks for work before a processor sleeps.
const pause = 2 * time.Millisecond

// throughput are the figures of each round.
type throughput struct {
	rate, cpu, generator, busy []float64
}

// Run measures both backends. It returns an error if one of them does not answer as
// expected.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	s, err := simulator.Listen(simulator.IPv4, simulator.Options{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	subjects := newSubjects(o)
	defer kill(subjects)
	for _, phase := range []func(context.Context, *simulator.Spectrum, Options, []*subject) error{
		measureStarts, prepare, measureRounds, finish,
	} {
		if err := phase(ctx, s, o, subjects); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return nil, err
		}
	}
	scripted, err := measureScript(ctx, s, o)
	var steps []Step
	if err == nil {
		steps, err = measureGrowth(ctx, s, o)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	r := newReport(o, subjects[0], subjects[1], scripted, steps)
	return r, nil
}

func newSubjects(o Options) []*subject {
	subjects := []*subject{{name: "Lua", backend: o.Backend}, {name: "baseline", backend: o.Baseline}}
	for _, sub := range subjects {
		sub.loads = map[Style]*throughput{LikeSpectrum: {}, Flood: {}}
	}
	return subjects
}

func kill(subjects []*subject) {
	for _, sub := range subjects {
		if sub.running != nil {
			sub.running.kill()
		}
	}
}

// prepare starts both backends, reads their idle memory, logs the users in and warms
// up.
func prepare(ctx context.Context, s *simulator.Spectrum, o Options, subjects []*subject) error {
	o.Progress("memory at rest")
	for _, sub := range subjects {
		var err error
		if sub.running, err = start(ctx, s, sub.backend, o.Config); err != nil {
			return fmt.Errorf("%s: %w", sub.name, err)
		}
	}
	if err := wait(ctx, o.Settle); err != nil {
		return err
	}
	for _, sub := range subjects {
		if err := sub.warmUp(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", sub.name, sub.running.explain(err))
		}
	}
	return nil
}

func (sub *subject) warmUp(ctx context.Context, o Options) error {
	if err := sub.running.ping(); err != nil {
		return err
	}
	rss, err := sub.running.process.RSS()
	if err != nil {
		return err
	}
	sub.rest = float64(rss)
	sub.load, err = newGenerator(sub.running.conn, sub.running.frames, o.Load)
	if err != nil {
		return err
	}
	if err := sub.load.login(); err != nil {
		return err
	}
	if err := wait(ctx, o.Settle); err != nil {
		return err
	}
	if rss, err = sub.running.process.RSS(); err != nil {
		return err
	}
	sub.online = float64(rss)
	// This run also checks each echo.
	_, _, err = sub.load.run(LikeSpectrum, o.Round/2)
	return err
}

// measureRounds measures both backends alternately. The order changes after each
// round.
func measureRounds(_ context.Context, _ *simulator.Spectrum, o Options, subjects []*subject) error {
	order := slices.Clone(subjects)
	for round := range o.Rounds {
		o.Progress(fmt.Sprintf("round %d of %d", round+1, o.Rounds))
		for _, sub := range order {
			if err := sub.round(o); err != nil {
				return fmt.Errorf("%s: %w", sub.name, sub.running.explain(err))
			}
		}
		slices.Reverse(order)
	}
	return nil
}

func (sub *subject) round(o Options) error {
	for _, style := range []Style{LikeSpectrum, Flood} {
		if err := sub.measure(style, o.Round); err != nil {
			return err
		}
	}
	times, err := sub.load.askEach(o.Questions, 0)
	if err != nil {
		return err
	}
	sub.row.take(times)
	if times, err = sub.load.askEach(max(1, o.Questions/10), pause); err != nil {
		return err
	}
	sub.single.take(times)
	return nil
}

// measure runs one load.
func (sub *subject) measure(style Style, d time.Duration) error {
	runtime.GC() // of earlier loads
	before, err := sub.running.process.CPU()
	if err != nil {
		return err
	}
	own, err := ownCPU()
	if err != nil {
		return err
	}
	n, took, err := sub.load.run(style, d)
	if err != nil {
		return err
	}
	ownAfter, err := ownCPU()
	if err != nil {
		return err
	}
	after, err := sub.running.process.CPU()
	if err != nil {
		return err
	}
	f := sub.loads[style]
	f.rate = append(f.rate, float64(n)/took.Seconds())
	f.cpu = append(f.cpu, us(after-before)/float64(n))
	f.generator = append(f.generator, us(ownAfter-own)/float64(n))
	f.busy = append(f.busy, float64(ownAfter-own)/float64(took))
	return nil
}

// finish reads the memory again and stops both backends.
func finish(ctx context.Context, _ *simulator.Spectrum, _ Options, subjects []*subject) error {
	for _, sub := range subjects {
		rss, err := sub.running.process.RSS()
		if err != nil {
			return fmt.Errorf("%s: %w", sub.name, err)
		}
		sub.loaded = float64(rss)
		if err := sub.running.exit(ctx); err != nil {
			return fmt.Errorf("%s: %w", sub.name, sub.running.explain(err))
		}
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func ms(d time.Duration) float64 { return float64(d) / 1e6 }
func us(d time.Duration) float64 { return float64(d) / 1e3 }
