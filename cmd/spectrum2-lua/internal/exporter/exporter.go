// Package exporter adds up the metrics of the processes that Spectrum starts. It reads their
// admin sockets and keeps the counters of processes that have ended.
package exporter

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
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
	paths []string // see transportsOf
	// warn is called with the error of a config or a process, for each attempt.
	warn func(err error)
	now  func() time.Time
	load func(file string) (live.Transport, error)

	polling    sync.Mutex // held during a poll
	mu         sync.Mutex
	polled     time.Time
	known      map[string]*process // by the path of the socket
	past       past
	failures   map[string]float64 // by JID
	transports []string           // the JIDs of the transports whose configs can be read
}

// process has what a process has answered last.
type process struct {
	live.Backend
	families []*dto.MetricFamily
	reached  bool // it has answered the last request
}

// New returns an exporter for config files, and for folders with config files. warn may be
// called from any goroutine.
func New(paths []string, warn func(err error)) *Exporter {
	return &Exporter{
		paths: paths, warn: warn, now: time.Now, load: live.Load,
		known: map[string]*process{}, past: newPast(maxSeries), failures: map[string]float64{},
	}
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
	all := [][]*dto.MetricFamily{e.past.families, e.own()}
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
	transports, err := e.transportsOf(e.paths)
	found, finding := live.BackendsOf(transports)
	defer live.Close(found)
	if err = errors.Join(err, finding); err != nil {
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
	for _, err := range errs {
		if err != nil {
			e.warn(err)
		}
	}
	if e.update(transports, found, answers, errs) {
		e.warn(errFull)
	}
}

// update stores the answers of the backends that were found, and ends the processes that are
// not there any more. It reports whether series were dropped.
func (e *Exporter) update(transports []live.Transport, found []live.Backend, answers [][]*dto.MetricFamily, errs []error) (dropped bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.polled = e.now()
	e.transports = nil
	for _, t := range transports {
		if !slices.Contains(e.transports, t.JID) {
			e.transports = append(e.transports, t.JID)
		}
	}
	running := map[string]bool{}
	for i, b := range found {
		running[b.Socket().Path] = true
		e.answered(b, answers[i], errs[i])
	}
	for path, p := range e.known {
		switch _, err := os.Lstat(path); {
		case running[path]:
		case errors.Is(err, fs.ErrNotExist):
			e.end(p)
			delete(e.known, path)
		default: // a config or a folder that cannot be read hides the process
			p.reached = false
		}
	}
	return e.past.trim()
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
func (e *Exporter) end(p *process) { e.past.add(counters(p.families)) }

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
	dropped := family(metrics.Prefix+"exporter_series_dropped_total", dto.MetricType_COUNTER)
	for _, jid := range e.transports {
		label := []*dto.LabelPair{{Name: proto.String(metrics.JIDLabel), Value: &jid}}
		processes.Metric = append(processes.Metric, &dto.Metric{Label: label, Gauge: &dto.Gauge{Value: proto.Float64(0)}})
		failures.Metric = append(failures.Metric, &dto.Metric{Label: label, Counter: &dto.Counter{Value: proto.Float64(e.failures[jid])}})
		dropped.Metric = append(dropped.Metric, &dto.Metric{Label: label, Counter: &dto.Counter{Value: proto.Float64(e.past.dropped[jid])}})
	}
	return []*dto.MetricFamily{processes, failures, dropped}
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

// transportsOf loads config files. A folder stands for its files *.cfg that have a script:
// others are transports with other backends. The error has a line for each file that cannot
// be read.
func (e *Exporter) transportsOf(paths []string) (all []live.Transport, err error) {
	var errs []error
	for _, path := range paths {
		files, folder := []string{path}, isFolder(path)
		if folder {
			files, _ = filepath.Glob(filepath.Join(globEscape.Replace(path), "*.cfg")) // the pattern is valid
		}
		for _, file := range files {
			switch t, err := e.load(file); {
			case err != nil:
				errs = append(errs, err)
			case t.Scripted || !folder:
				all = append(all, t)
			}
		}
	}
	return all, errors.Join(errs...)
}

// globEscape removes the meaning that characters have in patterns.
var globEscape = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// EmptyFolders returns the folders among paths that have no config of a transport with a script.
func (e *Exporter) EmptyFolders(paths []string) (empty []string) {
	for _, path := range paths {
		if all, err := e.transportsOf([]string{path}); isFolder(path) && len(all) == 0 && err == nil {
			empty = append(empty, path)
		}
	}
	return empty
}

// Check returns the error of config files that cannot be read. The files of a folder may
// change, so that they cannot be wrong here.
func Check(paths []string) error {
	return live.Check(slices.DeleteFunc(slices.Clone(paths), isFolder))
}
