// Package metrics describes a backend by metrics in the format of Prometheus and OpenMetrics.
//
// A Registry has the metrics of one backend. It reads them at a scrape, from counters that
// exist anyway. Merge combines the metrics of several backends, Server serves them to
// Prometheus, and Parse reads them from a socket. Script has the metrics that scripts define.
package metrics

import (
	"os"
	"runtime/metrics"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/meter"
	"spectrumlua/runtime/session"
)

// Snapshot has what a scrape shows of a backend. Durations are nil if nothing is measured.
type Snapshot struct {
	Home       string // "spectrum" or "serve"
	Version    string
	Started    time.Time
	Generation uint64 // of the script; 0 if none has loaded
	Loaded     bool   // the last load has succeeded
	Loads      Results
	Connected  bool   // to Spectrum or to the XMPP server
	Queued     int64  // bytes for it
	Dropped    uint64 // stanzas for the XMPP server
	Sessions   session.Stats
	Users      int
	// Mailboxes has users, if the config allows their names in labels.
	Mailboxes []session.Mailbox
	// Received and Sent have the number of messages by type.
	Received, Sent map[string]uint64
	Errors         Errors
	Lines          map[string]uint64 // of the log, by level
	Handlers       map[string]meter.Distribution
	Database       Database
	MemoryLimit    int64 // bytes; 0: no limit
	process        process
}

// Results counts successes and failures.
type Results struct{ Succeeded, Failed uint64 }

// Errors counts errors of the script.
type Errors struct{ Handlers, Others uint64 }

// Database has the durations and failures of statements.
type Database struct {
	Queries, Writes meter.Distribution
	Failures        uint64
}

// process has the numbers of the process.
type process struct {
	pid        int
	resident   int64
	heap       uint64
	goroutines uint64
	cycles     uint64
	collecting float64 // seconds of CPU
	cpu        float64 // seconds
}

// samples are the metrics of Go's runtime that readProcess reads.
var samples = []string{
	"/memory/classes/heap/objects:bytes", "/sched/goroutines:goroutines",
	"/gc/cycles/total:gc-cycles", "/cpu/classes/gc/total:cpu-seconds",
}

var reading = struct {
	sync.Mutex
	samples []metrics.Sample
}{}

// readProcess reads the numbers of this process.
func readProcess() process {
	reading.Lock()
	defer reading.Unlock()
	if reading.samples == nil {
		for _, name := range samples {
			reading.samples = append(reading.samples, metrics.Sample{Name: name})
		}
	}
	metrics.Read(reading.samples)
	s := reading.samples
	p := process{
		pid: os.Getpid(), heap: s[0].Value.Uint64(), goroutines: s[1].Value.Uint64(),
		cycles: s[2].Value.Uint64(), collecting: s[3].Value.Float64(),
	}
	p.resident, _ = memory.Resident()
	var usage unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &usage) == nil {
		p.cpu = seconds(usage.Utime) + seconds(usage.Stime)
	}
	return p
}

func seconds(t unix.Timeval) float64 { return time.Duration(t.Nano()).Seconds() }
