// Package session keeps the users who are logged in. It routes what Spectrum
// sends to the mailbox of the user it is for, starts and ends sessions in
// order, and makes the pauses that Spectrum does not make before it logs a
// user in again.
package session

import (
	"errors"
	"sync/atomic"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// The causes that end what a session waits for.
var (
	ErrLoggedOut      = errors.New("the user has logged out")
	ErrLogoutTooLong  = errors.New("stopped: on.logout took too long (logout_timeout)")
	ErrTooManyWaiting = errors.New("too many messages are queued for the user (max_queue)")
)

// Session is one user, from his LOGIN until what on.logout does is done.
type Session struct {
	// User is his bare JID, LegacyName his name on the network, Settings what
	// he chose for himself. They do not change.
	User       string
	LegacyName string
	Settings   map[string]string

	// Local belongs to the Script; the script's lock guards it.
	Local any

	registry *Registry
	owner    *task.Owner
	// mute is set when Spectrum no longer knows this session: what it sends
	// could only reach the user's next one.
	mute atomic.Bool

	// Guarded by registry.mu.
	state     state
	waits     int // reasons why the mailbox is still held
	next      *Session
	delay     *time.Timer // the pause before on.login
	grace     *time.Timer // for what is queued before the end
	connected time.Time
}

type state int

const (
	waiting state = iota // for the session before it, or for a pause
	open
	ending
	ended
)

// Owner is whom the session's tasks belong to.
func (s *Session) Owner() *task.Owner { return s.owner }

// Muted tells whether what the session sends is dropped, since Spectrum has
// logged its user out.
func (s *Session) Muted() bool { return s.mute.Load() }

// Script is what handles messages.
type Script interface {
	// Handle is called with the baton, on the goroutine of t, for a message of
	// s, or of no user if s is nil. The error of a LOGIN is told to the user;
	// any other is the script's own business.
	Handle(t *task.Task, s *Session, m Message) error
	// Ended is called with the baton when s will get no more messages.
	Ended(s *Session)
}

// Message is one message from Spectrum. Its payload has not been looked into.
type Message struct {
	Type    *schema.Type
	Payload string
}

// Sender takes messages for Spectrum, as link.Link does.
type Sender interface {
	Send(typ pb.WrapperMessage_Type, payload []byte) error
}

// item is a message in a mailbox.
type item struct {
	registry *Registry
	session  *Session // nil: the process
	message  Message
}

// Handle implements task.Item.
func (i *item) Handle(t *task.Task) {
	r := i.registry
	r.room.free(len(i.message.Payload))
	err := r.script.Handle(t, i.session, i.message)
	if err != nil && i.message.Type.Number == pb.WrapperMessage_TYPE_LOGIN {
		r.refuse(i.session, err)
	}
}
