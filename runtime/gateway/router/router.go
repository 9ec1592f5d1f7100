// Package router is the core of the gateway. It has a queue and a state for each user, and
// tables that map stanzas and payloads to the handlers of the features.
//
// Handlers run on the goroutine of their user, one at a time and in the order of the
// queue. A handler may wait, for example for the database; only its user waits with it.
// The goroutine exists while the queue is not empty. Everything that a handler stores in
// User belongs to that goroutine.
//
// Payloads for the script go through one more queue, because a session registry has one
// caller at a time and may block it. Handlers never wait for the script.
package router

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltree"
)

// Limits of the queues.
const (
	// maxIncoming is the number of bytes of stanzas that may wait for handlers and the
	// script. Reading from the server pauses above it.
	maxIncoming = 16 << 20
	// maxOutgoing is the number of bytes of payloads that may wait for handlers. Senders
	// wait above it.
	maxOutgoing = 4 << 20
	// maxUserStanzas and maxUserBytes limit the stanzas of one user that wait. Further ones
	// are refused with an error, because a pause of the reader would delay all users.
	maxUserStanzas = 10_000
	maxUserBytes   = 6 << 20
	// jobCost is the memory of a stanza or payload besides its text, in bytes.
	jobCost = 256
)

// answerTime is how long the gateway may take to answer an IQ.
const answerTime = 20 * time.Second

// queryTime is how long the gateway waits for the answer to its own IQ.
const queryTime = 30 * time.Second

// storeTime limits each call of the database.
const storeTime = 10 * time.Second

// Stream sends stanzas to the XMPP server. It is a *component.Component.
type Stream interface {
	// SendNode queues a stanza and never blocks. It returns why it refuses a stanza. It
	// does not keep the node.
	SendNode(stanza *xmltree.Node) error
	Full() bool
	WaitCapacity(ctx context.Context) error
}

// Options are the parts of a Router. All are required, except Observer and Forget.
type Options struct {
	Settings settings.Settings
	Store    *users.Store
	Stream   Stream
	// Receive is called with each payload for the script, by one goroutine at a time. It
	// may block. The payload is valid until it returns. It may use the goroutine of the
	// caller for longer, as task.Owner.Handle does: after the lender's Keep, another
	// goroutine may call Receive.
	Receive  func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender)
	Features []Feature
	Log      logrus.FieldLogger
	Clock    clock.Clock
	// Observer sees the payloads in both directions. It must not block.
	Observer Observer
	// Forget removes what the script has stored for a user. It is optional.
	Forget func(ctx context.Context, jid string) error
	// Handles reports whether the script has a handler for a type. It must not block. It is
	// optional; without it, the script has all handlers.
	Handles func(typ pb.WrapperMessage_Type) bool
}

// Observer sees payloads: In before Receive is called, Out when the script has sent one.
// A payload is valid until the method returns.
type Observer interface {
	In(typ pb.WrapperMessage_Type, payload []byte)
	Out(typ pb.WrapperMessage_Type, payload []byte)
}

// Router routes stanzas and payloads. It is safe for concurrent use.
type Router struct {
	Store *users.Store
	Clock clock.Clock
	// Shared is the state of all users that the script announces.
	Shared Shared

	settings atomic.Pointer[settings.Settings]

	opts   Options
	log    logrus.FieldLogger
	tables tables
	ctx    context.Context // of the handlers
	cancel context.CancelFunc

	incoming *quota
	outgoing *quota
	inbox    inbox
	sent     atomic.Uint64
	refused  logging.Once // reasons for refused stanzas

	common sync.Map // values of Common

	mu      sync.Mutex
	users   map[string]*User // those with a queue or a state
	waiting map[string]load  // by users, see admit
	running int              // users whose goroutine exists
	idle    chan struct{}    // closed when running is 0; nil if nothing waits for that
	closed  bool
	queries queries
}

// New returns a router. It panics if two features have the same route.
func New(o Options) *Router {
	r := &Router{
		Store: o.Store, Clock: o.Clock, opts: o, log: o.Log,
		tables:   newTables(o.Features),
		incoming: newQuota(maxIncoming), outgoing: newQuota(maxOutgoing),
		inbox: inbox{ready: make(chan struct{}, 1)},
		users: map[string]*User{}, waiting: map[string]load{},
		refused: logging.Once{Every: time.Minute},
	}
	r.settings.Store(&o.Settings)
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// Settings returns the settings that apply now. The caller must not change them. A handler
// that keeps them misses later changes; see Configure.
func (r *Router) Settings() *settings.Settings { return r.settings.Load() }

// Log returns the log of the transport.
func (r *Router) Log() logrus.FieldLogger { return r.log }

// Configure replaces the settings and calls Hooks.Configured of each feature.
func (r *Router) Configure(s settings.Settings) {
	r.settings.Store(&s)
	r.call(func(h *Hooks) func(*User) { return h.Configured })
}

// Send queues a payload of the script for the user whom it names, or for the transport. It
// never blocks. It returns an error if the router is closed.
func (r *Router) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	t := schema.TypeByNumber(typ)
	if t == nil {
		return fmt.Errorf("unknown message type %d", typ)
	}
	if r.opts.Observer != nil {
		r.opts.Observer.Out(typ, payload)
	}
	r.sent.Add(1)
	routes, m := r.decode(t, payload)
	if routes == nil {
		return r.open()
	}
	user := string(t.UserOf(payload))
	if routes.quick != nil && routes.quick(m) {
		if done, err := r.here(user, func(u *User) { r.payload(u, t, routes, m, payload) }); done {
			return err
		}
	}
	var raw []byte
	if m == nil {
		raw = bytes.Clone(payload)
	}
	size := len(payload) + jobCost
	r.outgoing.add(size)
	err := r.post(user, func(u *User) {
		r.outgoing.free(size)
		r.payload(u, t, routes, m, raw)
	})
	if err != nil {
		r.outgoing.free(size)
	}
	return err
}

// Sent returns the number of payloads that the script has sent so far.
func (r *Router) Sent() uint64 { return r.sent.Load() }

// Queued returns the number of bytes of payloads that have not become stanzas.
func (r *Router) Queued() int64 { return r.outgoing.size() }

// Full reports whether a sender that can wait has to call WaitCapacity.
func (r *Router) Full() bool { return r.outgoing.full() || r.opts.Stream.Full() }

// WaitCapacity waits until the queues have capacity, or ctx is done. It returns ctx's
// cause if ctx is done.
func (r *Router) WaitCapacity(ctx context.Context) error {
	if err := r.outgoing.wait(ctx); err != nil {
		return err
	}
	return r.opts.Stream.WaitCapacity(ctx)
}

// Handles reports whether the script has a handler for a type. It changes when the script is
// loaded again.
func (r *Router) Handles(typ pb.WrapperMessage_Type) bool {
	return r.opts.Handles == nil || r.opts.Handles(typ)
}

// Forget removes what the script has stored for a user.
func (r *Router) Forget(ctx context.Context, jid string) error {
	if r.opts.Forget == nil {
		return nil
	}
	return r.opts.Forget(ctx, jid)
}

// Each runs a function for each user with a state, in their queues.
func (r *Router) Each(do func(u *User)) {
	r.mu.Lock()
	all := make([]string, 0, len(r.users))
	for jid := range r.users {
		if jid != "" {
			all = append(all, jid)
		}
	}
	r.mu.Unlock()
	for _, jid := range all {
		_ = r.post(jid, do) // an error means that the router is closed
	}
}

// For runs a function in the queue of a user.
func (r *Router) For(jid string, do func(u *User)) error { return r.post(jid, do) }

// StreamOpened calls Hooks.Stream of each feature. It is for component.Options.Up.
func (r *Router) StreamOpened() {
	r.call(func(h *Hooks) func(*User) { return h.Stream })
}

// Loaded calls Hooks.Script of each feature, because the script has been loaded.
func (r *Router) Loaded() {
	r.call(func(h *Hooks) func(*User) { return h.Script })
}

// Unreachable calls Hooks.Unreachable of each feature. It is for component.Options.FirstFailed.
func (r *Router) Unreachable() {
	r.call(func(h *Hooks) func(*User) { return h.Unreachable })
}

// call calls a hook of each feature for the transport itself.
func (r *Router) call(pick func(h *Hooks) func(*User)) {
	_ = r.post("", func(u *User) { u.Hooks(pick) }) // an error means that the router is closed
}

// Database logs an outage of the database, its end, or a single failure. If the database can be
// reached, it calls Hooks.Database of each feature. It is for users.Store.Watch.
func (r *Router) Database(failure error, reachable bool) {
	switch {
	case !reachable:
		r.log.WithField("error", failure.Error()).Error("an outage of the database: users stay online, registrations and logins have to wait")
		return
	case failure != nil:
		r.log.WithField("error", failure.Error()).Warn("a call of the database failed, although the database can be reached")
	default:
		r.log.Info("the database can be reached again")
	}
	r.call(func(h *Hooks) func(*User) { return h.Database })
}

// Close waits until all queues are empty or ctx is done. After that, handlers run no more.
func (r *Router) Close(ctx context.Context) {
	r.mu.Lock()
	idle := make(chan struct{})
	if r.running == 0 {
		close(idle)
	} else {
		r.idle = idle
	}
	r.mu.Unlock()
	select {
	case <-idle:
	case <-ctx.Done():
	}
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
}
