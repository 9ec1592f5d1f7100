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
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// The causes that end what a session, or the process, waits for.
var (
	ErrLoggedOut      = errors.New("the user has logged out")
	ErrLogoutTooLong  = errors.New("stopped: on.logout took too long (logout_timeout)")
	ErrTooManyWaiting = errors.New("too many messages are queued for the user (max_queue)")
	ErrTooMuchWaiting = errors.New("too much is queued for the user, and nothing of it gets done")
	ErrExit           = errors.New("the backend is ending")
	ErrExitTooLong    = errors.New("stopped: on.exit took too long (exit_timeout)")
)

// Session is one user, from his LOGIN until what on.logout does is done.
type Session struct {
	// User is his bare JID, LegacyName his name on the network, Settings what
	// he chose for himself. They do not change.
	User       string
	LegacyName string
	Settings   map[string]string

	// Local belongs to the Script; the script lock guards it.
	Local any

	registry *Registry
	owner    *task.Owner
	// mute is set when Spectrum no longer knows this session: what it sends
	// could only reach the user's next one.
	mute atomic.Bool
	// queued is how many bytes wait in the mailbox.
	queued atomic.Int64

	// Guarded by registry.mu.
	state     state
	began     bool        // on.login has been called
	failed    bool        // its end has been counted as the network's failure
	waits     int         // reasons why the mailbox is still held
	next      *Session    // the user's next session, which waits for this one
	delay     clock.Timer // the pause before on.login
	fuse      *fuse       // for what is queued before the end, then for on.logout
	limit     time.Duration
	why       error // the cause of its end
	connected time.Time
	asked     time.Time     // when LOGIN came
	waited    time.Duration // the pause before on.login
	outcome   outcome
}

// state is where a session is in its life. It passes through all or, if it
// ends before its turn came, all but open.
type state int

const (
	waiting state = iota // for the session before it, or for a pause
	open                 // its messages are handled
	ending               // it gets no more, and is no longer the user's session
	ended                // nothing of it is left
)

// Owner is whom the session's tasks belong to.
func (s *Session) Owner() *task.Owner { return s.owner }

// Muted tells whether what the session sends is dropped, since Spectrum has
// logged its user out.
func (s *Session) Muted() bool { return s.mute.Load() }

// Script is what handles messages. It may call Send, Sessions and Find.
type Script interface {
	// Handle is called with the script lock, on the goroutine of t, for a message of
	// s, or of no user if s is nil. The error of a LOGIN is told to the user;
	// any other is the script's own business.
	//
	// The first message of a session is its LOGIN, the last its LOGOUT, and
	// the next begins when the one before has been handled. A session that
	// ends before its LOGIN was handled gets none at all.
	Dispatch(t *task.Task, s *Session, m Message) error
	// Ended is called with the script lock when s, which Sessions may have shown,
	// will get no more messages.
	Ended(s *Session)
}

// Message is one message from Spectrum. Its payload has not been looked into.
type Message struct {
	Type    *schema.Type
	Payload string
}

// Sender takes messages for Spectrum, as link.Link does. It must not block.
type Sender interface {
	Send(typ pb.WrapperMessage_Type, payload []byte) error
}
