package metrics

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"spectrumlua/runtime/lazy"
	"spectrumlua/runtime/shorten"
)

// Limits of the metrics of a script.
const (
	MaxSeries  = 1000 // of all metrics together
	MaxLabels  = 8    // of a metric
	MaxBuckets = 50   // of a histogram
	MaxName    = 100  // bytes
	MaxHelp    = 500  // bytes
	MaxValue   = 128  // bytes of the value of a label; the rest is cut off
	MaxDefined = 1000 // metrics
)

// DefaultBuckets are the buckets of a histogram without others. They suit seconds.
var DefaultBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

// Hidden replaces the value of a label that looks like a JID.
const Hidden = "hidden"

// Script has the metrics that a script defines. They survive reloads. It is safe for
// concurrent use.
type Script struct {
	users bool // JIDs are allowed
	full  func(name string)
	once  sync.Once // for full

	mu      sync.Mutex
	metrics map[string]*Custom
	series  int
	dropped float64
}

// NewScript returns a Script without metrics. users allows JIDs as values of labels. full is
// called once, when the limit of series is reached, with the name of the metric.
func NewScript(users bool, full func(name string)) *Script {
	return &Script{users: users, full: full, metrics: map[string]*Custom{}}
}

// Definition is what a script says about a metric.
type Definition struct {
	Name, Help string
	Type       Type
	Labels     []string
	Buckets    []float64 // of a histogram; ascending
	// Owner is the VM that defines the metric. Another VM may change the type of a metric
	// that has no value yet.
	Owner any
}

// Custom is a metric of a script.
type Custom struct {
	script *Script
	def    Definition

	// Guarded by script.mu.
	series map[string]*series
}

// series is a metric with certain labels.
type series struct {
	labels []string // the values, in the order of the definition
	value  float64  // of a counter or gauge; the sum of a histogram
	counts []uint64 // of a histogram, by bucket; the last one is above all
}

var (
	namePattern = lazy.Regexp(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
	ownLabels   = []string{JIDLabel, "pid", "le", "quantile", "job", "instance"}
	ownSuffixes = []string{"_bucket", "_count", "_sum", "_created", "_info"}
	countersEnd = "_total"
)

// check returns what is wrong with a definition.
func (d *Definition) check() error {
	switch {
	case !namePattern().MatchString(d.Name) || len(d.Name) > MaxName:
		return fmt.Errorf("%q is not a name for a metric: use letters, digits and _, up to %d of them, as in irc_reconnects_total", shorten.Ellipsis(d.Name, MaxName), MaxName)
	case strings.HasPrefix(d.Name, Prefix):
		return fmt.Errorf("%s begins with %s, as the metrics of the program do: choose another name", d.Name, Prefix)
	case d.Type == Counter && !strings.HasSuffix(d.Name, countersEnd):
		return fmt.Errorf("%s is a counter: its name has to end in %s", d.Name, countersEnd)
	case d.Type != Counter && strings.HasSuffix(d.Name, countersEnd):
		return fmt.Errorf("%s is a %s: only names of counters end in %s", d.Name, d.Type, countersEnd)
	case d.Help == "" || len(d.Help) > MaxHelp || !utf8.ValidString(d.Help):
		return fmt.Errorf("%s needs a help text of 1 to %d bytes", d.Name, MaxHelp)
	case len(d.Labels) > MaxLabels:
		return fmt.Errorf("%s has %d labels, but %d are allowed", d.Name, len(d.Labels), MaxLabels)
	case len(d.Buckets) > MaxBuckets:
		return fmt.Errorf("%s has %d buckets, but %d are allowed", d.Name, len(d.Buckets), MaxBuckets)
	}
	for _, suffix := range ownSuffixes {
		if strings.HasSuffix(d.Name, suffix) {
			return fmt.Errorf("%s ends in %s, which the format uses itself: choose another name", d.Name, suffix)
		}
	}
	for i, label := range d.Labels {
		switch {
		case !namePattern().MatchString(label) || len(label) > MaxName || strings.HasPrefix(label, "__"):
			return fmt.Errorf("%s: %q is not a name for a label: use letters, digits and _", d.Name, shorten.Ellipsis(label, MaxName))
		case slices.Contains(ownLabels, label):
			return fmt.Errorf("%s: the label %s exists already: choose another name", d.Name, label)
		case slices.Contains(d.Labels[:i], label):
			return fmt.Errorf("%s has the label %s twice", d.Name, label)
		}
	}
	for i, bound := range d.Buckets {
		if math.IsNaN(bound) || math.IsInf(bound, 0) || i > 0 && bound <= d.Buckets[i-1] {
			return fmt.Errorf("%s: the buckets have to be ascending numbers", d.Name)
		}
	}
	return nil
}

// same reports whether two definitions describe the same metric. Its help text may change.
func (d *Definition) same(other *Definition) bool {
	return d.Type == other.Type && slices.Equal(d.Labels, other.Labels) && slices.Equal(d.Buckets, other.Buckets)
}

// Define returns the metric of a definition. A metric that exists keeps its values. Its error
// says what is wrong with the definition, or how it differs from an earlier one.
func (s *Script) Define(d Definition) (*Custom, error) {
	if d.Type == Histogram && d.Buckets == nil {
		d.Buckets = DefaultBuckets
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.metrics[d.Name]
	switch {
	case before == nil && len(s.metrics) >= MaxDefined:
		return nil, fmt.Errorf("%s cannot be defined: a script can have at most %d metrics", d.Name, MaxDefined)
	case before != nil && before.def.same(&d):
		before.def.Help, before.def.Owner = d.Help, d.Owner
		return before, nil
	case before != nil && (before.def.Owner == d.Owner || len(before.series) > 0):
		return nil, fmt.Errorf("%s exists already as %s: choose another name, or restart the process", d.Name, before.def.describe())
	}
	c := &Custom{script: s, def: d, series: map[string]*series{}}
	s.metrics[d.Name] = c
	if len(d.Labels) == 0 {
		c.make("", nil) // it shows from the beginning, with 0
	}
	return c, nil
}

func (d *Definition) describe() string {
	text := "a " + string(d.Type)
	if len(d.Labels) > 0 {
		text += " with the labels " + strings.Join(d.Labels, ", ")
	}
	if d.Type == Histogram {
		text += fmt.Sprintf(" and %d buckets", len(d.Buckets))
	}
	return text
}

// Name returns the name of the metric.
func (c *Custom) Name() string { return c.def.Name }

// Labels returns the names of its labels. The caller must not change them.
func (c *Custom) Labels() []string { return c.def.Labels }

// Add adds to a counter or gauge. labels has the values of the labels in the order of the
// definition; the metric may change the slice.
func (c *Custom) Add(v float64, labels []string) {
	c.change(labels, func(s *series) { s.value += v })
}

// Set sets a gauge.
func (c *Custom) Set(v float64, labels []string) {
	c.change(labels, func(s *series) { s.value = v })
}

// Observe counts a value in a histogram.
func (c *Custom) Observe(v float64, labels []string) {
	c.change(labels, func(s *series) {
		i, _ := slices.BinarySearch(c.def.Buckets, v)
		s.counts[i]++
		s.value += v
	})
}

// Remove removes a series and reports whether it existed.
func (c *Custom) Remove(labels []string) bool {
	key := c.key(labels)
	c.script.mu.Lock()
	defer c.script.mu.Unlock()
	if c.series[key] == nil {
		return false
	}
	delete(c.series, key)
	c.script.series--
	return true
}

func (c *Custom) change(labels []string, do func(s *series)) {
	key := c.key(labels)
	c.script.mu.Lock()
	s := c.series[key]
	if s == nil {
		s = c.make(key, labels)
	}
	if s != nil {
		do(s)
	}
	c.script.mu.Unlock()
	if s == nil {
		c.script.once.Do(func() { c.script.full(c.def.Name) })
	}
}

// make adds a series, or returns nil if there are too many. script.mu is held.
func (c *Custom) make(key string, labels []string) *series {
	if c.script.series >= MaxSeries {
		c.script.dropped++
		return nil
	}
	c.script.series++
	s := &series{labels: slices.Clone(labels)}
	if c.def.Type == Histogram {
		s.counts = make([]uint64, len(c.def.Buckets)+1)
	}
	c.series[key] = s
	return s
}

// key cleans the values of labels, and returns them as one text.
func (c *Custom) key(labels []string) string {
	for i, value := range labels {
		labels[i] = c.script.clean(value)
	}
	return strings.Join(labels, "\xff") // is not UTF-8, so no value has it
}

// clean returns the value of a label as it is shown.
func (s *Script) clean(value string) string {
	value = strings.ToValidUTF8(shorten.Cut(value, MaxValue), "")
	if !s.users && looksLikeJID(value) {
		return Hidden
	}
	return value
}

// looksLikeJID reports whether a text may be the JID of a user.
func looksLikeJID(text string) bool {
	at := strings.IndexByte(text, '@')
	return at > 0 && at < len(text)-1
}

// gather returns the metrics of the script.
func (s *Script) gather(jid string) []*dto.MetricFamily {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := &dto.LabelPair{Name: proto.String(JIDLabel), Value: &jid}
	all := []*dto.MetricFamily{droppedFamily(own, s.dropped)}
	for _, name := range sorted(s.metrics) {
		c := s.metrics[name]
		f := &dto.MetricFamily{Name: proto.String(name), Help: proto.String(c.def.Help), Type: c.def.Type.proto().Enum()}
		for _, key := range sorted(c.series) {
			f.Metric = append(f.Metric, c.metric(c.series[key], own))
		}
		all = append(all, f)
	}
	return all
}

func (t Type) proto() dto.MetricType {
	return map[Type]dto.MetricType{Counter: dto.MetricType_COUNTER, Gauge: dto.MetricType_GAUGE, Histogram: dto.MetricType_HISTOGRAM}[t]
}

// droppedFamily returns the metric of the values that were dropped.
func droppedFamily(jid *dto.LabelPair, n float64) *dto.MetricFamily {
	return &dto.MetricFamily{
		Name: &exporters[0].Name, Help: &exporters[0].Help, Type: dto.MetricType_COUNTER.Enum(),
		Metric: []*dto.Metric{{Label: []*dto.LabelPair{jid}, Counter: &dto.Counter{Value: &n}}},
	}
}

// metric returns a series as it is written. script.mu is held.
func (c *Custom) metric(s *series, jid *dto.LabelPair) *dto.Metric {
	m := &dto.Metric{Label: []*dto.LabelPair{jid}}
	for i, name := range c.def.Labels {
		m.Label = append(m.Label, &dto.LabelPair{Name: proto.String(name), Value: proto.String(s.labels[i])})
	}
	slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) })
	value := s.value
	switch c.def.Type {
	case Counter:
		m.Counter = &dto.Counter{Value: &value}
	case Gauge:
		m.Gauge = &dto.Gauge{Value: &value}
	case Histogram:
		m.Histogram = &dto.Histogram{SampleSum: &value}
		var n uint64
		for i, count := range s.counts {
			n += count
			if i < len(c.def.Buckets) {
				m.Histogram.Bucket = append(m.Histogram.Bucket, &dto.Bucket{UpperBound: proto.Float64(c.def.Buckets[i]), CumulativeCount: proto.Uint64(n)})
			}
		}
		m.Histogram.SampleCount = &n
	}
	return m
}
