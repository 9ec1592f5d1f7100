package spectrum

import (
	"strings"
	"sync"
	"sync/atomic"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/dialog"
	"spectrumlua/runtime/schema"
)

// The chat with the transport itself. Spectrum drops messages to its own JID, so the contact
// dialog.Contact stands for it. Spectrum passes messages in both directions before CONNECTED,
// too (tried with 2.2.1).
func init() {
	outgoing[pb.WrapperMessage_TYPE_SERVICE_MESSAGE] = notice
	outgoing[pb.WrapperMessage_TYPE_QUESTION] = ask
	outgoing[pb.WrapperMessage_TYPE_ANSWER] = questionEnded
	outgoing[pb.WrapperMessage_TYPE_COMMANDS] = announced
	contacts[dialog.Contact] = toService
}

// partial decodes a message of the script, whose host has checked it.
var partial = proto.UnmarshalOptions{AllowPartial: true}

// service is the state of the chat. It is safe for concurrent use.
type service struct {
	// used is set when the script first asks a question, sends a notice, or declares a
	// command. Before that, the contact is one like all others.
	used atomic.Bool

	mu   sync.Mutex
	open map[string]string // the ids of the secret questions that are open, by users
}

// announced handles the list of commands, which Spectrum does not show.
func announced(s *Side, payload []byte) error {
	if len(payload) > 0 {
		s.service.used.Store(true)
	}
	return nil
}

// notice sends a text to the user.
func notice(s *Side, payload []byte) error {
	var m pb.ServiceMessage
	if err := partial.Unmarshal(payload, &m); err != nil {
		return err
	}
	return s.say(m.GetUserName(), m.GetMessage(), m.GetAttachment())
}

func (s *Side) say(user, text string, attachments []*pb.Attachment) error {
	s.service.used.Store(true)
	name := dialog.Contact
	return s.send(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: &user, BuddyName: &name, Message: &text, Attachment: attachments})
}

// ask sends a question to the user.
func ask(s *Side, payload []byte) error {
	var q pb.Question
	if err := partial.Unmarshal(payload, &q); err != nil {
		return err
	}
	s.service.mu.Lock()
	delete(s.service.open, q.GetUserName())
	if q.GetSecret() {
		if s.service.open == nil {
			s.service.open = map[string]string{}
		}
		s.service.open[q.GetUserName()] = q.GetId()
	}
	s.service.mu.Unlock()
	return s.say(q.GetUserName(), dialog.Text(&q, ""), q.GetAttachment())
}

func questionEnded(s *Side, payload []byte) error {
	var a pb.Answer
	if err := partial.Unmarshal(payload, &a); err != nil {
		return err
	}
	s.service.mu.Lock()
	defer s.service.mu.Unlock()
	if s.service.open[a.GetUserName()] == a.GetId() {
		delete(s.service.open, a.GetUserName())
	}
	return nil
}

// toService returns what the script receives instead of a message to the service: while a
// secret question is open, an answer, which is a secret everywhere.
func toService(s *Side, m *pb.ConversationMessage) (pb.WrapperMessage_Type, proto.Message) {
	if !s.service.used.Load() {
		return pb.WrapperMessage_TYPE_CONV_MESSAGE, m
	}
	s.service.mu.Lock()
	id, secret := s.service.open[m.GetUserName()]
	s.service.mu.Unlock()
	if secret && !dialog.Passes(m.GetMessage()) {
		text := strings.TrimSpace(m.GetMessage())
		return pb.WrapperMessage_TYPE_ANSWER, &pb.Answer{UserName: m.UserName, Id: &id, Text: &text}
	}
	return pb.WrapperMessage_TYPE_SERVICE_MESSAGE, &pb.ServiceMessage{UserName: m.UserName, Message: m.Message, Id: m.Id}
}

// Observer sees the messages in both directions, as link.Observer.
type Observer interface {
	In(typ pb.WrapperMessage_Type, payload []byte)
	Out(typ pb.WrapperMessage_Type, payload []byte)
}

// observer shows messages to the service as the script receives them, so that a record
// masks the answers.
type observer struct {
	Observer
	side *Side
}

// Observe returns an Observer of the link that passes messages on to o. It returns nil if o
// is nil.
func (s *Side) Observe(o Observer) Observer {
	if o == nil {
		return nil
	}
	return observer{o, s}
}

// In implements Observer.
func (o observer) In(typ pb.WrapperMessage_Type, payload []byte) {
	o.Observer.In(o.shown(typ, payload, func(m *pb.ConversationMessage) (pb.WrapperMessage_Type, proto.Message) {
		return toService(o.side, m)
	}))
}

// Out implements Observer.
func (o observer) Out(typ pb.WrapperMessage_Type, payload []byte) {
	o.Observer.Out(o.shown(typ, payload, func(m *pb.ConversationMessage) (pb.WrapperMessage_Type, proto.Message) {
		return pb.WrapperMessage_TYPE_SERVICE_MESSAGE, &pb.ServiceMessage{UserName: m.UserName, Message: m.Message}
	}))
}

// shown returns a message, or the one that stands for a message to or from the service.
func (o observer) shown(typ pb.WrapperMessage_Type, payload []byte, other func(*pb.ConversationMessage) (pb.WrapperMessage_Type, proto.Message)) (pb.WrapperMessage_Type, []byte) {
	if typ != pb.WrapperMessage_TYPE_CONV_MESSAGE || !o.side.service.used.Load() || string(schema.Find(payload, fieldBuddy)) != dialog.Contact {
		return typ, payload
	}
	var m pb.ConversationMessage
	if proto.Unmarshal(payload, &m) != nil {
		return typ, payload
	}
	number, n := other(&m)
	replaced, err := proto.Marshal(n)
	if err != nil {
		return typ, payload
	}
	return number, replaced
}
