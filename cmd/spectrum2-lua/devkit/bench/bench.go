package bench

import (
	"context"
	"fmt"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
)

// Options are the options of Run. Defaults returns a complete set.
type Options struct {
	Backend Backend `json:"-"`
	// Against is another backend to measure in the same rounds, such as an earlier
	// version, or no Path.
	Against  Backend `json:"-"`
	Baseline Backend `json:"-"`
	// Peer is an executable that calls the function Peer. It is started if
	// Sessions, Tasks, Reload, Room or Stored is not 0.
	Peer Backend `json:"-"`
	// Config is the transport's config file.
	Config string `json:"config"`

	Load Load `json:"load"`
	// Starts is how often the start is measured. 0 skips this measurement.
	Starts int `json:"starts"`
	// Rounds is how often each load is measured, for Round each time.
	Rounds int           `json:"rounds"`
	Round  time.Duration `json:"round_ns"`
	// Questions are messages that are sent one after the other in each round. Pauses
	// are messages that are sent after a pause, or 0.
	Questions int `json:"questions"`
	Pauses    int `json:"pauses"`
	// Sessions is the number of sessions that wait for their networks, each in its
	// own task and on its own connection. 0 skips this measurement.
	Sessions int `json:"sessions"`
	// Tasks is the number of tasks that a session starts in each round, or 0.
	Tasks int `json:"tasks"`
	// Reload is the number of sessions that are online during a reload, or 0.
	Reload int `json:"reload"`
	// Room is the number of sessions that receive a room's message, or 0.
	Room int `json:"room"`
	// Logins is the number of users who log in at once, or 0.
	Logins int `json:"logins"`
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
		Questions: 5000,
		Pauses:    200,
		Sessions:  10_000,
		Tasks:     100_000,
		Reload:    1000,
		Room:      10_000,
		Logins:    20_000,
		Growth:    GrowingLoads(),
		Stored:    1000,
		Settle:    time.Second,
		Aims:      Aims(),
	}
}

// Quick leaves out everything but the leading figures. It takes less than 30 seconds for
// three backends.
func (o *Options) Quick() {
	o.Starts, o.Round, o.Pauses = 5, 500*time.Millisecond, 0
	o.Sessions, o.Tasks, o.Reload, o.Room, o.Stored, o.Logins = 0, 0, 0, 0, 0, 0
	o.Growth, o.Large = nil, ""
}

func (o *Options) check() error {
	switch {
	case o.Rounds < 1 || o.Questions < 1:
		return fmt.Errorf("checking the options: %d rounds and %d questions must all be at least 1", o.Rounds, o.Questions)
	case o.Starts < 0 || o.Pauses < 0:
		return fmt.Errorf("checking the options: %d starts and %d pauses must not be negative", o.Starts, o.Pauses)
	case o.Sessions < 0 || o.Tasks < 0 || o.Reload < 0 || o.Room < 0 || o.Stored < 0 || o.Logins < 0:
		return fmt.Errorf("checking the options: %d, %d and %d sessions, %d tasks, %d values and %d logins must not be negative",
			o.Sessions, o.Reload, o.Room, o.Tasks, o.Stored, o.Logins)
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

// Run measures all backends. It returns an error if one of them does not answer as
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
		measureStarts, measureRest, measureRounds,
	} {
		if err := phase(ctx, s, o, subjects); err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return nil, err
		}
	}
	var more Scripted
	var steps []Step
	logins, err := measureLogins(ctx, s, o)
	if err == nil {
		more, err = measureScript(ctx, s, o)
	}
	if err == nil {
		steps, err = measureGrowth(ctx, s, o)
	}
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	more.Logins = logins
	return newReport(o, subjects, more, steps), nil
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
