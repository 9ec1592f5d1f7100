package bench

import (
	"fmt"
	"math"
)

// Aim is a goal for one figure.
type Aim struct {
	Name string `json:"name"`
	Unit string `json:"unit,omitempty"`
	// Limit is the highest value that meets the aim, or the lowest one if AtLeast is true.
	Limit   float64 `json:"limit"`
	AtLeast bool    `json:"at_least,omitempty"`

	of func(*Report) float64 // NaN if it was not measured
}

// Aims returns the aims of the Lua backend. Its script answers each message with an echo.
func Aims() []Aim {
	return []Aim{
		{"echoes per second, ratio to baseline", "", 0.4, true, ratio(Rate)},
		{"CPU per echo, ratio to baseline", "", 6.5, false, ratio(CPU)},
		{"CPU one at a time, ratio to baseline", "", 1.35, false, ratio(TripCPU)},
		{"round trip, median, ratio to baseline", "", 1.4, false, ratio(TripMedian)},
		{"peak memory", " MB", 28, false, figure(Peak)},
		{"EXIT to end", " ms", 10, false, figure(Exit)},
		{"start to first PONG", " ms", 8, false, figure(Start)},
		{"start with a large script", " ms", 25, false, median(func(r *Report) Spread { return r.LargeMS })},
		{"memory at rest", " MB", 12, false, figure(Rest)},
		{"memory for an idle session", " kB", 2, false, idleKB},
		{"rate with most users, ratio to fewest", "", 0.8, true, flatness},
		{"memory for a session that waits", " kB", 25, false, ofWaiting(func(w *Waiting) float64 { return w.Bytes / 1e3 })},
		{"latency, ratio to without them", "", 1.5, false, ofWaiting(func(w *Waiting) float64 { return w.Ratio.Median })},
		{"values stored, ratio to bare driver", "", 0.5, true, worstStore(func(s Store) float64 { return s.SetRatio.Median })},
		{"values read, ratio to bare driver", "", 0.5, true, worstStore(func(s Store) float64 { return s.GetRatio.Median })},
		{"a task, start to end", " µs", 3, false, median(func(r *Report) (s Spread) {
			if r.Tasks != nil {
				s = r.Tasks.US
			}
			return s
		})},
		{"longest PONG during logins", " ms", 50, false, median(func(r *Report) (s Spread) {
			if r.Logins != nil {
				s = r.Logins.PongMS
			}
			return s
		})},
		{"a room's message, each", " µs", 2.5, false, median(func(r *Report) (s Spread) {
			if r.Room != nil {
				s = r.Room.EachUS
			}
			return s
		})},
		{"pause at a reload", " ms", 10, false, median(func(r *Report) (s Spread) {
			if r.Reload != nil {
				s = r.Reload.PauseMS
			}
			return s
		})},
	}
}

// figure returns the median of a figure of the Lua backend.
func figure(f Figure) func(*Report) float64 {
	return median(func(r *Report) Spread { return r.Backends[0].Figures[f] })
}

// ratio returns the median of a ratio of the Lua backend to the baseline.
func ratio(f Figure) func(*Report) float64 {
	return median(func(r *Report) Spread { return r.Backends[0].Ratios[f] })
}

// median returns the median of a measurement.
func median(of func(*Report) Spread) func(*Report) float64 {
	return func(r *Report) float64 {
		if s := of(r); s.N > 0 {
			return s.Median
		}
		return math.NaN()
	}
}

// idleKB returns the memory for each idle session in the run with the most sessions.
func idleKB(r *Report) float64 {
	kb, users := math.NaN(), idleUsers-1
	for _, s := range r.Growth {
		if s.Load.Users > users {
			kb, users = s.IdleBytes/1e3, s.Load.Users
		}
	}
	return kb
}

// flatness returns the rate with the most users divided by the rate with the fewest users.
// Only runs with texts of the same length count.
func flatness(r *Report) float64 {
	if len(r.Growth) == 0 {
		return math.NaN()
	}
	few, many := r.Growth[0], r.Growth[0]
	for _, s := range r.Growth {
		switch {
		case s.Load.Body != few.Load.Body:
		case s.Load.Users < few.Load.Users:
			few = s
		case s.Load.Users > many.Load.Users:
			many = s
		}
	}
	if few.Load.Users == many.Load.Users {
		return math.NaN()
	}
	return many.Backends[0].Figures[Rate].Median / few.Backends[0].Figures[Rate].Median
}

// worstStore returns the lowest ratio of all stores.
func worstStore(of func(Store) float64) func(*Report) float64 {
	return func(r *Report) float64 {
		worst := math.NaN()
		for _, s := range r.Stores {
			if ratio := of(s); math.IsNaN(worst) || ratio < worst {
				worst = ratio
			}
		}
		return worst
	}
}

func ofWaiting(of func(*Waiting) float64) func(*Report) float64 {
	return func(r *Report) float64 {
		if r.Waiting == nil {
			return math.NaN()
		}
		return of(r.Waiting)
	}
}

// Verdict is an aim with the measured figure.
type Verdict struct {
	Aim
	Value float64 `json:"value"`
	Met   bool    `json:"met"`
}

// judge compares the report with the aim. ok is false if the report lacks the
// figure.
func (a Aim) judge(r *Report) (v Verdict, ok bool) {
	v = Verdict{Aim: a, Value: a.of(r)}
	v.Met = v.Value <= a.Limit
	if a.AtLeast {
		v.Met = v.Value >= a.Limit
	}
	return v, !math.IsNaN(v.Value)
}

func (v Verdict) mark() string {
	if v.Met {
		return "met"
	}
	return "MISSED"
}

func (v Verdict) limit() string {
	if v.AtLeast {
		return fmt.Sprintf("at least %v%s", v.Limit, v.Unit)
	}
	return fmt.Sprintf("at most %v%s", v.Limit, v.Unit)
}
