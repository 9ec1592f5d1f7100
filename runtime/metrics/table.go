package metrics

import (
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"spectrumlua/pb"
	"spectrumlua/runtime/meter"
	"spectrumlua/runtime/session"
)

// Prefix begins the names of our metrics. Those of scripts have other names.
const Prefix = "spectrum2_lua_"

// JIDLabel is the label that each metric has: the transport.
const JIDLabel = "jid"

// Type is the type of a metric.
type Type string

// The types of metrics.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Info describes a metric.
type Info struct {
	Name   string
	Type   Type
	Labels []string // in addition to jid
	Help   string
}

// metric is a metric of a backend.
type metric struct {
	Info
	collect func(s *Snapshot, out *output)
}

// All returns a description of each metric, in the order of the documentation.
func All() []Info {
	all := make([]Info, 0, len(table)+len(exporters))
	for _, m := range table {
		all = append(all, m.Info)
	}
	return append(all, exporters...)
}

// Labels of several metrics.
var (
	ofProcess = []string{"pid"}
	ofUser    = []string{"user"}
)

// table has the metrics of a backend, in the order of the documentation.
var table = []metric{
	{Info{"processes", Gauge, nil, "The number of processes."}, one(func(*Snapshot) float64 { return 1 })},
	{Info{"build_info", Gauge, []string{"pid", "version", "home"}, "Always 1. The labels have the version of the program, and what runs it: spectrum or serve."},
		func(s *Snapshot, out *output) { out.value(1, out.pid, s.Version, s.Home) }},
	{Info{"start_time_seconds", Gauge, ofProcess, "When the backend started, in Unix time."},
		ofPID(func(s *Snapshot) float64 { return float64(s.Started.UnixMilli()) / 1000 })},
	{Info{"peer_connected", Gauge, ofProcess, "Whether the backend is connected to Spectrum, or serve to the XMPP server: 1 or 0."},
		ofPID(func(s *Snapshot) float64 { return number(s.Connected) })},
	{Info{"peer_queue_bytes", Gauge, nil, "Bytes that wait to be written to Spectrum or to the XMPP server."},
		one(func(s *Snapshot) float64 { return float64(s.Queued) })},
	{Info{"peer_stanzas_dropped_total", Counter, nil, "Stanzas that serve dropped: 16 MiB waited for the XMPP server, or several connections failed with them."},
		one(func(s *Snapshot) float64 { return float64(s.Dropped) })},
	{Info{"script_loaded", Gauge, ofProcess, "Whether the last load of the script succeeded: 1 or 0."},
		ofPID(func(s *Snapshot) float64 { return number(s.Loaded) })},
	{Info{"script_generation", Gauge, ofProcess, "The generation of the script that runs. It is 0 if no script has loaded."},
		ofPID(func(s *Snapshot) float64 { return float64(s.Generation) })},
	{Info{"script_loads_total", Counter, []string{"result"}, "Loads of the script, including the first one, by their result: success or failure."},
		func(s *Snapshot, out *output) {
			out.value(float64(s.Loads.Succeeded), "success")
			out.value(float64(s.Loads.Failed), "failure")
		}},
	{Info{"users", Gauge, nil, "Users who are logged in: on.login was called, and they have not logged out."},
		one(func(s *Snapshot) float64 { return float64(s.Users) })},
	{Info{"sessions", Gauge, []string{"state"}, "Sessions by their state: login, online, failed, retry, waiting or logout. These are the states of top."},
		func(s *Snapshot, out *output) {
			for _, name := range session.StateNames {
				out.value(float64(s.Sessions.States[name]), name)
			}
		}},
	{Info{"logins_total", Counter, nil, "Logins that succeeded."},
		one(func(s *Snapshot) float64 { return float64(s.Sessions.Logins) })},
	{Info{"login_failures_total", Counter, []string{"reason"}, "Logins that failed, by the error of the script. The reason is abandoned if the user left before the result."},
		func(s *Snapshot, out *output) {
			out.reasons(s.Sessions.Failed)
			out.value(float64(s.Sessions.Abandoned), "abandoned")
		}},
	{Info{"connections_lost_total", Counter, []string{"reason"}, "Sessions that ended with an error after the login, by the error of the script."},
		func(s *Snapshot, out *output) { out.reasons(s.Sessions.Lost) }},
	{Info{"login_retries_total", Counter, nil, "Logins that were retried after a failure of the network, without telling Spectrum or the user's client."},
		one(func(s *Snapshot) float64 { return float64(s.Sessions.Retries) })},
	{Info{"login_retries_pending", Gauge, nil, "Users whose login is retried after a pause."},
		one(func(s *Snapshot) float64 { return float64(s.Sessions.Pending) })},
	{Info{"messages_total", Counter, []string{"type", "direction"}, "Messages by type. The direction is received for the script's handlers, and sent for what the script sends."},
		func(s *Snapshot, out *output) {
			out.types(s.Received, "received")
			out.types(s.Sent, "sent")
		}},
	{Info{"handler_duration_seconds", Histogram, []string{"handler"}, "The time from the beginning to the end of a handler, including its waits. It is measured from the first scrape on."},
		func(s *Snapshot, out *output) {
			for _, name := range sorted(s.Handlers) {
				out.histogram(s.Handlers[name], name)
			}
		}},
	{Info{"mailbox_messages", Gauge, nil, "Messages that wait for handlers, or until their user is connected again."},
		one(func(s *Snapshot) float64 { return float64(s.Sessions.Messages) })},
	{Info{"mailbox_bytes", Gauge, nil, "The bytes of the messages that wait. Reading pauses near 64 MiB in a process."},
		one(func(s *Snapshot) float64 { return float64(s.Sessions.Bytes) })},
	{Info{"user_mailbox_messages", Gauge, ofUser, "Messages that wait for the handlers of a user. Only with [metrics] users = 1, for the first 1,000 users."},
		func(s *Snapshot, out *output) {
			for _, m := range s.Mailboxes {
				out.value(float64(m.Messages), strings.ToValidUTF8(m.User, "?"))
			}
		}},
	{Info{"user_mailbox_bytes", Gauge, ofUser, "The bytes of these messages."},
		func(s *Snapshot, out *output) {
			for _, m := range s.Mailboxes {
				out.value(float64(m.Bytes), strings.ToValidUTF8(m.User, "?"))
			}
		}},
	{Info{"script_errors_total", Counter, []string{"kind"}, "Errors of the script that the log has. The kind is handler for handlers, and task for tasks, timers, commands and other functions."},
		func(s *Snapshot, out *output) {
			out.value(float64(s.Errors.Handlers), "handler")
			out.value(float64(s.Errors.Others), "task")
		}},
	{Info{"log_lines_total", Counter, []string{"level"}, "Lines of the log by level, including those that the limits of the log leave out."},
		func(s *Snapshot, out *output) { out.levels(s.Lines) }},
	{Info{"database_duration_seconds", Histogram, []string{"operation"}, "The time of statements of the store, of spectrum.sql and of the tables of users, by operation: read or write. It is measured from the first scrape on."},
		func(s *Snapshot, out *output) {
			out.histogram(s.Database.Queries, "read")
			out.histogram(s.Database.Writes, "write")
		}},
	{Info{"database_failures_total", Counter, nil, "Statements that failed, including those that are repeated after a conflict."},
		one(func(s *Snapshot) float64 { return float64(s.Database.Failures) })},
	{Info{"memory_resident_bytes", Gauge, ofProcess, "The resident memory of the process."},
		ofPID(func(s *Snapshot) float64 { return float64(s.process.resident) })},
	{Info{"memory_heap_bytes", Gauge, ofProcess, "The memory of objects on the heap, including garbage that is not collected yet."},
		ofPID(func(s *Snapshot) float64 { return float64(s.process.heap) })},
	{Info{"memory_limit_bytes", Gauge, ofProcess, "The limit of [lua] memory_limit. It is 0 without a limit."},
		ofPID(func(s *Snapshot) float64 { return float64(s.MemoryLimit) })},
	{Info{"goroutines", Gauge, ofProcess, "The goroutines of the process."},
		ofPID(func(s *Snapshot) float64 { return float64(s.process.goroutines) })},
	{Info{"cpu_seconds_total", Counter, nil, "The CPU time of the process."},
		one(func(s *Snapshot) float64 { return s.process.cpu })},
	{Info{"gc_cycles_total", Counter, nil, "Garbage collections of the process."},
		one(func(s *Snapshot) float64 { return float64(s.process.cycles) })},
	{Info{"gc_cpu_seconds_total", Counter, nil, "The CPU time that garbage collections took."},
		one(func(s *Snapshot) float64 { return s.process.collecting })},
}

// exporters has the metrics of Script, and of the exporter.
var exporters = []Info{
	{Prefix + "script_series_dropped_total", Counter, nil, "Values for metrics of the script that were dropped because of its limit of series."},
	{Prefix + "exporter_failures_total", Counter, nil, "Processes that the exporter could not ask, counted at each attempt."},
	{Prefix + "exporter_series_dropped_total", Counter, nil, "Series of processes that have ended that the exporter dropped because of its limit of series."},
}

func init() {
	for i := range table {
		table[i].Name = Prefix + table[i].Name
	}
}

// one collects a metric without labels.
func one(value func(s *Snapshot) float64) func(s *Snapshot, out *output) {
	return func(s *Snapshot, out *output) { out.value(value(s)) }
}

// ofPID collects a metric with the process id as its label.
func ofPID(value func(s *Snapshot) float64) func(s *Snapshot, out *output) {
	return func(s *Snapshot, out *output) { out.value(value(s), out.pid) }
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// output passes on the values of one metric.
type output struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	pid  string
	ch   chan<- prometheus.Metric
}

func (o *output) value(v float64, labels ...string) {
	o.ch <- prometheus.MustNewConstMetric(o.desc, o.kind, v, labels...)
}

func (o *output) histogram(d meter.Distribution, labels ...string) {
	below := make(map[float64]uint64, len(d.Below))
	for i, n := range d.Below {
		below[meter.Bounds[i].Seconds()] = n
	}
	o.ch <- prometheus.MustNewConstHistogram(o.desc, d.Count, d.Sum.Seconds(), below, labels...)
}

// reasons passes on numbers by the error of DISCONNECTED.
func (o *output) reasons(counts map[pb.ConnectionError]uint64) {
	for e := range pb.ConnectionError_name {
		code := pb.ConnectionError(e)
		o.value(float64(counts[code]), strings.ToLower(strings.TrimPrefix(code.String(), "CONNECTION_ERROR_")))
	}
}

// types passes on numbers by message type.
func (o *output) types(counts map[string]uint64, direction string) {
	for _, name := range sorted(counts) {
		o.value(float64(counts[name]), name, direction)
	}
}

func (o *output) levels(counts map[string]uint64) {
	for _, name := range sorted(counts) {
		o.value(float64(counts[name]), name)
	}
}

// sorted returns the keys of a map in order.
func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

func formatPID(pid int) string { return strconv.Itoa(pid) }
