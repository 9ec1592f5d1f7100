package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
)

// Report is the result of a run.
type Report struct {
	Machine Machine `json:"machine"`
	Options Options `json:"options"`
	// Backends are the Lua backend, the other one if there is one, and the baseline.
	Backends []Measured `json:"backends"`
	// Versus are Lua's figures divided by those of the other backend, round by round.
	Versus Figures `json:"versus,omitempty"`
	// LargeMS is the time from exec to the first PONG with Options.Large.
	LargeMS Spread `json:"large_start_ms"`
	Scripted
	// Growth holds the results of Options.Growth.
	Growth []Step `json:"growth"`
	// Verdicts compare the figures with the aims.
	Verdicts []Verdict `json:"verdicts"`
}

// Measured holds the figures of one backend.
type Measured struct {
	Name    string  `json:"name"`
	Figures Figures `json:"figures"`
	// Ratios are the figures divided by the baseline's, round by round.
	Ratios Figures `json:"ratios,omitempty"`
}

// Machine describes the machine of a run.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

func newReport(o Options, subjects []*subject, scripted Scripted, steps []Step) *Report {
	r := &Report{
		Machine:  Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version()},
		Options:  o,
		Backends: measured(subjects),
		Versus:   versus(subjects),
		LargeMS:  NewSpread(subjects[0].large),
		Scripted: scripted,
		Growth:   steps,
	}
	for _, aim := range o.Aims {
		if v, ok := aim.judge(r); ok {
			r.Verdicts = append(r.Verdicts, v)
		}
	}
	return r
}

// measured sums up the samples of all backends, of which the last one is the baseline.
func measured(subjects []*subject) (all []Measured) {
	last := len(subjects) - 1
	for i, sub := range subjects {
		m := Measured{Name: sub.name, Figures: sub.samples.figures()}
		if i < last {
			m.Ratios = sub.samples.over(subjects[last].samples)
		}
		all = append(all, m)
	}
	return all
}

// versus compares the Lua backend with the other one, if there is one.
func versus(subjects []*subject) Figures {
	if len(subjects) < 3 {
		return nil
	}
	return subjects[0].samples.over(subjects[1].samples)
}

// Met reports whether all aims are met.
func (r *Report) Met() bool {
	for _, v := range r.Verdicts {
		if !v.Met {
			return false
		}
	}
	return true
}

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// write writes the figures of the script as lines of the table.
func (s Scripted) write(line func(cells ...any)) {
	if l := s.Logins; l != nil {
		line("", "", "", "")
		line(fmt.Sprintf("%d logins at once", l.Users), "", "", "")
		line("  longest PONG meanwhile, ms", fmt.Sprintf("%.1f", l.PongMS.Median), "", "")
		line("  until all are connected, ms", fmt.Sprintf("%.0f", l.WholeMS.Median), "", "")
		line("  CPU for each, µs", fmt.Sprintf("%.1f", l.CPUUS.Median), "", "")
	}
	if w := s.Waiting; w != nil {
		line("", "", "", "")
		line(fmt.Sprintf("%d sessions in read_line", w.Sessions), "with", "without", "ratio")
		if w.Sessions < w.Wanted {
			line(fmt.Sprintf("  (not %d: a process may not have more descriptors)", w.Wanted), "", "", "")
		}
		line("  resident memory for each, kB", fmt.Sprintf("%.1f", w.Bytes/1e3), "", "")
		line("  one message and its echo, µs", fmt.Sprintf("%.1f", w.WithUS.Median), fmt.Sprintf("%.1f", w.WithoutUS.Median), fmt.Sprintf("%.2f", w.Ratio.Median))
	}
	for _, st := range s.Stores {
		line("", "", "", "")
		line(fmt.Sprintf("%d values in a store, %s", st.N, st.Engine), "script", "driver", "ratio")
		line("  set per second", fmt.Sprintf("%.0f", st.Set.Median), fmt.Sprintf("%.0f", st.BareSet.Median), fmt.Sprintf("%.2f", st.SetRatio.Median))
		line("  get per second", fmt.Sprintf("%.0f", st.Get.Median), fmt.Sprintf("%.0f", st.BareGet.Median), fmt.Sprintf("%.2f", st.GetRatio.Median))
	}
	if t := s.Tasks; t != nil {
		line("", "", "", "")
		line(fmt.Sprintf("%d tasks that do nothing", t.N), "", "", "")
		line("  start to end, µs", fmt.Sprintf("%.2f", t.US.Median), "", "")
	}
	if r := s.Reload; r != nil {
		line("", "", "", "")
		line(fmt.Sprintf("a reload with %d sessions", r.Sessions), "during", "without", "")
		line("  longest echo, ms", fmt.Sprintf("%.1f", r.PauseMS.Median), fmt.Sprintf("%.1f", r.BeforeMS.Median), "")
		line("  signal to last on.reload, ms", fmt.Sprintf("%.1f", r.WholeMS.Median), "", "")
	}
	if r := s.Room; r != nil {
		line("", "", "", "")
		line(fmt.Sprintf("a room's message to %d sessions", r.Participants), "", "", "")
		line("  time for each, µs", fmt.Sprintf("%.2f", r.EachUS.Median), "", "")
		line("  CPU for each, µs", fmt.Sprintf("%.2f", r.CPUUS.Median), "", "")
	}
}
