package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// Report is the result of a run.
type Report struct {
	Machine  Machine `json:"machine"`
	Options  Options `json:"options"`
	Lua      Figures `json:"lua"`
	Baseline Figures `json:"baseline"`
	// Ratios are Lua's figures divided by the baseline's, round by round.
	Ratios Figures `json:"ratios"`
	// LargeMS is the time from exec to the first PONG with Options.Large.
	LargeMS Spread `json:"large_start_ms"`
	Scripted
	// Growth holds the results of Options.Growth.
	Growth []Step `json:"growth"`
	// Verdicts compare the figures with the aims.
	Verdicts []Verdict `json:"verdicts"`
}

// Machine describes the machine of a run.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
	Go   string `json:"go"`
}

// Figures are the figures of one backend, or the ratios of two.
type Figures struct {
	// StartMS is the time from exec to the first PONG.
	StartMS Spread `json:"start_ms"`
	// RestMB is the resident memory after the first PONG and a pause, and LoadedMB that
	// after the load, in millions of bytes.
	RestMB   float64 `json:"rest_mb"`
	LoadedMB float64 `json:"loaded_mb"`
	// LikeSpectrum and Flood are the two styles of load.
	LikeSpectrum LoadFigures `json:"like_spectrum"`
	Flood        LoadFigures `json:"flood"`
	// Single is the latency of one message to an idle backend. Row is the latency of one of
	// many messages, each sent at the previous echo.
	Single Latency `json:"latency"`
	Row    Latency `json:"latency_in_a_row"`
}

// Latency is the time for one message and its echo.
type Latency struct {
	MedianUS Spread `json:"median_us"`
	P99US    Spread `json:"p99_us"`
}

// LoadFigures are the figures of one style of load.
type LoadFigures struct {
	// Rate is echoes per second.
	Rate Spread `json:"rate"`
	// CPUUS is the backend's processor time per echo, GeneratorUS that of the
	// load generator.
	CPUUS       Spread `json:"cpu_us"`
	GeneratorUS Spread `json:"generator_us"`
	// GeneratorBusy is the part of the time in which the load generator worked. Near 1, the
	// generator limits the rate.
	GeneratorBusy Spread `json:"generator_busy"`
}

func newReport(o Options, lua, baseline *subject, scripted Scripted, steps []Step) *Report {
	r := &Report{
		Machine:  Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU(), Go: runtime.Version()},
		Options:  o,
		Lua:      lua.figures(),
		Baseline: baseline.figures(),
		LargeMS:  spread(lua.large),
		Scripted: scripted,
		Growth:   steps,
	}
	r.Ratios = Figures{
		StartMS:      spread(ratios(lua.starts, baseline.starts)),
		RestMB:       lua.rest / baseline.rest,
		LoadedMB:     lua.loaded / baseline.loaded,
		LikeSpectrum: loadRatios(lua.loads[LikeSpectrum], baseline.loads[LikeSpectrum]),
		Flood:        loadRatios(lua.loads[Flood], baseline.loads[Flood]),
		Single:       latencyRatios(lua.single, baseline.single),
		Row:          latencyRatios(lua.row, baseline.row),
	}
	for _, aim := range o.Aims {
		if v, ok := aim.judge(r); ok {
			r.Verdicts = append(r.Verdicts, v)
		}
	}
	return r
}

func (sub *subject) figures() Figures {
	return Figures{
		StartMS:      spread(sub.starts),
		RestMB:       sub.rest / 1e6,
		LoadedMB:     sub.loaded / 1e6,
		LikeSpectrum: sub.loads[LikeSpectrum].figures(),
		Flood:        sub.loads[Flood].figures(),
		Single:       sub.single.figures(),
		Row:          sub.row.figures(),
	}
}

func (t *throughput) figures() LoadFigures {
	return LoadFigures{Rate: spread(t.rate), CPUUS: spread(t.cpu), GeneratorUS: spread(t.generator), GeneratorBusy: spread(t.busy)}
}

func (l latency) figures() Latency { return Latency{spread(l.median), spread(l.p99)} }

func latencyRatios(over, under latency) Latency {
	return Latency{spread(ratios(over.median, under.median)), spread(ratios(over.p99, under.p99))}
}

func loadRatios(over, under *throughput) LoadFigures {
	return LoadFigures{
		Rate:          spread(ratios(over.rate, under.rate)),
		CPUUS:         spread(ratios(over.cpu, under.cpu)),
		GeneratorUS:   spread(ratios(over.generator, under.generator)),
		GeneratorBusy: spread(ratios(over.busy, under.busy)),
	}
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

// WriteText writes the report as tables for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	m, o := r.Machine, r.Options
	fmt.Fprintf(&b, "%s/%s, %d processors, %s; %d users, %d messages in flight, bodies of %d bytes;\n%d rounds of %v, alternately with the baseline, a plain Go echo. Medians.\n\n",
		m.OS, m.Arch, m.CPUs, m.Go, o.Load.Users, o.Load.InFlight, o.Load.Body, o.Rounds, o.Round)
	line := func(cells ...any) {
		text := fmt.Sprintf("%-36s%11s%11s%9s", cells...)
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	line("", "Lua", "baseline", "ratio")
	for _, row := range rows {
		if row.of == nil {
			line(row.name, "", "", "")
			continue
		}
		line(row.name, row.format(row.of(&r.Lua)), row.format(row.of(&r.Baseline)), row.ratioText(r))
	}
	if r.LargeMS.N > 0 {
		line("", "", "", "")
		line("start to first PONG, "+filepath.Base(o.Large), "", "", "")
		line("  median, ms", fmt.Sprintf("%.1f", r.LargeMS.Median), "", "")
		line("  fastest, ms", fmt.Sprintf("%.1f", r.LargeMS.Min), "", "")
	}
	r.Scripted.write(line)
	writeGrowth(r.Growth, line)
	b.WriteString("\n")
	for _, v := range r.Verdicts {
		fmt.Fprintf(&b, "%-8s%-42s%-12s%s\n", v.mark(), v.Name, fmt.Sprintf("%.2f%s", v.Value, v.Unit), "aim: "+v.limit())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// write writes the figures of the script as lines of the table.
func (s Scripted) write(line func(cells ...any)) {
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

// row is a line of the table: a heading, or a figure if of is set.
type row struct {
	name     string
	of       func(*Figures) float64
	decimals int
	noRatio  bool
}

var rows = slices.Concat([]row{
	{name: "start to first PONG"},
	{"  median, ms", func(f *Figures) float64 { return f.StartMS.Median }, 1, false},
	{"  fastest, ms", func(f *Figures) float64 { return f.StartMS.Min }, 1, true},
	{"  slowest, ms", func(f *Figures) float64 { return f.StartMS.Max }, 1, true},
	{name: "resident memory"},
	{"  at rest, MB", func(f *Figures) float64 { return f.RestMB }, 1, false},
	{"  after the load, MB", func(f *Figures) float64 { return f.LoadedMB }, 1, false},
},
	loadRows("load as Spectrum makes it", func(f *Figures) *LoadFigures { return &f.LikeSpectrum }),
	loadRows("flood of frames made beforehand", func(f *Figures) *LoadFigures { return &f.Flood }),
	latencyRows("one message and its echo", func(f *Figures) *Latency { return &f.Single }),
	latencyRows("one after the other without a pause", func(f *Figures) *Latency { return &f.Row }))

func latencyRows(name string, of func(*Figures) *Latency) []row {
	return []row{
		{name: name},
		{"  median, µs", func(f *Figures) float64 { return of(f).MedianUS.Median }, 1, false},
		{"  99th percentile, µs", func(f *Figures) float64 { return of(f).P99US.Median }, 1, false},
	}
}

func loadRows(name string, of func(*Figures) *LoadFigures) []row {
	return []row{
		{name: name},
		{"  echoes per second", func(f *Figures) float64 { return of(f).Rate.Median }, 0, false},
		{"  CPU per echo, µs", func(f *Figures) float64 { return of(f).CPUUS.Median }, 2, false},
		{"  load generator, CPU per echo, µs", func(f *Figures) float64 { return of(f).GeneratorUS.Median }, 2, true},
		{"  load generator, busy, %", func(f *Figures) float64 { return 100 * of(f).GeneratorBusy.Median }, 0, true},
	}
}

func (r row) format(v float64) string { return fmt.Sprintf("%.*f", r.decimals, v) }

func (r row) ratioText(report *Report) string {
	if r.noRatio {
		return ""
	}
	return fmt.Sprintf("%.2f", r.of(&report.Ratios))
}
