package metrics

import (
	"cmp"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
)

// Merge combines metrics of several backends. Counters, gauges and histograms with the same
// labels are added; ours have the label pid if their sum has no meaning. If two backends use
// a name for different types of metrics, the first one counts. Merge may use parts of its
// arguments, and does not change them.
func Merge(all ...[]*dto.MetricFamily) []*dto.MetricFamily {
	s := sum{families: map[string]*family{}}
	for _, families := range all {
		s.add(families, func(dto.MetricType) bool { return true })
	}
	return s.list()
}

// sum adds up metrics.
type sum struct{ families map[string]*family }

// family has the metrics of one name by their labels.
type family struct {
	*dto.MetricFamily
	byLabels map[string]*dto.Metric
}

// add adds the metrics of the types that want accepts.
func (s *sum) add(families []*dto.MetricFamily, want func(dto.MetricType) bool) {
	for _, f := range families {
		if !want(f.GetType()) {
			continue
		}
		into := s.families[f.GetName()]
		if into == nil {
			into = &family{&dto.MetricFamily{Name: f.Name, Help: f.Help, Type: f.Type, Unit: f.Unit}, map[string]*dto.Metric{}}
			s.families[f.GetName()] = into
		}
		if into.GetType() != f.GetType() {
			continue
		}
		for _, m := range f.GetMetric() {
			into.add(m)
		}
	}
}

func (f *family) add(m *dto.Metric) {
	key := Key(m.GetLabel())
	before := f.byLabels[key]
	if before == nil {
		f.byLabels[key] = &dto.Metric{Label: m.Label, Counter: m.Counter, Gauge: m.Gauge, Histogram: m.Histogram}
		return
	}
	switch f.GetType() {
	case dto.MetricType_COUNTER:
		before.Counter = &dto.Counter{Value: proto.Float64(before.GetCounter().GetValue() + m.GetCounter().GetValue())}
	case dto.MetricType_GAUGE:
		before.Gauge = &dto.Gauge{Value: proto.Float64(before.GetGauge().GetValue() + m.GetGauge().GetValue())}
	case dto.MetricType_HISTOGRAM:
		before.Histogram = addHistograms(before.GetHistogram(), m.GetHistogram())
	}
}

// addHistograms returns the sum of two histograms. If they have different buckets, the
// result has those that both have.
func addHistograms(a, b *dto.Histogram) *dto.Histogram {
	out := &dto.Histogram{
		SampleCount: proto.Uint64(a.GetSampleCount() + b.GetSampleCount()),
		SampleSum:   proto.Float64(a.GetSampleSum() + b.GetSampleSum()),
	}
	others := make(map[float64]uint64, len(b.GetBucket()))
	for _, bucket := range b.GetBucket() {
		others[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
	}
	for _, bucket := range a.GetBucket() {
		if n, both := others[bucket.GetUpperBound()]; both {
			out.Bucket = append(out.Bucket, &dto.Bucket{
				UpperBound: bucket.UpperBound, CumulativeCount: proto.Uint64(bucket.GetCumulativeCount() + n),
			})
		}
	}
	return out
}

// Key returns a text that is different for different labels. Labels are in the order of
// their names.
func Key(labels []*dto.LabelPair) string {
	var b strings.Builder
	for _, l := range labels {
		b.WriteString(l.GetName())
		b.WriteByte(0xff) // is not UTF-8, so no value has it
		b.WriteString(l.GetValue())
		b.WriteByte(0xff)
	}
	return b.String()
}

// list returns the metrics in the order of their names and labels.
func (s *sum) list() []*dto.MetricFamily {
	all := make([]*dto.MetricFamily, 0, len(s.families))
	for _, f := range s.families {
		keys := sorted(f.byLabels)
		f.Metric = make([]*dto.Metric, len(keys))
		for i, key := range keys {
			f.Metric[i] = f.byLabels[key]
		}
		all = append(all, f.MetricFamily)
	}
	slices.SortFunc(all, func(a, b *dto.MetricFamily) int { return cmp.Compare(a.GetName(), b.GetName()) })
	return all
}
