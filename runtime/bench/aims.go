package bench

import (
	"fmt"
	"math"
)

// Aim is what a figure should be.
type Aim struct {
	Name string `json:"name"`
	Unit string `json:"unit,omitempty"`
	// Limit must not be passed: upwards, or if AtLeast downwards.
	Limit   float64 `json:"limit"`
	AtLeast bool    `json:"at_least,omitempty"`

	of func(*Report) float64 // NaN if it was not measured
}

// Aims are those of the Lua backend with a script that echoes.
func Aims() []Aim {
	return []Aim{
		{"start to first PONG", " ms", 9.5, false, func(r *Report) float64 { return r.Lua.StartMS.Median }},
		{"memory at rest", " MB", 12, false, func(r *Report) float64 { return r.Lua.RestMB }},
		{"echoes per second, beside the baseline", "", 0.35, true, func(r *Report) float64 { return r.Ratios.LikeSpectrum.Rate.Median }},
		{"memory for a session that waits", " kB", 30, false, ofWaiting(func(w *Waiting) float64 { return w.Bytes / 1e3 })},
		{"latency, beside that without them", "", 1.5, false, ofWaiting(func(w *Waiting) float64 { return w.Ratio.Median })},
		{"values stored, beside the bare driver", "", 0.5, true, worstStore(func(s Store) float64 { return s.SetRatio.Median })},
		{"values read, beside the bare driver", "", 0.5, true, worstStore(func(s Store) float64 { return s.GetRatio.Median })},
		{"a task, start to end", " µs", 3, false, func(r *Report) float64 {
			if r.Tasks == nil {
				return math.NaN()
			}
			return r.Tasks.US.Median
		}},
		{"pause at a reload", " ms", 10, false, func(r *Report) float64 {
			if r.Reload == nil {
				return math.NaN()
			}
			return r.Reload.PauseMS.Median
		}},
	}
}

// worstStore is the lowest of the stores' ratios.
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

// Verdict is an aim and what was found.
type Verdict struct {
	Aim
	Value float64 `json:"value"`
	Met   bool    `json:"met"`
}

// judge tells whether the aim is met; ok is false if nothing was measured for
// it.
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
