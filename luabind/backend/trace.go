package backend

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/link"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/trace"
	"spectrumlua/runtime/version"
)

// observers show messages to the recorder, which may be nil, and to the traces of admins.
type observers struct {
	recorder *record.Recorder
	tracer   *trace.Tracer
}

// on reports whether anybody wants to see messages.
func (o observers) on() bool { return o.recorder != nil || o.tracer.On() }

// In implements link.Observer.
func (o observers) In(typ pb.WrapperMessage_Type, payload []byte) {
	if o.recorder != nil {
		o.recorder.In(typ, payload)
	}
	o.tracer.In(typ, payload)
}

// Out implements link.Observer.
func (o observers) Out(typ pb.WrapperMessage_Type, payload []byte) {
	if o.recorder != nil {
		o.recorder.Out(typ, payload)
	}
	o.tracer.Out(typ, payload)
}

// gate passes messages on while anybody wants to see them.
type gate struct {
	link.Observer
	by observers
}

// In implements link.Observer.
func (g gate) In(typ pb.WrapperMessage_Type, payload []byte) {
	if g.by.on() {
		g.Observer.In(typ, payload)
	}
}

// Out implements link.Observer.
func (g gate) Out(typ pb.WrapperMessage_Type, payload []byte) {
	if g.by.on() {
		g.Observer.Out(typ, payload)
	}
}

// observer returns the observer of a peer, or nil if nobody can ever see the messages.
func (b *Backend) observer() link.Observer {
	if b.opts.Record == nil && !b.hasAdmin() {
		return nil
	}
	return observers{b.opts.Record, &b.tracer}
}

// gated returns an observer that costs little while nobody wants to see messages. It
// returns nil if o is nil.
func (b *Backend) gated(o link.Observer) link.Observer {
	if o == nil {
		return nil
	}
	return gate{o, observers{b.opts.Record, &b.tracer}}
}

// traceRequest are the parameters of a trace.
type traceRequest struct {
	user           string
	bodies, stanza bool
}

// maxTraces limits the traces at a time. The socket has connections for other requests, too.
const maxTraces = 8

// traceParameters are the parameters of GET /trace. They report whether the value is known.
var traceParameters = map[string]func(q *traceRequest, value string) bool{
	"user":   func(q *traceRequest, value string) bool { q.user = value; return true },
	"bodies": func(q *traceRequest, value string) bool { q.bodies = value == "1"; return q.bodies },
	"xmpp":   func(q *traceRequest, value string) bool { q.stanza = value == "1"; return q.stanza },
}

// readTrace reads the parameters of a trace.
func (b *Backend) readTrace(r *admin.Request) (q traceRequest, err error) {
	for key, values := range r.URL.Query() {
		set := traceParameters[key]
		if set == nil || !set(&q, values[0]) {
			return q, &admin.Error{Status: http.StatusBadRequest, Text: fmt.Sprintf("unknown parameter %q: user=JID, bodies=1 and xmpp=1 are known", key+"="+values[0])}
		}
	}
	if q.stanza && b.opts.Peer == nil {
		return q, &admin.Error{Status: http.StatusBadRequest, Text: "this process has no stanzas: Spectrum is connected to the XMPP server, and " +
			"exchanges frames with this process; use --frames instead of --xmpp"}
	}
	return q, nil
}

// note logs that somebody traces.
func (q traceRequest) note(log logrus.FieldLogger) {
	if q.user != "" {
		log = log.WithField("user", q.user)
	}
	what := map[bool]string{false: "messages", true: "stanzas"}[q.stanza]
	if q.bodies {
		log.Warnf("an admin traces %s, with the texts that users write", what)
	} else {
		log.Infof("an admin traces %s, without texts", what)
	}
}

// adminTrace streams the messages of the process as a record; see package record.
func (b *Backend) adminTrace(w http.ResponseWriter, r *admin.Request) error {
	q, err := b.readTrace(r)
	if err != nil {
		return err
	}
	defer b.traces.Add(-1)
	if b.traces.Add(1) > maxTraces {
		return &admin.Error{Status: http.StatusTooManyRequests, Text: fmt.Sprintf("%d traces run already: end one of them", maxTraces)}
	}
	log := b.log.WithField("by", r.Who)
	q.note(log)
	watch := b.tracer.Watch
	if q.stanza {
		watch = b.stanzas.Watch
	}
	watcher := watch(q.user)
	defer watcher.Close()
	encoder := b.traceEncoder(q)
	began := time.Now()
	header, err := encoder.Header(record.Header{
		Time: began.UTC(), Version: version.String(), JID: b.opts.Config.JID(), PID: os.Getpid(),
		Config: b.opts.Config.Path(), Script: b.opts.Settings.Script, Home: b.opts.Admin.Home,
	})
	if err != nil {
		return err
	}
	stream := admin.NewStream(w)
	err = stream.Send(json.RawMessage(header))
	for err == nil {
		var messages []trace.Message
		var lost int
		if messages, lost, err = watcher.Wait(r.Context()); err == nil {
			err = sendTrace(stream, encoder, began, messages, lost)
		}
	}
	log.Debugf("the trace has ended: %v", err)
	return nil
}

// traceEncoder encodes the messages of a trace.
type traceEncoder struct {
	*record.Encoder
	// own encodes stanzas of the transport itself, which may be answers to secret questions.
	// It is nil for messages, whose types say what is secret.
	own       *record.Encoder
	transport string
}

func (b *Backend) traceEncoder(q traceRequest) *traceEncoder {
	e := &traceEncoder{Encoder: record.NewEncoder(b.opts.Secrets, q.bodies), transport: b.opts.Config.JID()}
	if q.stanza {
		e.own = record.NewEncoder(b.opts.Secrets, false)
	}
	return e
}

// message returns the line of a message.
func (e *traceEncoder) message(began time.Time, m trace.Message) []byte {
	encoder := e.Encoder
	if e.own != nil && trace.IsOwn(e.transport, m.Payload) {
		encoder = e.own
	}
	return encoder.Message(m.Time.Sub(began), m.Out, m.Type, m.Payload)
}

// sendTrace sends messages and the number of those that are lost after them.
func sendTrace(stream *admin.Stream, encoder *traceEncoder, began time.Time, messages []trace.Message, lost int) error {
	for _, m := range messages {
		if err := stream.Send(json.RawMessage(encoder.message(began, m))); err != nil {
			return err
		}
	}
	if lost == 0 {
		return nil
	}
	line, err := encoder.Lost(time.Since(began), lost)
	if err != nil {
		return err
	}
	return stream.Send(json.RawMessage(line))
}
