// Package exporter adds up the metrics of the processes that Spectrum starts. It reads their
// admin sockets and keeps the counters of processes that have ended.
package exporter

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/metrics"
)

// askTime limits a request to a process.
const askTime = 4 * time.Second

// fresh is how old numbers may be that answer a scrape.
const fresh = 500 * time.Millisecond

// started is the metric that distinguishes two processes with the same process id.
const started = metrics.Prefix + "start_time_seconds"

// Exporter reads the processes of transports. It is safe for concurrent use.
type Exporter struct {
	files []string
	// warn is called with the error of a config or a process, for each attempt.
	warn func(err error)
	now  func() time.Time

	polling sync.Mutex // held during a poll
	mu      sync.Mutex
	polled  time.Time
	known   map[string]*process // by the path of the socket
	// past has the counters of processes that have ended.
	past     []*dto.MetricFamily
	failures map[string]float64 // by JID
}

// process has what a process has answered last.
type process struct {
	live.Backend
	families []*dto.MetricFamily
	reached  bool // it has answered the last request
}

// New returns an exporter for config files. warn may be called from any goroutine.
func New(files []string, warn func(err error)) *Exporter {
	return &Exporter{files: files, warn: warn, now: time.Now, known: map[string]*process{}, failures: map[string]float64{}}
}

// Run polls the processes until ctx is done, so that the counters of a process that ends are
// not older than every.
func (e *Exporter) Run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ctx.Err() == nil {
		e.Poll(ctx)
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Gather polls the processes and returns the sums.
func (e *Exporter) Gather(ctx context.Context) []*dto.MetricFamily {
	e.Poll(ctx)
	e.mu.Lock()
	defer e.mu.Unlock()
	all := [][]*dto.MetricFamily{e.past, e.own()}
	for _, p := range e.known {
		families := p.families
		if !p.reached {
			families = counters(families)
		}
		all = append(all, families)
	}
	return metrics.Merge(all...)
}

// Poll reads all processes, unless that was done a moment ago.
func (e *Exporter) Poll(ctx context.Context) {
	e.polling.Lock()
	defer e.polling.Unlock()
	if e.now().Sub(e.polled) < fresh || ctx.Err() != nil {
		return
	}
	found, _, err := live.Find(e.files)
	defer live.Close(found)
	if err != nil {
		e.warn(err)
	}
	asking, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	answers := make([][]*dto.MetricFamily, len(found))
	errs := live.Each(asking, found, func(ctx context.Context, i int, b live.Backend) (err error) {
		answers[i], err = ask(ctx, b)
		return err
	})
	if ctx.Err() != nil {
		return // the errors are about ctx
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.polled = e.now()
	running := map[string]bool{}
	for i, b := range found {
		running[b.Socket().Path] = true
		e.answered(b, answers[i], errs[i])
	}
	// A config that cannot be read hides the processes of its transport, so it is not known
	// whether they have ended.
	if err != nil {
		return
	}
	for path, p := range e.known {
		if !running[path] {
			e.end(p)
			delete(e.known, path)
		}
	}
}

// ask reads the metrics of a process.
func ask(ctx context.Context, b live.Backend) (families []*dto.MetricFamily, err error) {
	err = b.Read(ctx, "/metrics", metrics.Accept, func(answer io.Reader) (err error) {
		families, err = metrics.Parse(answer)
		return err
	})
	return families, err
}

// answered stores the answer of a process. e.mu is held.
func (e *Exporter) answered(b live.Backend, families []*dto.MetricFamily, err error) {
	p := e.known[b.Socket().Path]
	if err != nil {
		e.failures[b.JID]++
		e.warn(err)
		if p != nil {
			p.reached = false
		}
		return
	}
	if p != nil && startOf(p.families) != startOf(families) {
		e.end(p) // another process with the same process id
	}
	e.known[b.Socket().Path] = &process{b, families, true}
}

// end keeps the counters of a process that has ended. e.mu is held.
func (e *Exporter) end(p *process) { e.past = metrics.Merge(e.past, counters(p.families)) }

// counters returns the metrics that continue to count after the end of a process.
func counters(families []*dto.MetricFamily) []*dto.MetricFamily {
	return slices.DeleteFunc(slices.Clone(families), func(f *dto.MetricFamily) bool {
		return f.GetType() != dto.MetricType_COUNTER && f.GetType() != dto.MetricType_HISTOGRAM
	})
}

// startOf returns when a process has started, in Unix time.
func startOf(families []*dto.MetricFamily) float64 {
	for _, f := range families {
		if f.GetName() == started && len(f.GetMetric()) > 0 {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return 0
}

// own returns the metrics about transports that exist without a process. e.mu is held.
func (e *Exporter) own() []*dto.MetricFamily {
	processes := family(metrics.Prefix+"processes", dto.MetricType_GAUGE)
	failures := family(metrics.Prefix+"exporter_failures_total", dto.MetricType_COUNTER)
	for _, jid := range e.transports() {
		label := []*dto.LabelPair{{Name: proto.String("jid"), Value: &jid}}
		processes.Metric = append(processes.Metric, &dto.Metric{Label: label, Gauge: &dto.Gauge{Value: proto.Float64(0)}})
		failures.Metric = append(failures.Metric, &dto.Metric{Label: label, Counter: &dto.Counter{Value: proto.Float64(e.failures[jid])}})
	}
	return []*dto.MetricFamily{processes, failures}
}

// transports returns the JIDs of the transports whose configs can be read.
func (e *Exporter) transports() []string {
	var all []string
	for _, file := range e.files {
		if c, err := config.Load(file, config.Options{}); err == nil && !slices.Contains(all, c.JID()) {
			all = append(all, c.JID())
		}
	}
	return all
}

func family(name string, typ dto.MetricType) *dto.MetricFamily {
	f := &dto.MetricFamily{Name: &name, Type: &typ}
	for _, info := range metrics.All() {
		if info.Name == name {
			f.Help = &info.Help
		}
	}
	return f
}

// Check returns the error of config files that cannot be read.
func Check(files []string) error {
	var errs []error
	for _, file := range files {
		if _, err := config.Load(file, config.Options{}); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
