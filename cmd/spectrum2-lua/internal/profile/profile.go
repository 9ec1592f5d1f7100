// Package profile turns the profiles of processes into tables and into pprof's format.
package profile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/dustin/go-humanize/english"
	"github.com/google/pprof/profile"

	"spectrumlua/runtime/admin"
)

// rows is the number of rows of each table.
const rows = 15

// Table prints where the time of profiles went: by function, by line, by handler and by user.
func Table(profiles []*admin.Profile, print func(line string)) {
	t := newTotals(profiles)
	print(fmt.Sprintf("The script had the script lock for %.1f%% of %.0fs: %d of %d samples, from %s.",
		t.share(t.count, t.ticks), t.seconds, t.count, t.ticks, english.Plural(len(profiles), "process", "")))
	if t.dropped > 0 {
		print(fmt.Sprintf("%d samples lack their inner calls, because there were too many different stacks.", t.dropped))
	}
	if t.count == 0 {
		return
	}
	for _, table := range []struct {
		title string
		all   map[string]*cost
		inner bool
	}{
		{"By function", t.functions, true}, {"By line", t.lines, true}, {"By handler", t.handlers, false}, {"By user", t.users, false},
	} {
		print("")
		names := table.all
		sorted := make([]string, 0, len(names))
		for name := range names {
			sorted = append(sorted, name)
		}
		slices.SortFunc(sorted, func(a, b string) int {
			return cmp.Or(cmp.Compare(names[b].self, names[a].self), cmp.Compare(names[b].all, names[a].all), cmp.Compare(a, b))
		})
		if table.inner {
			print("   SELF    TOTAL  " + table.title)
		} else {
			print("  TOTAL  " + table.title)
		}
		for _, name := range sorted[:min(rows, len(sorted))] {
			c := names[name]
			if table.inner {
				print(fmt.Sprintf("%6.1f%%  %6.1f%%  %s", t.share(c.self, t.count), t.share(c.all, t.count), name))
			} else {
				print(fmt.Sprintf("%6.1f%%  %s", t.share(c.self, t.count), name))
			}
		}
		if more := len(sorted) - rows; more > 0 {
			print(fmt.Sprintf("         … %d more", more))
		}
	}
}

// cost counts samples: those in which something is the innermost, and all that contain it.
type cost struct{ self, all int }

// totals are the sums over profiles.
type totals struct {
	count, ticks, dropped             int
	seconds                           float64
	functions, lines, handlers, users map[string]*cost
}

func newTotals(profiles []*admin.Profile) *totals {
	t := &totals{functions: map[string]*cost{}, lines: map[string]*cost{}, handlers: map[string]*cost{}, users: map[string]*cost{}}
	for _, p := range profiles {
		t.ticks += p.Ticks
		t.dropped += p.Dropped
		t.seconds = max(t.seconds, p.Seconds)
		for _, s := range p.Samples {
			t.add(p, s)
		}
	}
	return t
}

func (t *totals) add(p *admin.Profile, s admin.ProfiledSamples) {
	t.count += s.Count
	count(t.handlers, s.Handler).self += s.Count
	count(t.users, cmp.Or(s.User, "(process)")).self += s.Count
	if len(s.Stack) == 0 {
		count(t.functions, outside).add(s.Count, true)
		count(t.lines, outside).add(s.Count, true)
		return
	}
	functions, lines := map[string]bool{}, map[string]bool{} // each counts once, also in a recursion
	for i, n := range s.Stack {
		place := p.Places[n]
		if f := functionName(place); !functions[f] {
			functions[f] = true
			count(t.functions, f).add(s.Count, i == 0)
		}
		if place.File == "" {
			continue
		}
		line := fmt.Sprintf("%s:%d", place.File, place.Line)
		if !lines[line] {
			count(t.lines, line).add(s.Count, len(lines) == 0)
			lines[line] = true
		}
	}
}

// outside is the place of a task that is not in Lua.
const outside = "(outside of Lua)"

func count(all map[string]*cost, name string) *cost {
	c := all[name]
	if c == nil {
		c = &cost{}
		all[name] = c
	}
	return c
}

func (c *cost) add(n int, self bool) {
	c.all += n
	if self {
		c.self += n
	}
}

func (t *totals) share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return 100 * float64(n) / float64(of)
}

// functionName names a function: by its name where it was called, and where it begins.
func functionName(p admin.ProfilePlace) string {
	switch {
	case p.File == "":
		return cmp.Or(p.Function, "(a function of Go)")
	case p.Start == 0:
		return "main chunk of " + p.File
	case p.Function == "":
		return fmt.Sprintf("%s:%d", p.File, p.Start)
	}
	return fmt.Sprintf("%s (%s:%d)", p.Function, p.File, p.Start)
}

// Write writes profiles in pprof's format, compressed. Samples have the labels user, handler
// and pid.
func Write(profiles []*admin.Profile, w io.Writer) error {
	out := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &profile.ValueType{Type: "cpu", Unit: "nanoseconds"},
		TimeNanos:  time.Now().UnixNano(),
	}
	b := builder{out: out, functions: map[functionKey]*profile.Function{}, locations: map[admin.ProfilePlace]*profile.Location{}}
	for _, p := range profiles {
		period := int64(time.Second) / int64(max(p.Rate, 1))
		out.Period = period
		out.DurationNanos = max(out.DurationNanos, int64(p.Seconds*float64(time.Second)))
		for _, s := range p.Samples {
			sample := &profile.Sample{
				Value: []int64{int64(s.Count), int64(s.Count) * period},
				Label: map[string][]string{"user": {cmp.Or(s.User, "(process)")}, "handler": {s.Handler}, "pid": {fmt.Sprint(p.PID)}},
			}
			for _, n := range s.Stack {
				sample.Location = append(sample.Location, b.location(p.Places[n]))
			}
			sample.Location = append(sample.Location, b.location(admin.ProfilePlace{Function: s.Handler}))
			out.Sample = append(out.Sample, sample)
		}
	}
	if err := out.CheckValid(); err != nil {
		return err
	}
	return out.Write(w)
}

// builder makes the functions and locations of a profile.
type builder struct {
	out       *profile.Profile
	functions map[functionKey]*profile.Function
	locations map[admin.ProfilePlace]*profile.Location
}

type functionKey struct {
	name, file string
	start      int
}

func (b *builder) location(p admin.ProfilePlace) *profile.Location {
	if l := b.locations[p]; l != nil {
		return l
	}
	l := &profile.Location{ID: uint64(len(b.out.Location) + 1), Line: []profile.Line{{Function: b.function(p), Line: int64(p.Line)}}}
	b.locations[p] = l
	b.out.Location = append(b.out.Location, l)
	return l
}

func (b *builder) function(p admin.ProfilePlace) *profile.Function {
	key := functionKey{functionName(p), p.File, p.Start}
	if f := b.functions[key]; f != nil {
		return f
	}
	f := &profile.Function{ID: uint64(len(b.out.Function) + 1), Name: key.name, SystemName: key.name, Filename: p.File, StartLine: int64(p.Start)}
	b.functions[key] = f
	b.out.Function = append(b.out.Function, f)
	return f
}
