package dashboard

import (
	"context"
	"io"
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/runtime/metrics"
)

const (
	// timesMetric is the histogram of the durations of handlers, and handlerLabel has the
	// handler's name.
	timesMetric  = metrics.Prefix + "handler_duration_seconds"
	handlerLabel = "handler"
	// maxMetrics limits the bytes of metrics that are read.
	maxMetrics = 16 << 20
)

// handlerTimes has the durations of a process by handler. It is nil if nothing is known.
type handlerTimes map[string]times

// times is a number of durations.
type times struct {
	count uint64
	sum   time.Duration
	// below has the number of durations up to each of bounds, in seconds.
	bounds []float64
	below  []uint64
}

// askTimes asks for the durations of handlers. The process measures them from the first
// request on.
func (p *process) askTimes(ctx context.Context, b live.Backend) error {
	return b.Read(ctx, "/metrics", metrics.Accept, func(answer io.Reader) error {
		families, err := metrics.Parse(io.LimitReader(answer, maxMetrics))
		if err == nil {
			p.times = timesIn(families)
		}
		return err
	})
}

// timesIn returns the durations of handlers in metrics.
func timesIn(families []*dto.MetricFamily) handlerTimes {
	all := handlerTimes{}
	for _, family := range families {
		if family.GetName() != timesMetric {
			continue
		}
		for _, m := range family.GetMetric() {
			name := "?"
			for _, label := range m.GetLabel() {
				if label.GetName() == handlerLabel {
					name = label.GetValue()
				}
			}
			merged := all[name]
			merged.add(timesOf(m.GetHistogram()))
			all[name] = merged
		}
	}
	return all
}

func timesOf(h *dto.Histogram) times {
	t := times{count: h.GetSampleCount(), sum: time.Duration(h.GetSampleSum() * float64(time.Second))}
	for _, b := range h.GetBucket() {
		if !math.IsInf(b.GetUpperBound(), 0) {
			t.bounds = append(t.bounds, b.GetUpperBound())
			t.below = append(t.below, b.GetCumulativeCount())
		}
	}
	return t
}

// since returns the durations that are new since before. A process never forgets any.
func (t times) since(before times) times {
	if t.count < before.count || !before.fits(t) {
		return times{}
	}
	t.count -= before.count
	t.sum -= before.sum
	if before.below != nil {
		t.below = slices.Clone(t.below)
		for i := range t.below {
			t.below[i] -= min(before.below[i], t.below[i])
		}
	}
	return t
}

// add adds durations. Those of a process whose version has other bounds do not count.
func (t *times) add(more times) {
	if !t.fits(more) {
		return
	}
	if t.below == nil {
		t.bounds, t.below = more.bounds, make([]uint64, len(more.below))
	}
	t.count += more.count
	t.sum += more.sum
	for i := range more.below {
		t.below[i] += more.below[i]
	}
}

// fits reports whether t has the bounds of other, or no durations.
func (t times) fits(other times) bool { return t.below == nil || slices.Equal(t.bounds, other.bounds) }

// mean returns the mean duration.
func (t times) mean() time.Duration {
	if t.count == 0 {
		return 0
	}
	return t.sum / time.Duration(min(t.count, math.MaxInt64))
}

// within returns the bound below which a share of the durations is, in seconds. It returns
// infinity if that is above all bounds.
func (t times) within(share float64) float64 {
	wanted := share * float64(t.count)
	for i, n := range t.below {
		if float64(n) >= wanted {
			return t.bounds[i]
		}
	}
	return math.Inf(1)
}
