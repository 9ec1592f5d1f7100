package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/task"
)

// Options are the settings of a Registry. All durations and sizes are required.
type Options struct {
	Scheduler *task.Scheduler
	Script    Script
	Sender    Sender
	Log       logrus.FieldLogger
	// Secrets holds the secrets of users, which are removed from the errors that
	// users receive. It may be nil.
	Secrets *secret.Known
	// LogoutGrace is the time limit for the messages that are queued before a
	// LOGOUT, LogoutTimeout the one for on.logout.
	LogoutGrace, LogoutTimeout time.Duration
	// LoginDelay is the first pause before on.login for a user whose network
	// failed. It doubles with each failure, up to LoginDelayMax. 0 means no pauses.
	LoginDelay, LoginDelayMax time.Duration
	// LoginRetries is how many failures of a user's network in a row are handled by
	// another login, without telling Spectrum, or Unlimited. It needs a LoginDelay.
	LoginRetries int
	// ServerMode means that XMPP clients log in to Spectrum itself.
	ServerMode bool
	// OnRetry, if not nil, is called for each failure that Spectrum is not told, with
	// the DISCONNECTED and the pause before the next login.
	OnRetry func(user string, disconnected *pb.Disconnected, pause time.Duration)
	// MaxQueue is the number of messages that may wait for one user.
	MaxQueue int
	// MaxQueueBytes is the number of bytes that may wait for all users before
	// reading from Spectrum pauses.
	MaxQueueBytes int
}

// Registry holds all sessions. It is safe for concurrent use, with or without the
// script lock, unless a method says otherwise.
type Registry struct {
	opts    Options
	script  Script
	log     logrus.FieldLogger
	clock   clock.Clock
	ctx     context.Context // parent of the contexts of all owners
	process *task.Owner
	queued  atomic.Int64 // payload bytes in the mailbox of process
	budget  *budget
	garbage logging.Once

	// mu may be locked while the script lock is held, and the scheduler's lock
	// while mu is. Code that holds mu never waits for the script lock.
	mu     sync.Mutex
	users  map[string]*Session   // users who are logged in, as Spectrum sees it
	last   map[string]*Session   // the newest session of each user that has not ended
	all    map[*Session]struct{} // sessions that have not ended
	pauses pauses
	// held is the size of all backlogs, in bytes. nextLogin is the earliest time for
	// another login after a pause.
	held      int
	nextLogin time.Time
	exiting   bool          // no session starts any more
	leaving   bool          // the process ends soon: Spectrum has to retry logins
	empty     chan struct{} // closed when all is empty; nil until endAll
	lines     []line        // for unlock
	outcomes  Outcomes      // so far
	retried   uint64        // logins so far
	at        *atOnce       // for handleNow; only Receive uses it, without mu

	writing sync.Mutex // held while unlock writes lines, possibly without mu
}

// errNoUser is the reason to ignore a LOGIN.
var errNoUser = errors.New("it names no user")

// garbageEvery is how often the log may say that a LOGIN is ignored.
const garbageEvery = time.Minute

// New returns a registry. Its sessions and the tasks of the process end at the
// latest when ctx is done.
func New(ctx context.Context, o Options) *Registry {
	return &Registry{
		opts:    o,
		script:  o.Script,
		log:     o.Log,
		clock:   o.Scheduler.Clock(),
		ctx:     ctx,
		process: o.Scheduler.NewOwner(ctx, ""),
		budget:  newBudget(o.MaxQueueBytes),
		garbage: logging.Once{Every: garbageEvery},
		users:   map[string]*Session{},
		last:    map[string]*Session{},
		all:     map[*Session]struct{}{},
		pauses:  pauses{clock: o.Scheduler.Clock(), base: o.LoginDelay, limit: o.LoginDelayMax, users: map[string]*failure{}},
	}
}

// Process returns the owner of the messages and tasks that belong to no user.
func (r *Registry) Process() *task.Owner { return r.process }

// Sessions returns the users who are logged in, in no order: on.login has been
// called, and no LOGOUT has arrived.
func (r *Registry) Sessions() []*Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Session, 0, len(r.users))
	for _, s := range r.users {
		if s.loginCalled {
			all = append(all, s)
		}
	}
	return all
}

// Find returns the session in Sessions that belongs to user, or nil.
func (r *Registry) Find(user string) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.users[user]; s != nil && s.loginCalled {
		return s
	}
	return nil
}

// Receive routes a message from Spectrum; see link.Options.Receive. It blocks while
// the mailboxes hold too many bytes. If nothing else runs or waits to run, it handles the
// message itself, on the goroutine that lender lends; see task.Owner.Handle. Without a
// lender, another goroutine handles the message. One goroutine at a time may call Receive,
// without the script lock. The next one may call it when the lender's Keep is called.
func (r *Registry) Receive(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender) {
	switch typ.Number {
	case pb.WrapperMessage_TYPE_LOGIN:
		r.login(ctx, typ, payload, lender)
		return
	case pb.WrapperMessage_TYPE_LOGOUT:
		r.logout(typ, payload)
		return
	}
	// A message without a receiver costs nothing here: thousands may precede a
	// PING.
	owner, user := r.process, typ.UserOf(payload)
	var s *Session
	mayWait := false // the message may have to wait until the user is connected
	switch {
	case user != nil:
		r.mu.Lock()
		s = r.users[string(user)]
		early := typ.Internal && s != nil && s.loginCalled
		mayWait = s != nil && (s.backlog.holding || s.lasting(typ) != nil)
		r.mu.Unlock()
		if s == nil {
			r.skip(user, typ.Name, "for a user who is not logged in")
			return
		}
		if early && r.script.Early(s, typ, payload) {
			return
		}
		owner = s.owner
	case typ.User() != nil: // an empty list of contacts
		r.skip(nil, typ.Name, "that names no user")
		return
	}
	if s != nil && typ.HasSecrets() {
		r.opts.Secrets.Learn(s.User, typ.Secrets(payload)...)
	}
	m := Message{Type: typ, Payload: string(payload)}
	if mayWait {
		r.take(ctx, m, lender)
		if r.postpone(s, m) {
			return
		}
		r.budget.free(len(payload))
	}
	if lender != nil && r.handleNow(owner, s, m, lender) {
		return
	}
	r.take(ctx, m, lender)
	if s != nil && r.postpone(s, m) {
		return
	}
	switch n := r.post(owner, &item{r, s, m}); {
	case s == nil:
	case n == 0:
		r.reroute(s, m)
	case n > r.opts.MaxQueue:
		r.dismiss(s, errTooManyWaiting, r.opts.LogoutGrace)
	}
}

// take counts a message against the budget. It blocks while the budget is used up.
func (r *Registry) take(ctx context.Context, m Message, lender task.Lender) {
	r.budget.take(ctx, len(m.Payload), func() {
		if lender != nil {
			lender.Blocks()
		}
	}, r.shedLoad)
}

// skip logs a message without a receiver, at the debug level.
func (r *Registry) skip(user []byte, name, what string) {
	if !r.debugging() {
		return
	}
	log := r.log
	if user != nil {
		log = r.logOf(string(user))
	}
	log.Debugf("%s %s is ignored", name, what)
}

// debugging reports whether debug lines are written. Formatting a line costs more
// than receiving a message.
func (r *Registry) debugging() bool {
	switch log := r.log.(type) {
	case *logrus.Entry:
		return log.Logger.IsLevelEnabled(logrus.DebugLevel)
	case interface{ IsLevelEnabled(logrus.Level) bool }:
		return log.IsLevelEnabled(logrus.DebugLevel)
	}
	return true
}

// login starts a session. It first ends a session that Spectrum has not logged out.
func (r *Registry) login(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender) {
	var login pb.Login
	err := proto.Unmarshal(payload, &login)
	switch {
	case err != nil:
		err = fmt.Errorf("it does not parse: %w", err)
	case login.GetUser() == "":
		err = errNoUser
	}
	if err != nil {
		r.garbage.Do("LOGIN", func() { r.log.Warnf("a LOGIN is ignored: %v (logged once in %v)", err, garbageEvery) })
		return
	}
	m := Message{Type: typ, Payload: string(payload)}
	r.take(ctx, m, lender)
	r.opts.Secrets.Learn(login.GetUser(), typ.Secrets(payload)...)
	s := &Session{
		User:       login.GetUser(),
		LegacyName: login.GetLegacyName(),
		Settings:   login.GetSettings().GetValue(),
		registry:   r,
		asked:      r.clock.Now(),
		login:      m,
	}
	r.ownHeld(s)

	r.mu.Lock()
	defer r.unlock()
	if r.exiting {
		r.logOf(s.User).Debug("a LOGIN is ignored because the process is exiting")
		r.drop(s.owner.Cancel(errExit))
		return
	}
	if old := r.users[s.User]; old != nil {
		r.logOf(s.User).Warn("LOGIN of a user who is logged in: their old session ends first")
		r.end(old, r.terms(logoutOf(old), errLoggedOut))
	}
	r.pauses.loggedIn(s.User)
	if s.waited = r.begin(s); s.waited > 0 {
		r.logOf(s.User).Debugf("the user's network failed: on.login waits for %v", s.waited.Round(time.Millisecond))
	}
}

// ownHeld gives s an owner that is held, whose first item is the login of s.
func (r *Registry) ownHeld(s *Session) {
	first := &loginItem{item{r, s, s.login}}
	first.countIn()
	s.owner = r.opts.Scheduler.NewHeld(r.ctx, s.User, first)
}

// logOf returns the log with the user as a field.
func (r *Registry) logOf(user string) *logrus.Entry { return r.log.WithField("user", user) }

// logout ends the session of the user that a LOGOUT names.
func (r *Registry) logout(typ *schema.Type, payload []byte) {
	user := typ.UserOf(payload)
	r.mu.Lock()
	defer r.unlock()
	s := r.users[string(user)]
	if s == nil {
		r.skip(user, "LOGOUT", "of a user who is not logged in")
		return
	}
	r.end(s, r.terms(Message{Type: typ, Payload: string(payload)}, errLoggedOut))
}

// logoutOf returns the LOGOUT that Spectrum would send for s.
func logoutOf(s *Session) Message {
	payload, _ := proto.Marshal(&pb.Logout{User: &s.User, LegacyName: &s.LegacyName})
	return Message{Type: schema.TypeByNumber(pb.WrapperMessage_TYPE_LOGOUT), Payload: string(payload)}
}

// Send sends a message of s, or of the process if s is nil. It drops the message
// and returns nil if Spectrum has logged the user out.
func (r *Registry) Send(s *Session, typ pb.WrapperMessage_Type, payload []byte) error {
	switch {
	case s == nil:
	case s.mute.Load():
		return nil
	case typ == pb.WrapperMessage_TYPE_CONNECTED:
		r.noteConnected(s)
	case typ == pb.WrapperMessage_TYPE_DISCONNECTED:
		return r.disconnect(s, r.withoutSecrets(payload), r.terms(logoutOf(s), errRetried), true)
	}
	return r.opts.Sender.Send(typ, payload)
}
