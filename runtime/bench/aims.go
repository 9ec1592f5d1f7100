package bench

import "fmt"

// Aim is what a figure should be.
type Aim struct {
	Name string `json:"name"`
	Unit string `json:"unit,omitempty"`
	// Limit must not be passed: upwards, or if AtLeast downwards.
	Limit   float64 `json:"limit"`
	AtLeast bool    `json:"at_least,omitempty"`

	of func(*Report) float64
}

// Aims are those of the Lua backend with a script that echoes.
func Aims() []Aim {
	return []Aim{
		{"start to first PONG", " ms", 9.5, false, func(r *Report) float64 { return r.Lua.StartMS.Median }},
		{"memory at rest", " MB", 12, false, func(r *Report) float64 { return r.Lua.RestMB }},
		{"echoes per second, beside the baseline", "", 0.35, true, func(r *Report) float64 { return r.Ratios.LikeSpectrum.Rate.Median }},
	}
}

// Verdict is an aim and what was found.
type Verdict struct {
	Aim
	Value float64 `json:"value"`
	Met   bool    `json:"met"`
}

func (a Aim) judge(r *Report) Verdict {
	v := Verdict{Aim: a, Value: a.of(r)}
	v.Met = v.Value <= a.Limit
	if a.AtLeast {
		v.Met = v.Value >= a.Limit
	}
	return v
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
