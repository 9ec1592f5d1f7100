package backend

import (
	"net/http"
	"sync/atomic"

	dto "github.com/prometheus/client_model/go"

	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/meter"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/version"
)

// traffic counts messages by the numbers of their types. It is safe for concurrent use.
type traffic []atomic.Uint64

func newTraffic() traffic {
	types := schema.Types()
	return make(traffic, types[len(types)-1].Number+1)
}

func (t traffic) count(typ pb.WrapperMessage_Type) {
	if int(typ) < len(t) {
		t[typ].Add(1)
	}
}

// sum returns the number of all messages.
func (t traffic) sum() (n uint64) {
	for i := range t {
		n += t[i].Load()
	}
	return n
}

// byName returns the numbers by the names of types, without types that have no message.
func (t traffic) byName() map[string]uint64 {
	all := map[string]uint64{}
	for _, typ := range schema.Types() {
		if n := t[typ.Number].Load(); n > 0 {
			all[typ.Name] = n
		}
	}
	return all
}

// countedPeer counts the messages of the script.
type countedPeer struct {
	Peer
	sent traffic
}

// Send sends a message and counts it.
func (p *countedPeer) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	err := p.Peer.Send(typ, payload)
	if err == nil {
		p.sent.count(typ)
	}
	return err
}

// openMetrics makes the registry.
func (b *Backend) openMetrics() {
	b.metrics = metrics.New(metrics.Options{JID: b.opts.Config.JID(), Read: b.readMetrics, Script: b.scriptMetrics})
}

// newScriptMetrics returns the metrics that the script defines.
func (b *Backend) newScriptMetrics() *metrics.Script {
	return metrics.NewScript(b.opts.Metrics.Users, func(name string) {
		b.log.WithField("metric", name).Warnf("the metrics of the script have %d series, and further ones are dropped: use labels with few values (logged once)", metrics.MaxSeries)
	})
}

// Metrics returns the metrics of the backend at this moment. From the first call on, the
// durations of handlers and statements are measured.
func (b *Backend) Metrics() ([]*dto.MetricFamily, error) {
	b.Measure()
	return b.metrics.Gather()
}

// Meters returns the meters, for databases that the peer uses.
func (b *Backend) Meters() *meter.Backend { return &b.meters }

// Measure starts to measure durations.
func (b *Backend) Measure() { b.meters.TurnOn() }

// readMetrics fills a snapshot. It does not wait for the script lock.
func (b *Backend) readMetrics(s *metrics.Snapshot) {
	s.Home = admin.HomeSpectrum
	if b.opts.Admin != nil {
		s.Home, s.Lines = b.opts.Admin.Home, b.opts.Admin.Logger.Lines()
	}
	s.Version, s.Started = version.String(), b.started
	loads, loaded := b.reloader.counts()
	s.Loads, s.Loaded, s.Generation = metrics.Results{Succeeded: loads.succeeded, Failed: loads.failed}, loaded, loads.succeeded
	s.Connected, s.Queued = b.peer.Connected(), b.peer.Queued()
	s.Dropped = dropped(b.peer)
	sessions := b.host.Sessions()
	s.Sessions, s.Users = sessions.Stats(), b.Users()
	if b.opts.Metrics.Users {
		s.Mailboxes = sessions.Mailboxes(metrics.MaxUsers)
	}
	s.Received, s.Sent = b.received.byName(), b.sent.byName()
	s.Errors.Handlers, s.Errors.Others = b.host.Errors()
	s.Handlers = b.handlerTimes()
	s.Database = metrics.Database{Queries: b.meters.Queries.Read(), Writes: b.meters.Writes.Read(), Failures: b.meters.Failures.Load()}
	s.MemoryLimit = b.opts.Settings.MemoryLimit
}

// adminMetrics answers with the metrics, in the format that the client asks for.
func (b *Backend) adminMetrics(w http.ResponseWriter, r *admin.Request) error {
	families, err := b.Metrics()
	if err != nil {
		return err
	}
	return metrics.Write(w, r.Request, families)
}

// handlerTimes returns the durations of handlers by their names.
func (b *Backend) handlerTimes() map[string]meter.Distribution {
	all := map[string]meter.Distribution{}
	for number, d := range b.meters.Handlers() {
		if typ := schema.TypeByNumber(pb.WrapperMessage_Type(number)); typ != nil {
			all[typ.Name] = d
		}
	}
	return all
}
