package router

import (
	"context"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Stanza is a stanza of a user. Only the goroutine of the user uses it.
type Stanza struct {
	*xmltree.Node
	Kind string // message, presence or iq
	Type string // see Route
	ID   string
	From string // full JID
	To   string
	// Target is what the stanza is for. For a Contact, Room or Occupant, Name is its name
	// on the network. Resource is the resource of To, such as an occupant's nickname.
	Target   Target
	Name     string
	Resource string
	// Payload is the child element of an IQ. It is nil for other stanzas.
	Payload *xmltree.Node

	user     *User
	aimed    bool // Target, Name, Resource and route are set
	route    *Route
	answered bool
	deferred clock.Timer
}

// kinds are the stanzas, with the type that an absent type means.
var kinds = map[string]string{"message": "normal", "presence": "", "iq": ""}

// messageTypes are the types of messages. Any other type means normal (RFC 6121, section
// 5.2.2).
var messageTypes = []string{"normal", "chat", "groupchat", "headline", "error"}

// presenceTypes are the types of presences (RFC 6121, section 4.7.1).
var presenceTypes = []string{"", "unavailable", "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe", "error"}

// isRequest reports whether an IQ follows the rules of RFC 6120, section 8.2.3.
func (s *Stanza) isRequest() bool {
	return s.ID != "" && (s.Type == "get" || s.Type == "set") && len(stanza.Children(s.Node)) == 1
}

// Receive handles a stanza of the XMPP server. Calls must not overlap. It blocks while too
// many stanzas wait, until ctx is done.
func (r *Router) Receive(ctx context.Context, n *xmltree.Node) {
	byDefault, known := kinds[n.Name]
	if !known || n.Space != "" {
		return // not a stanza, for example a stream feature
	}
	s := &Stanza{
		Node: n, Kind: n.Name, Type: stanza.Attr(n, "type"), ID: stanza.Attr(n, "id"),
		From: stanza.Attr(n, "from"), To: stanza.Attr(n, "to"),
	}
	if s.Type == "" || s.Kind == "message" && !slices.Contains(messageTypes, s.Type) {
		s.Type = byDefault
	}
	if s.From == "" {
		return
	}
	if s.Kind == "iq" && (s.Type == "result" || s.Type == "error") {
		r.answer(s)
		return
	}
	if s.Kind == "iq" {
		if !s.isRequest() {
			r.bounce(s, &stanza.Error{Condition: stanza.BadRequest})
			return
		}
		s.Payload = stanza.Children(n)[0]
	}
	user := jid.Bare(s.From)
	size := sizeOf(n)
	if !r.admit(user, size) {
		r.bounce(s, stanza.Errorf(stanza.ResourceConstraint, "too many of your stanzas wait for an answer"))
		return
	}
	handle := func(u *User) {
		r.release(user, size)
		r.handle(u, s)
	}
	var err error
	if s.Kind == "message" {
		err = r.postQuick(user, handle, func(u *User) bool { return r.isQuick(u, s) })
	} else {
		err = r.post(user, handle)
	}
	if err != nil {
		r.release(user, size)
		r.bounce(s, stanza.Errorf(stanza.ServiceUnavailable, "the transport is stopping"))
		return
	}
	_ = r.incoming.wait(ctx) // an error means that reading ends
}

// sizeOf estimates the memory of a stanza.
func sizeOf(n *xmltree.Node) int {
	size := jobCost
	for _, a := range n.Attr {
		size += len(a.Value)
	}
	for _, c := range n.Children {
		if c.Element != nil {
			size += sizeOf(c.Element)
		}
		size += len(c.Text)
	}
	return size
}

// handle handles a stanza on the goroutine of its user.
func (r *Router) handle(u *User, s *Stanza) {
	s.user = u
	r.aim(u, s)
	switch refusal := barred(u, s); {
	case s.route == nil:
	case refusal == nil:
		s.route.Handle(u, s)
	case s.Type != "headline": // nobody expects an answer to a headline
		s.Refuse(refusal)
	}
	switch {
	case s.Kind == "iq" && s.route == nil:
		s.Fail(stanza.ServiceUnavailable, "")
	case s.Kind == "iq" && !s.answered && s.deferred == nil:
		u.Log().WithField("namespace", s.Payload.Space).Error("an IQ has no answer") // a mistake in a feature
		s.Fail(stanza.InternalServerError, "")
	case s.Kind == "message" && s.route == nil && s.Type != "error" && s.Type != "headline":
		r.bounce(s, &stanza.Error{Condition: stanza.ServiceUnavailable})
	case s.Kind == "presence" && !slices.Contains(presenceTypes, s.Type) && u.State != Offline: // strangers get no answer
		r.bounce(s, &stanza.Error{Condition: stanza.BadRequest})
	}
}

// barred returns why the user may not send a stanza, or nil. Presence is left to its handlers:
// strangers get no answer.
func barred(u *User, s *Stanza) *stanza.Error {
	if s.route == nil || s.route.Open || s.Kind == "presence" {
		return nil
	}
	return u.Barred()
}

// isQuick reports whether the handler of a stanza never waits. The stanza is the next one of
// its user, so that handle finds the same target and route.
func (r *Router) isQuick(u *User, s *Stanza) bool {
	r.aim(u, s)
	return s.route == nil || s.route.Quick != nil && s.route.Quick(s)
}

// aim finds out what a stanza is for and which route it takes, once.
func (r *Router) aim(u *User, s *Stanza) {
	if s.aimed {
		return
	}
	s.aimed = true
	target(u, s)
	s.route = r.tables.stanza(s)
}

// target finds out what a stanza is for.
func target(u *User, s *Stanza) {
	local, _, resource := jid.Split(s.To)
	s.Resource = resource
	if local == "" {
		s.Target = Transport
		return
	}
	name, isRoom := u.roomOf(Fold(local))
	if !isRoom {
		name = u.nameOf(local)
		isRoom = strings.HasPrefix(name, "#") || resource != "" && resource != contactResource || s.isForRoom()
	}
	s.Name = name
	switch {
	case isRoom && resource != "":
		s.Target = Occupant
	case isRoom:
		s.Target = Room
	default:
		s.Target = Contact
	}
}

// roomSpaces are the namespaces of elements that clients send only to rooms and occupants.
var roomSpaces = []string{stanza.MUC, stanza.MUCUser, stanza.MUCAdmin, stanza.MUCOwner}

// isForRoom reports whether the content of a stanza shows that it is for a room or an occupant.
func (s *Stanza) isForRoom() bool {
	return s.Type == "groupchat" || slices.ContainsFunc(s.Children, func(c xmltree.Child) bool {
		return c.Element != nil && slices.Contains(roomSpaces, c.Element.Space)
	})
}

// Result answers an IQ. payload may be nil. Further answers have no effect. If the stream
// refuses the answer, the sender receives an error.
func (s *Stanza) Result(payload *xmltree.Node) {
	if !s.answers() {
		return
	}
	if err := s.user.router.write(stanza.Result(s.Node, payload)); err != nil {
		s.user.router.bounce(s, stanza.Errorf(stanza.ResourceConstraint, "the transport cannot send the answer"))
	}
}

// Fail answers an IQ, message or presence with an error. text is for people and may be
// empty. Further answers have no effect.
func (s *Stanza) Fail(c stanza.Condition, text string) {
	s.Refuse(&stanza.Error{Condition: c, Text: text})
}

// Refuse is like Fail.
func (s *Stanza) Refuse(e *stanza.Error) {
	if s.answers() {
		s.user.router.bounce(s, e)
	}
}

func (s *Stanza) answers() bool {
	if s.answered {
		return false
	}
	s.answered = true
	if s.deferred != nil {
		s.deferred.Stop()
	}
	return true
}

// Defer allows the handler of an IQ to answer later. If it does not in time, the gateway
// answers with an error.
func (s *Stanza) Defer() {
	s.deferred = s.user.After(answerTime, func(*User) { s.Fail(stanza.RemoteServerTimeout, "") })
}

// write queues a stanza for the server. It logs and returns the error of a stanza that the
// stream refuses, for example because it is too long.
func (r *Router) write(n *xmltree.Node) error {
	err := r.opts.Stream.SendNode(n)
	if err != nil && r.ctx.Err() == nil {
		r.refused.Do(err.Error(), func() {
			r.log.WithFields(logrus.Fields{
				"stanza": n.Name, "from": stanza.Attr(n, "from"), "to": stanza.Attr(n, "to"), "error": err.Error(),
			}).Warn("a stanza is dropped (logged once a minute)")
		})
	}
	return err
}
