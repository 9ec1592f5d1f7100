package router

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// State is the state of a user's session.
type State int

// States of a session.
const (
	Offline    State = iota
	Connecting       // LOGIN has gone to the script
	Online           // CONNECTED has come from it
)

// User is a person who sends stanzas, registered or not, or the transport itself if JID
// is "". Only the goroutine of the user uses it, except for JID.
type User struct {
	JID string // bare

	// Account and Settings are those of the database, valid unless State is Offline.
	Account  users.Account
	Settings map[string]string
	State    State
	Clients  Clients

	router  *Router
	names   map[string]string // see address
	typed   map[string]string // see TypedJID
	joined  map[string]string // names of rooms by their folded localparts
	spelled map[string]int    // JIDs in joined by what their names are folded to; see HasJoined
	known   map[string]string // the same, of rooms that need not be joined; see KnowRoom
	unusual map[string]bool   // contacts whose JID is not written as the config says
	// lastFrom is the last result of ContactFrom, because a contact often writes several
	// times.
	lastFrom sender
	slots    map[any]any
	waits    bool          // Send may wait: the goroutine is run's, and not borrowed
	queue    []func(*User) // router.mu guards it and running
	running  bool
}

// keeps reports whether the user has a state to keep while the queue is empty.
func (u *User) keeps() bool { return u.JID == "" || u.State != Offline || len(u.slots) > 0 }

// End makes the user offline, without clients, rooms and names.
func (u *User) End() {
	u.State, u.Clients, u.lastFrom = Offline, nil, sender{}
	u.names, u.typed, u.joined, u.spelled, u.known, u.unusual = nil, nil, nil, nil, nil, nil
}

// Router returns the router of the user.
func (u *User) Router() *Router { return u.router }

// Barred returns why users of the user's server may not use the transport, or nil if they may.
func (u *User) Barred() *stanza.Error {
	if u.router.Settings().Service.Allows(u.JID) {
		return nil
	}
	return stanza.Errorf(stanza.Forbidden, "Users of your server may not use the transport.")
}

// Store returns the database.
func (u *User) Store() *users.Store { return u.router.Store }

// Context returns a context for one call of the database.
func (u *User) Context() (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(u.router.ctx, storeTime, errors.New("the database does not answer"))
}

// Log returns the log with the user as a field.
func (u *User) Log() *logrus.Entry {
	if u.JID == "" {
		return u.router.log.WithFields(nil)
	}
	return u.router.log.WithField("user", u.JID)
}

// Failed logs an error of the database. It does not repeat an outage, which the router logs once.
func (u *User) Failed(what string, err error) {
	level := logrus.ErrorLevel
	if errors.Is(err, users.ErrOutage) {
		level = logrus.DebugLevel
	}
	u.Log().WithField("error", err.Error()).Log(level, what)
}

// Send sends a stanza to the server. It waits while the stream is full, unless the handler is
// quick: a handler may send a stanza for each occupant of a room, and the stream drops what
// exceeds its backlog. The caller must not hold a lock. A stanza that the stream refuses is
// logged. The node may be changed and sent again.
func (u *User) Send(n *xmltree.Node) {
	if u.waits {
		u.router.mayRun() // when the time of Close is up, the stanza is the stream's matter
	}
	_ = u.router.write(n)
}

// After calls a function on the goroutine of the user after d. Stop of the timer may come
// too late for a call that is already queued.
func (u *User) After(d time.Duration, do func(u *User)) clock.Timer {
	r, jid := u.router, u.JID
	return r.Clock.AfterFunc(d, func() {
		defer crash.Guard()
		_ = r.post(jid, do) // an error means that the router is closed
	})
}

// Hooks calls the hook of each feature that pick returns.
func (u *User) Hooks(pick func(h *Hooks) func(*User)) {
	for i := range u.router.tables.hooks {
		if hook := pick(&u.router.tables.hooks[i]); hook != nil {
			hook(u)
		}
	}
}

// LoginHooks calls Hooks.Login of each feature, until one returns an error.
func (u *User) LoginHooks() error {
	for _, h := range u.router.tables.hooks {
		if h.Login != nil {
			if err := h.Login(u); err != nil {
				return err
			}
		}
	}
	return nil
}

// UnregisterHooks calls Hooks.Unregister of each feature, until one returns an error. removed
// does what is left when the account is removed.
func (u *User) UnregisterHooks() (removed func(), err error) {
	var all []func(*User)
	for _, h := range u.router.tables.hooks {
		if h.Unregister == nil {
			continue
		}
		do, err := h.Unregister(u)
		if err != nil {
			return nil, err
		}
		if do != nil {
			all = append(all, do)
		}
	}
	return func() {
		for _, do := range all {
			do(u)
		}
	}, nil
}

// NameHooks calls the hook of each feature that pick returns, for a name on the network.
func (u *User) NameHooks(name string, pick func(h *Hooks) func(*User, string)) {
	for i := range u.router.tables.hooks {
		if hook := pick(&u.router.tables.hooks[i]); hook != nil {
			hook(u, name)
		}
	}
}

// ClientHooks calls the hook of each feature that pick returns, for a client.
func (u *User) ClientHooks(c *Client, pick func(h *Hooks) func(*User, *Client)) {
	for i := range u.router.tables.hooks {
		if hook := pick(&u.router.tables.hooks[i]); hook != nil {
			hook(u, c)
		}
	}
}
