// Package spectrum stands between the sessions and the link to Spectrum. It sends as raw
// XML what Spectrum's protocol cannot express, and it drops what Spectrum cannot pass.
//
// The tables outgoing and contacts map messages to what handles them. A message that is in
// no table passes unchanged, and costs no decoding.
package spectrum

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// Options are the parts of a Side. All are required.
type Options struct {
	// JID is the address of the transport.
	JID string
	// Name is the name that the transport's own contact has in clients.
	Name string
	// Send queues a frame for Spectrum and never blocks.
	Send func(typ pb.WrapperMessage_Type, payload []byte) error
	// Receive delivers a message to the script; see link.Options.
	Receive func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender)
	Log     logrus.FieldLogger
}

// Side is the side of Spectrum. Send and Receive may run at the same time, each of them on
// any goroutine; Receive has one caller at a time.
type Side struct {
	opts    Options
	known   [64]func(s *Side, payload []byte) error // outgoing, of the types that Spectrum knows
	service service
	uses    atomic.Bool   // the script uses sent, so that its messages need ids
	drops   atomic.Uint64 // messages that Spectrum cannot pass on

	mu    sync.Mutex
	users map[string]*user
}

// New returns a Side.
func New(o Options) *Side {
	s := &Side{opts: o}
	for typ, send := range outgoing {
		if int(typ) < len(s.known) {
			s.known[typ] = send
		}
	}
	return s
}

// outgoing maps types to what sends them to Spectrum. A type that only the gateway knows and
// that is not in the table is dropped.
var outgoing = map[pb.WrapperMessage_Type]func(s *Side, payload []byte) error{}

func init() { // because the functions use the table
	outgoing[pb.WrapperMessage_TYPE_CONV_MESSAGE] = message
	outgoing[pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK] = acknowledged
	outgoing[pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED] = nicknameChanged
	outgoing[pb.WrapperMessage_TYPE_SENT] = sent
	outgoing[pb.WrapperMessage_TYPE_REACTION] = reaction
	outgoing[pb.WrapperMessage_TYPE_RETRACTION] = retraction
	outgoing[pb.WrapperMessage_TYPE_DISPLAYED] = displayed
	outgoing[pb.WrapperMessage_TYPE_MODERATION] = moderation
}

// contacts maps the names of contacts that are the transport's own to what handles the
// user's messages to them. The handler returns what the script receives instead; a nil
// message means nothing.
var contacts = map[string]func(s *Side, m *pb.ConversationMessage) (pb.WrapperMessage_Type, proto.Message){}

// Send sends a message of the script.
func (s *Side) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	if typ >= 0 && int(typ) < len(s.known) {
		if send := s.known[typ]; send != nil {
			return send(s, payload)
		}
		return s.opts.Send(typ, payload)
	}
	if send := outgoing[typ]; send != nil {
		return send(s, payload)
	}
	if t := schema.TypeByNumber(typ); t != nil && t.GatewayOnly {
		s.dropped(t, "Spectrum has no such message")
		return nil
	}
	return s.opts.Send(typ, payload)
}

// Dropped returns the number of messages of the script that Spectrum cannot pass on.
func (s *Side) Dropped() uint64 { return s.drops.Load() }

// send encodes a message and sends it to Spectrum.
func (s *Side) send(typ pb.WrapperMessage_Type, m proto.Message) error {
	payload, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	return s.opts.Send(typ, payload)
}

// Receive receives a message from Spectrum.
func (s *Side) Receive(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender) {
	if s.service.used.Load() && s.aboutOwn(typ, payload) {
		return
	}
	switch typ.Number {
	case pb.WrapperMessage_TYPE_CONV_MESSAGE:
		if s.service.used.Load() {
			if handle := contacts[string(schema.Find(payload, fieldBuddy))]; handle != nil {
				s.receiveOwn(ctx, payload, lender, handle)
				return
			}
		}
		if s.uses.Load() {
			payload = s.arrived(payload)
		}
	case pb.WrapperMessage_TYPE_LOGIN, pb.WrapperMessage_TYPE_LOGOUT:
		s.forget(string(typ.UserOf(payload)))
	case pb.WrapperMessage_TYPE_JOIN_ROOM:
		s.noteRoom(payload, joined)
	case pb.WrapperMessage_TYPE_LEAVE_ROOM:
		s.noteRoom(payload, left)
	}
	s.opts.Receive(ctx, typ, payload, lender)
}

func (s *Side) receiveOwn(ctx context.Context, payload []byte, lender task.Lender, handle func(s *Side, m *pb.ConversationMessage) (pb.WrapperMessage_Type, proto.Message)) {
	m := &pb.ConversationMessage{}
	if err := proto.Unmarshal(payload, m); err != nil {
		s.opts.Log.Warnf("a message from Spectrum is dropped: %v", err)
		return
	}
	number, other := handle(s, m)
	if other == nil {
		return
	}
	payload, err := proto.Marshal(other)
	if err != nil {
		s.opts.Log.Errorf("%v: %v", number, err)
		return
	}
	s.opts.Receive(ctx, schema.TypeByNumber(number), payload, lender)
}
