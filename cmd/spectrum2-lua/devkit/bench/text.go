package bench

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
)

// busyLimit is the part of one processor above which the load generator may limit a
// rate.
const busyLimit = 0.5

// row is a figure in a table of all backends. busy tells how busy the generator was, if it
// may limit the figure.
type row struct {
	title    string
	figure   Figure
	decimals int
	busy     Figure
}

// leading are the figures of the first table.
var leading = []row{
	rateRow,
	cpuRow,
	{"message to its echo, median, µs", WindowMedian, 1, ""},
	{"message to its echo, 99th percentile, µs", WindowP99, 1, ""},
	{"load generator, part of a processor", Busy, 2, ""},
	{"one at a time: CPU per echo, µs", TripCPU, 1, ""},
	{"one at a time: round trip, median, µs", TripMedian, 1, ""},
	{"one at a time: round trip, 99th percentile, µs", TripP99, 1, ""},
	{"one at a time: load generator, part of a processor", TripBusy, 2, ""},
	{"after a pause: round trip, median, µs", IdleMedian, 1, ""},
	{"after a pause: round trip, 99th percentile, µs", IdleP99, 1, ""},
	{"peak memory, MB", Peak, 1, ""},
	{"memory at rest, MB", Rest, 1, ""},
	{"start to first PONG, ms", Start, 1, ""},
	{"EXIT to the end of the process, ms", Exit, 1, ""},
}

var (
	rateRow = row{"echoes per second", Rate, 0, Busy}
	cpuRow  = row{"CPU per echo, µs", CPU, 2, ""}
)

// WriteText writes the report as tables for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	m, o := r.Machine, r.Options
	fmt.Fprintf(&b, "%s/%s, %d processors, %s; %d users, %d messages in flight, bodies of %d bytes;\n%d rounds of %v, alternately with the baseline, a plain Go echo.\n\n",
		m.OS, m.Arch, m.CPUs, m.Go, o.Load.Users, o.Load.InFlight, o.Load.Body, o.Rounds, o.Round)
	writeBackends(&b, "", leading, r.Backends, r.Versus)
	line := func(cells ...any) {
		text := fmt.Sprintf("%-36s%11s%11s%9s", cells...)
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	if r.LargeMS.N > 0 {
		line("", "", "", "")
		line("start to first PONG, "+filepath.Base(o.Large), "", "", "")
		line("  median, ms", fmt.Sprintf("%.1f", r.LargeMS.Median), "", "")
		line("  fastest, ms", fmt.Sprintf("%.1f", r.LargeMS.Min), "", "")
	}
	r.Scripted.write(line)
	writeGrowth(r.Growth, &b)
	b.WriteString("\n")
	for _, v := range r.Verdicts {
		fmt.Fprintf(&b, "%-8s%-42s%-12s%s\n", v.mark(), v.Name, fmt.Sprintf("%.2f%s", v.Value, v.Unit), "aim: "+v.limit())
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeBackends writes a table of all backends, with the lowest and the highest value of
// all rounds. It leaves out figures that were not measured.
func writeBackends(b *strings.Builder, title string, rows []row, backends []Measured, versus Figures) {
	fmt.Fprintf(b, "%-22s%10s %10s %10s   %8s %7s %7s\n", title, "median", "min", "max", "ratio", "min", "max")
	limited := false
	for _, row := range rows {
		if backends[0].Figures[row.figure].N == 0 {
			continue
		}
		b.WriteString(row.title + "\n")
		for _, m := range backends {
			mark := ""
			if row.busy != "" && m.Figures[row.busy].Median > busyLimit {
				mark, limited = "*", true
			}
			tableLine(b, "  "+m.Name, m.Figures[row.figure], m.Ratios[row.figure], row.decimals, mark)
		}
		if s, ok := versus[row.figure]; ok {
			tableLine(b, "  "+luaName+" / "+againstName, s, Spread{}, 3, "")
		}
	}
	if limited {
		fmt.Fprintf(b, "* WARNING: The load generator used more than %.0f %% of a processor, so it may limit\n  this rate. Compare the CPU per echo instead.\n", 100*busyLimit)
	}
}

// tableLine writes one figure of one backend. ratio is empty for the baseline.
func tableLine(b *strings.Builder, name string, s, ratio Spread, decimals int, mark string) {
	fmt.Fprintf(b, "%-22s%10.*f%1s%10.*f %10.*f", name, decimals, s.Median, mark, decimals, s.Min, decimals, s.Max)
	if ratio.N > 0 {
		fmt.Fprintf(b, "   %8.2f %7.2f %7.2f", ratio.Median, ratio.Min, ratio.Max)
	}
	b.WriteString("\n")
}

// writeGrowth writes the figures of each load of Options.Growth.
func writeGrowth(steps []Step, b *strings.Builder) {
	for _, s := range steps {
		b.WriteString("\n")
		title := fmt.Sprintf("%d users, %d bytes", s.Load.Users, s.Load.Body)
		writeBackends(b, title, []row{rateRow, cpuRow}, s.Backends, s.Versus)
		if s.Load.Users >= idleUsers {
			fmt.Fprintf(b, "memory for each idle session, kB: %.2f\n", s.IdleBytes/1e3)
		}
	}
}
