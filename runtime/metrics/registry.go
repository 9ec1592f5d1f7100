package metrics

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// MaxUsers is the number of users with metrics of their own.
const MaxUsers = 1000

// Options are the parts of a Registry. Script is optional.
type Options struct {
	// JID is the value of the label jid, the transport.
	JID string
	// Read fills a snapshot at each scrape. It is safe for concurrent use.
	Read func(s *Snapshot)
	// Script has the metrics of the script.
	Script *Script
}

// Registry has the metrics of a backend. It is safe for concurrent use.
type Registry struct {
	opts     Options
	descs    []*prometheus.Desc
	gatherer prometheus.Gatherer
}

// New returns a registry.
func New(o Options) *Registry {
	r := &Registry{opts: o}
	constant := prometheus.Labels{JIDLabel: o.JID}
	for _, m := range table {
		r.descs = append(r.descs, prometheus.NewDesc(m.Name, m.Help, m.Labels, constant))
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(r)
	r.gatherer = registry
	return r
}

// Describe implements prometheus.Collector.
func (r *Registry) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range r.descs {
		ch <- desc
	}
}

// Collect implements prometheus.Collector.
func (r *Registry) Collect(ch chan<- prometheus.Metric) {
	var s Snapshot
	r.opts.Read(&s)
	s.process = readProcess()
	for i, m := range table {
		kind := prometheus.GaugeValue
		if m.Type == Counter {
			kind = prometheus.CounterValue
		}
		m.collect(&s, &output{desc: r.descs[i], kind: kind, pid: formatPID(s.process.pid), ch: ch})
	}
}

// Gather returns the metrics at this moment.
func (r *Registry) Gather() ([]*dto.MetricFamily, error) {
	families, err := r.gatherer.Gather()
	if err != nil {
		return nil, fmt.Errorf("collecting the metrics of %s: %w", r.opts.JID, err)
	}
	if r.opts.Script == nil {
		return families, nil
	}
	return Merge(families, r.opts.Script.gather(r.opts.JID)), nil
}
