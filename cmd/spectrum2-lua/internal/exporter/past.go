package exporter

import (
	"cmp"
	"fmt"
	"slices"

	dto "github.com/prometheus/client_model/go"

	"spectrumlua/runtime/metrics"
)

// maxSeries is the number of series that the exporter keeps of processes that have ended. A
// histogram counts once.
const maxSeries = 20_000

var errFull = fmt.Errorf("the processes that have ended have more than %d series: those of the processes that ended first are dropped", maxSeries)

// past has the sums of the counters of processes that have ended.
type past struct {
	limit    int
	families []*dto.MetricFamily
	// ended has the number of the last process with a series, by the key of the series. The
	// numbers are in the order in which the processes ended.
	ended   map[seriesKey]uint64
	last    uint64
	dropped map[string]float64 // series, by JID
}

// seriesKey identifies a series.
type seriesKey struct{ name, labels string }

func newPast(limit int) past {
	return past{limit: limit, ended: map[seriesKey]uint64{}, dropped: map[string]float64{}}
}

// add adds the counters of a process.
func (p *past) add(families []*dto.MetricFamily) {
	p.last++
	p.families = metrics.Merge(p.families, families)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			p.ended[seriesKey{f.GetName(), metrics.Key(m.GetLabel())}] = p.last
		}
	}
}

// trim drops the series whose last process ended first until the others are within the limit.
// It reports whether there were any.
func (p *past) trim() bool {
	excess := len(p.ended) - p.limit
	if excess <= 0 {
		return false
	}
	keys := make([]seriesKey, 0, len(p.ended))
	for key := range p.ended {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b seriesKey) int {
		return cmp.Or(cmp.Compare(p.ended[a], p.ended[b]), cmp.Compare(a.name, b.name), cmp.Compare(a.labels, b.labels))
	})
	for _, key := range keys[:excess] {
		delete(p.ended, key)
	}
	for _, f := range p.families {
		f.Metric = slices.DeleteFunc(f.Metric, func(m *dto.Metric) bool {
			_, kept := p.ended[seriesKey{f.GetName(), metrics.Key(m.GetLabel())}]
			if !kept {
				p.dropped[jidOf(m)]++
			}
			return !kept
		})
	}
	p.families = slices.DeleteFunc(p.families, func(f *dto.MetricFamily) bool { return len(f.GetMetric()) == 0 })
	return true
}

// jidOf returns the transport of a series.
func jidOf(m *dto.Metric) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == metrics.JIDLabel {
			return l.GetValue()
		}
	}
	return ""
}
