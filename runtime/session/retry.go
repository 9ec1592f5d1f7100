package session

import (
	"bytes"
	"encoding/xml"
	"errors"
	"slices"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltext"
)

// Unlimited as Options.LoginRetries means that a login is retried until it succeeds.
const Unlimited = -1

// errRetried is the cause that ends the tasks of a session whose login is retried.
var errRetried = errors.New("the session has failed, and its login is retried")

const (
	// settleTime is how long the messages of an outage wait after CONNECTED. Spectrum
	// answers CONNECTED with a JOIN_ROOM for each open room, and messages to a room must
	// follow it.
	settleTime = time.Second
	// heldPart is the part of the budget that messages of outages may use: a quarter.
	heldPart = 4
	// loginGap is the time between two logins after a pause, so that users whose network
	// returns do not log in all at once.
	loginGap = 20 * time.Millisecond
)

// backlog has the messages that arrive during an outage. They wait until the user is
// connected again, because Spectrum sends messages only to a session that is connected.
type backlog struct {
	holding bool // messages have to wait
	full    bool // the log has said that messages are dropped
	items   []*item
}

// transient are messages without a meaning after an outage: Spectrum repeats JOIN_ROOM
// after CONNECTED, and the others are about the moment.
var transient = []pb.WrapperMessage_Type{
	pb.WrapperMessage_TYPE_JOIN_ROOM, pb.WrapperMessage_TYPE_LEAVE_ROOM,
	pb.WrapperMessage_TYPE_BUDDY_TYPING, pb.WrapperMessage_TYPE_BUDDY_TYPED, pb.WrapperMessage_TYPE_BUDDY_STOPPED_TYPING,
}

// lasting returns where s keeps the last message of a type that Spectrum sends once,
// after LOGIN, and that a retried login repeats. It returns nil for other types.
func (s *Session) lasting(typ *schema.Type) *Message {
	switch typ.Number {
	case pb.WrapperMessage_TYPE_STATUS_CHANGED:
		return &s.status
	case pb.WrapperMessage_TYPE_BUDDIES:
		return &s.roster
	}
	return nil
}

// retries reports whether the login of s, which has just failed, is retried here. If
// not, Spectrum receives the error. r.mu is held.
func (r *Registry) retries(s *Session) bool {
	f := r.pauses.users[s.User]
	switch {
	case f == nil || r.exiting || r.leaving || s.state != open || r.users[s.User] != s:
		return false
	case r.opts.ServerMode && !s.known:
		return false // the XMPP client still waits for the result of its own login
	}
	return r.opts.LoginRetries == Unlimited || f.count <= r.opts.LoginRetries
}

// retry ends s, as if Spectrum had sent LOGOUT and LOGIN, and makes a new session of the
// user wait for its turn. If keep is true, the new session gets the messages that s has
// not handled. It returns the pause. r.mu is held.
func (r *Registry) retry(s *Session, how terms, keep bool) time.Duration {
	next := &Session{
		User:       s.User,
		LegacyName: s.LegacyName,
		Settings:   s.Settings,
		registry:   r,
		asked:      r.clock.Now(),
		login:      s.login,
		status:     s.status,
		roster:     s.roster,
		known:      s.known,
		backlog:    backlog{holding: true},
	}
	r.budget.add(len(s.login.Payload))
	r.ownHeld(next)
	if keep {
		r.inherit(next, s)
	}
	s.replaced = true
	r.retried++
	r.end(s, how)
	next.waited = r.begin(next)
	return next.waited
}

// inherit moves the messages that s has not handled to the backlog of next.
func (r *Registry) inherit(next, s *Session) {
	for _, unhandled := range s.owner.Drop() {
		i, ok := unhandled.(*item)
		if !ok {
			r.drop([]task.Item{unhandled}) // next has a LOGIN of its own
			continue
		}
		s.queued.Add(-int64(len(i.message.Payload)))
		r.hold(next, i.message)
	}
	for _, i := range s.backlog.items {
		r.held -= i.size()
		r.hold(next, i.message)
	}
	s.backlog = backlog{}
}

// hold adds a message to the backlog of s. It drops a message that has no meaning after
// the outage, one that the session keeps anyway, and one over the limits. r.mu is held.
func (r *Registry) hold(s *Session, m Message) {
	i := &item{r, s, m}
	full := len(s.backlog.items) >= r.opts.MaxQueue || r.held+i.size() > r.opts.MaxQueueBytes/heldPart
	switch {
	case slices.Contains(transient, m.Type.Number) || s.lasting(m.Type) != nil:
	case full && !s.backlog.full:
		s.backlog.full = true
		r.logOf(s.User).Warn("too many messages wait until the user is connected again: further ones are dropped")
	case !full:
		r.held += i.size()
		s.backlog.items = append(s.backlog.items, i)
		return
	}
	r.budget.free(len(m.Payload))
}

// postpone keeps a message of s, which counts against the budget, until the user is
// connected again. It reports false if the message does not have to wait.
func (r *Registry) postpone(s *Session, m Message) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	lasting := s.lasting(m.Type)
	if lasting != nil {
		*lasting = m
	}
	switch {
	case !s.backlog.holding,
		lasting != nil && s.state != waiting,
		!s.connected.IsZero() && slices.Contains(transient, m.Type.Number):
		return false
	}
	r.hold(s, m)
	return true
}

// reroute handles a message of s that arrived while s was replaced.
func (r *Registry) reroute(s *Session, m Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if next := r.users[s.User]; s.replaced && next != nil {
		r.budget.add(len(m.Payload))
		r.hold(next, m)
	}
}

// repeatLasting posts what Spectrum has sent after LOGIN again. s is about to open. r.mu
// is held.
func (r *Registry) repeatLasting(s *Session) {
	if !s.backlog.holding {
		return
	}
	for _, m := range []Message{s.roster, s.status} {
		if m.Type != nil {
			r.budget.add(len(m.Payload))
			r.post(s.owner, &item{r, s, m})
		}
	}
}

// settle posts the backlog of s, which is connected again. r.mu is held.
func (r *Registry) settle(s *Session) {
	if !s.backlog.holding {
		return
	}
	if len(s.backlog.items) == 0 {
		s.backlog.holding = false
		return
	}
	r.after(settleTime, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, i := range s.backlog.items {
			r.held -= i.size()
			r.post(s.owner, i)
		}
		s.backlog = backlog{}
	})
}

// dropBacklog drops the messages of an outage because s ends. r.mu is held.
func (r *Registry) dropBacklog(s *Session) {
	for _, i := range s.backlog.items {
		r.held -= i.size()
		r.budget.free(len(i.message.Payload))
	}
	s.backlog = backlog{}
}

// pauseOver ends the pause of s, after the logins that are due before it. r.mu is held.
func (r *Registry) pauseOver(s *Session) {
	now := r.clock.Now()
	if s.state != waiting {
		r.stopWaiting(s)
		return
	}
	if !r.nextLogin.After(now) {
		r.nextLogin = now.Add(loginGap)
		r.stopWaiting(s)
		return
	}
	s.delay = r.after(r.nextLogin.Sub(now), func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.stopWaiting(s)
	})
	r.nextLogin = r.nextLogin.Add(loginGap)
}

// showOffline shows the contacts of a session whose login is retried as offline. Only
// logoutItem calls it, with the script lock.
func (r *Registry) showOffline(s *Session) {
	r.mu.Lock()
	known := s.replaced && r.users[s.User] != nil
	r.mu.Unlock()
	if !known {
		return
	}
	for _, payload := range r.script.Offline(s) {
		_ = r.opts.Sender.Send(pb.WrapperMessage_TYPE_BUDDY_CHANGED, payload) // an error means that the link has ended
	}
}

// notice returns a message that tells a user why they are offline. Spectrum and the gateway
// send a stanza without a sender from the transport's own JID.
func notice(user, reason string) []byte {
	if reason == "" {
		reason = "The connection to the network is lost."
	}
	var b bytes.Buffer
	b.WriteString(`<message to="`)
	_ = xml.EscapeText(&b, []byte(xmltext.Clean(user))) // a buffer does not fail
	b.WriteString(`"><body>`)
	_ = xml.EscapeText(&b, []byte(xmltext.Clean(reason)))
	b.WriteString("\nThe transport reconnects as soon as it can.</body></message>")
	return b.Bytes()
}
