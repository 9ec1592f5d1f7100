// Package session holds the sessions of the users who are logged in. It routes each
// message from Spectrum to the mailbox of its user, starts and ends sessions in
// order, and logs users in again whose network failed, after a pause.
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

// These errors are the causes that cancel the tasks of a session or of the process.
var (
	errLoggedOut      = errors.New("the user has logged out")
	errLogoutTooLong  = errors.New("stopped: on.logout took too long (logout_timeout)")
	errTooManyWaiting = errors.New("too many messages are queued for the user (max_queue)")
	errTooMuchWaiting = errors.New("too many bytes are queued for the user, and the script handles none of them")
	errExit           = errors.New("the backend is exiting")
	errExitTooLong    = errors.New("stopped: on.exit took too long (exit_timeout)")
)

// Session is one user who is logged in, from LOGIN to the end of on.logout.
type Session struct {
	// User is the user's bare JID, LegacyName their name on the network, and
	// Settings their settings. They do not change.
	User       string
	LegacyName string
	Settings   map[string]string

	// Local is a value of the Script. The script lock guards it.
	Local any
	// Unlocked is another value of the Script, for use without the script lock.
	Unlocked atomic.Value

	registry *Registry
	owner    *task.Owner
	// mute is set when Spectrum has logged the user out. Messages that the session
	// still sends are dropped, because Spectrum would pass them to the user's next
	// session.
	mute atomic.Bool
	// queued is the number of payload bytes in the mailbox.
	queued atomic.Int64

	// Guarded by registry.mu.
	state       state
	loginCalled bool        // on.login has been called
	failed      bool        // the failure of the network has been counted
	waits       int         // reasons not to handle messages yet
	next        *Session    // the user's next session, which waits for the end of this one
	delay       clock.Timer // the pause before on.login
	deadline    *deadline   // for the messages before LOGOUT, then for on.logout
	limit       time.Duration
	why         error // the cause of the end
	connected   time.Time
	asked       time.Time     // when LOGIN arrived, or the previous session failed
	waited      time.Duration // the pause before on.login
	outcome     outcome
	login       Message // LOGIN, and what a retried login repeats of what followed
	status      Message
	roster      Message
	known       bool // Spectrum has received CONNECTED since it sent LOGIN
	replaced    bool // the login is retried by another session
	backlog     backlog
}

// state is a session's place in its life. A session passes through all states, or
// skips open if it ends before its LOGIN is handled.
type state int

const (
	waiting state = iota // for the user's previous session, or for a pause
	open                 // its messages are handled
	ending               // it receives no more messages, and the user may have a next session
	ended                // all its tasks have ended
)

// Owner returns the owner of the session's tasks.
func (s *Session) Owner() *task.Owner { return s.owner }

// Muted reports whether Spectrum has logged the user out, so that messages of the
// session are dropped.
func (s *Session) Muted() bool { return s.mute.Load() }

// Script handles messages. It may call Send, Sessions and Find.
type Script interface {
	// Dispatch handles a message of s, or of the process if s is nil. It is called
	// with the script lock, on the goroutine of t. The user receives the error of a
	// LOGIN; all other errors are ignored.
	//
	// The first message of a session is its LOGIN, the last one its LOGOUT.
	// Dispatch is called for one message of a session at a time. It is not called
	// at all for a session that ends before its LOGIN is handled.
	Dispatch(t *task.Task, s *Session, m Message) error
	// Early receives each message of s of an internal type as soon as it arrives, after
	// on.login was called. It reports whether that was all: otherwise the message goes into
	// the mailbox. It is called without the script lock, on the goroutine of Receive, and
	// must not wait: a handler may wait for what it brings. The payload is valid until it
	// returns.
	Early(s *Session, typ *schema.Type, payload []byte) bool
	// Offline returns a BUDDY_CHANGED for each contact that s has shown online, to
	// show it offline. It is called with the script lock, before Ended.
	Offline(s *Session) [][]byte
	// Ended is called with the script lock after the last message of s.
	Ended(s *Session)
}

// Message is one message from Spectrum, with its payload still encoded.
type Message struct {
	Type    *schema.Type
	Payload string
}

// Sender sends messages to Spectrum, as link.Link does. Send must not block.
type Sender interface {
	Send(typ pb.WrapperMessage_Type, payload []byte) error
}
