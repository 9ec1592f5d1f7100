package backend

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

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

// adminTrace streams the messages of the process as a record; see package record.
func (b *Backend) adminTrace(w http.ResponseWriter, r *admin.Request) error {
	query := r.URL.Query()
	user, bodies := query.Get("user"), query.Get("bodies") == "1"
	for key := range query {
		if key != "user" && key != "bodies" {
			return &admin.Error{Status: http.StatusBadRequest, Text: fmt.Sprintf("unknown parameter %q: user and bodies=1 are known", key)}
		}
	}
	log := b.log.WithField("by", r.Who)
	if user != "" {
		log = log.WithField("user", user)
	}
	if bodies {
		log.Warn("an admin traces messages, with the texts that users write")
	} else {
		log.Info("an admin traces messages, without texts")
	}
	watcher := b.tracer.Watch(user)
	defer watcher.Close()
	encoder := record.NewEncoder(b.opts.Secrets, bodies)
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

// sendTrace sends messages and the number of those that are lost after them.
func sendTrace(stream *admin.Stream, encoder *record.Encoder, began time.Time, messages []trace.Message, lost int) error {
	for _, m := range messages {
		if err := stream.Send(json.RawMessage(encoder.Message(m.Time.Sub(began), m.Out, m.Type, m.Payload))); err != nil {
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
