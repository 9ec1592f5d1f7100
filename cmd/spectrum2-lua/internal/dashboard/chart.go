package dashboard

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The size of a chart and of its margins, in units of the picture.
const (
	chartWidth, chartHeight = 480, 200
	chartLeft, chartRight   = 50, 14
	chartTop, chartBottom   = 10, 30
	plotWidth               = chartWidth - chartLeft - chartRight
	plotHeight              = chartHeight - chartTop - chartBottom
	maxSeries               = 5 // lines of a chart
	yTicks                  = 4
	xTicks                  = 4
	others                  = "other transports"
)

// chartKinds are the charts of the page, by figure.
var chartKinds = [figures]struct {
	id, title, unit string
	whole           bool    // the figure is a whole number
	scale           float64 // of a value, for the unit
}{
	users:     {"users", "Users", "logged in", true, 1},
	rates:     {"rates", "Messages", "per second, both directions", false, 1},
	latencies: {"latencies", "Handler time", "mean, in milliseconds", false, 1000},
}

// chart is a chart of a figure in the last hour.
type chart struct {
	ID, Title, Unit string
	Summary         string // the content in words
	Width, Height   int
	Left, Right     int
	Bottom          float64
	Lines           []line
	Y, X            []tick
}

// line is the line of a transport.
type line struct {
	Number  int // of its colour
	Name    string
	Path    string
	Area    string // below the line, if there is only one
	Current string
	values  []float64
	last    float64
}

// tick is a mark of an axis.
type tick struct {
	At   float64
	Text string
}

// newChart draws a figure of all transports.
func newChart(f figure, transports map[string]*history, now time.Time) chart {
	kind := chartKinds[f]
	c := chart{
		ID: kind.id, Title: kind.title, Unit: kind.unit, Width: chartWidth, Height: chartHeight,
		Left: chartLeft, Right: chartWidth - chartRight, Bottom: chartTop + plotHeight,
	}
	c.Lines = series(f, transports, now)
	highest := 0.0
	for i := range c.Lines {
		l := &c.Lines[i]
		l.last *= kind.scale
		for j := range l.values {
			l.values[j] *= kind.scale
			if !math.IsNaN(l.values[j]) {
				highest = max(highest, l.values[j])
			}
		}
	}
	if highest <= 0 {
		highest = 1
	}
	step := tickStep(highest/yTicks, kind.whole)
	top := step * math.Max(1, math.Ceil(highest/step-1e-9))
	for i := 0; float64(i)*step <= top*1.001; i++ {
		value := float64(i) * step
		c.Y = append(c.Y, tick{c.Bottom - value/top*plotHeight, number(value)})
	}
	for i := range xTicks + 1 {
		minutes := int(hour/time.Minute) * (xTicks - i) / xTicks
		text := fmt.Sprintf("−%d min", minutes)
		if minutes == 0 {
			text = "now"
		}
		c.X = append(c.X, tick{chartLeft + plotWidth*float64(i)/xTicks, text})
	}
	var words []string
	for i := range c.Lines {
		l := &c.Lines[i]
		l.Number, l.Current = i, number(l.last)
		l.Path, l.Area = path(l.values, top, len(c.Lines) == 1)
		most := math.NaN()
		for _, v := range l.values {
			if !math.IsNaN(v) && !(v <= most) {
				most = v
			}
		}
		words = append(words, fmt.Sprintf("%s: now %s, highest %s", l.Name, l.Current, number(most)))
	}
	c.Summary = fmt.Sprintf("%s (%s) in the last hour. %s", kind.title, kind.unit, strings.Join(words, "; "))
	return c
}

// series returns the lines of a figure: those of the transports with the most users, and
// one for all others.
func series(f figure, transports map[string]*history, now time.Time) []line {
	var names []string
	for jid := range transports {
		names = append(names, jid)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(transports[b].last[users], transports[a].last[users]), strings.Compare(a, b))
	})
	var rest []string
	if len(names) > maxSeries {
		names, rest = names[:maxSeries-1], names[maxSeries-1:]
	}
	slices.Sort(names) // a transport keeps its colour as far as possible
	var all []line
	for _, jid := range names {
		all = append(all, line{Name: jid, values: transports[jid].values(f, now), last: transports[jid].last[f]})
	}
	if rest == nil {
		return all
	}
	sum := line{Name: others, values: transports[rest[0]].values(f, now), last: transports[rest[0]].last[f]}
	counts := make([]int, slots+1)
	for _, jid := range rest[1:] {
		for i, v := range append(transports[jid].values(f, now), transports[jid].last[f]) {
			into := &sum.last
			if i < slots {
				into = &sum.values[i]
			}
			switch {
			case math.IsNaN(v):
			case math.IsNaN(*into):
				*into = v
			case f == latencies: // a sum of means has no meaning
				counts[i]++
				*into += (v - *into) / float64(counts[i]+1)
			default:
				*into += v
			}
		}
	}
	return append(all, sum)
}

// tickStep returns a round number that is at least least: 1, 2 or 5 times a power of ten.
func tickStep(least float64, whole bool) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	step := 10 * power
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= least*0.999 {
			step = factor * power
			break
		}
	}
	if whole {
		step = max(step, 1)
	}
	return step
}

// number returns a number with few digits, or a dash if it is unknown.
func number(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	for _, unit := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if v < unit.size {
			continue
		}
		if unit.name == "k" {
			unit.size = 1e3
		}
		return short(v/unit.size) + unit.name
	}
	return short(v)
}

// short returns a number with three digits at most, unless it is above a thousand.
func short(v float64) string {
	digits := 0
	switch {
	case v < 0.1:
		digits = 3
	case v < 1:
		digits = 2
	case v < 100:
		digits = 1
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// path returns the line of values, and the area below it if it is wanted. A single slot
// without a value does not interrupt the line.
func path(values []float64, top float64, filled bool) (line, area string) {
	var l, a strings.Builder
	const none = -1
	first, last := none, none
	end := func() {
		if first == none {
			return
		}
		if first == last {
			l.WriteString("h0.1")
		}
		fmt.Fprintf(&a, "V%d", chartTop+plotHeight)
		fmt.Fprintf(&a, "H%sZ", coordinate(xOf(first)))
		first = none
	}
	for i, v := range values {
		if math.IsNaN(v) {
			if last != none && i-last > 1 {
				end()
			}
			continue
		}
		at := coordinate(xOf(i)) + " " + coordinate(chartTop+plotHeight*(1-v/top))
		if first == none {
			first = i
			l.WriteString("M" + at)
			a.WriteString("M" + at)
		} else {
			l.WriteString("L" + at)
			a.WriteString("L" + at)
		}
		last = i
	}
	end()
	if !filled {
		return l.String(), ""
	}
	return l.String(), a.String()
}

// xOf returns the position of a slot.
func xOf(i int) float64 { return chartLeft + plotWidth*float64(i)/float64(slots-1) }

func coordinate(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
