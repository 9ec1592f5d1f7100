package session

import (
	"context"
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

// Options says how a Registry behaves. All durations and sizes must be given.
type Options struct {
	Scheduler *task.Scheduler
	Script    Script
	Sender    Sender
	Log       logrus.FieldLogger
	// Secrets learns the users' secrets, which are hidden in what they are told
	// of errors; nil learns and hides none.
	Secrets *secret.Known
	// LogoutGrace is how long what is queued before a LOGOUT may still take,
	// LogoutTimeout how long on.logout may.
	LogoutGrace, LogoutTimeout time.Duration
	// LoginDelay is the first pause before a user whose network failed is
	// handed to on.login; it doubles up to LoginDelayMax. 0 means no pauses.
	LoginDelay, LoginDelayMax time.Duration
	// MaxQueue is how many messages may wait for one user.
	MaxQueue int
	// MaxQueueBytes is how many bytes of messages may wait for all of them
	// before nothing more is read from Spectrum.
	MaxQueueBytes int
}

// Registry holds all sessions. Its methods may be called from any goroutine,
// with the script lock or without, unless they say otherwise.
type Registry struct {
	opts    Options
	script  Script
	log     logrus.FieldLogger
	clock   clock.Clock
	ctx     context.Context // ends what all sessions wait for
	process *task.Owner
	queued  atomic.Int64 // how many bytes wait in the mailbox of process
	budget  *budget
	garbage logging.Once

	// mu may be taken with the script lock, and the scheduler's lock under it. The
	// script lock is never waited for under it.
	mu      sync.Mutex
	users   map[string]*Session   // who is logged in, as Spectrum sees it
	last    map[string]*Session   // the newest session of a user that has not ended
	all     map[*Session]struct{} // who has not ended
	pauses  pauses
	exiting bool          // no session begins
	empty   chan struct{} // closed when all is empty; nil until asked for
}

// garbageEvery is how often the log says that a LOGIN does not parse.
const garbageEvery = time.Minute

// New makes a registry whose sessions and process tasks end with ctx at the
// latest.
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

// Process is whom the messages and tasks of no user belong to.
func (r *Registry) Process() *task.Owner { return r.process }

// Sessions are the users who are logged in, in no order: their on.login has
// been called, and their LOGOUT has not come.
func (r *Registry) Sessions() []*Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Session, 0, len(r.users))
	for _, s := range r.users {
		if s.began {
			all = append(all, s)
		}
	}
	return all
}

// Find is the one of Sessions that is a user's, or nil.
func (r *Registry) Find(user string) *Session {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := r.users[user]; s != nil && s.began {
		return s
	}
	return nil
}

// Receive routes a message from Spectrum; it is what link.Options.Receive
// wants. It is called by one goroutine at a time, and not with the script lock: it
// blocks while too much is queued in all.
func (r *Registry) Receive(ctx context.Context, typ *schema.Type, payload []byte) {
	switch typ.Number {
	case pb.WrapperMessage_TYPE_LOGIN:
		r.login(ctx, typ, payload)
		return
	case pb.WrapperMessage_TYPE_LOGOUT:
		r.logout(typ, payload)
		return
	}
	// Of a message that nobody gets, nothing is kept: there may be many of them in
	// front of a PING.
	owner, user := r.process, typ.UserOf(payload)
	var s *Session
	switch {
	case user != nil:
		r.mu.Lock()
		s = r.users[string(user)]
		r.mu.Unlock()
		if s == nil {
			r.skip(user, typ.Name, "for a user who is not logged in")
			return
		}
		owner = s.owner
	case typ.User() != nil: // an empty list of contacts
		r.skip(nil, typ.Name, "that names no user")
		return
	}
	m := r.take(ctx, typ, payload)
	if s != nil && typ.HasSecrets() {
		r.opts.Secrets.Learn(s.User, typ.Secrets(payload)...)
	}
	if n := r.post(owner, &item{r, s, m}); s != nil && n > r.opts.MaxQueue {
		r.dismiss(s, ErrTooManyWaiting, r.opts.LogoutGrace)
	}
}

// take makes a message that counts as queued. It waits while too much is.
func (r *Registry) take(ctx context.Context, typ *schema.Type, payload []byte) Message {
	r.budget.take(ctx, len(payload), r.makeCapacity)
	return Message{Type: typ, Payload: string(payload)}
}

// skip logs a message that nobody gets, at the debug level.
func (r *Registry) skip(user []byte, name, what string) {
	if !r.debugging() {
		return
	}
	log := r.log
	if user != nil {
		log = r.logOf(string(user))
	}
	log.Debugf("%s %s is passed over", name, what)
}

// debugging reports whether lines of the debug level are written. To make one
// that is not costs more than to receive a message.
func (r *Registry) debugging() bool {
	switch log := r.log.(type) {
	case *logrus.Entry:
		return log.Logger.IsLevelEnabled(logrus.DebugLevel)
	case interface{ IsLevelEnabled(logrus.Level) bool }:
		return log.IsLevelEnabled(logrus.DebugLevel)
	}
	return true
}

// login starts a session. One that Spectrum has not logged out is ended first.
func (r *Registry) login(ctx context.Context, typ *schema.Type, payload []byte) {
	var login pb.Login
	if err := proto.Unmarshal(payload, &login); err != nil || login.GetUser() == "" {
		r.garbage.Do("LOGIN", func() {
			r.log.Warnf("a LOGIN that does not parse is passed over: %v (logged once in %v)", err, garbageEvery)
		})
		return
	}
	m := r.take(ctx, typ, payload)
	r.opts.Secrets.Learn(login.GetUser(), typ.Secrets(payload)...)
	s := &Session{
		User:       login.GetUser(),
		LegacyName: login.GetLegacyName(),
		Settings:   login.GetSettings().GetValue(),
		registry:   r,
		asked:      r.clock.Now(),
		owner:      r.opts.Scheduler.NewOwner(r.ctx, login.GetUser()),
	}
	s.owner.Hold()
	r.post(s.owner, &loginItem{item{r, s, m}})

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.exiting {
		r.logOf(s.User).Debug("LOGIN at the end of the process is passed over")
		r.drop(s.owner.Cancel(ErrExit))
		return
	}
	if old := r.users[s.User]; old != nil {
		r.logOf(s.User).Warn("LOGIN of a user who is logged in: their old session is ended first")
		r.end(old, r.terms(logoutOf(old), ErrLoggedOut))
	}
	if s.waited = r.begin(s); s.waited > 0 {
		r.logOf(s.User).Debugf("the user's network failed: on.login waits for %v", s.waited.Round(time.Millisecond))
	}
}

// logOf is the log for what is about a user.
func (r *Registry) logOf(user string) *logrus.Entry { return r.log.WithField("user", user) }

// logout ends the session that Spectrum means.
func (r *Registry) logout(typ *schema.Type, payload []byte) {
	user := typ.UserOf(payload)
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.users[string(user)]
	if s == nil {
		r.skip(user, "LOGOUT", "of a user who is not logged in")
		return
	}
	r.end(s, r.terms(Message{Type: typ, Payload: string(payload)}, ErrLoggedOut))
}

func logoutOf(s *Session) Message {
	payload, _ := proto.Marshal(&pb.Logout{User: &s.User, LegacyName: &s.LegacyName})
	return Message{Type: schema.TypeByNumber(pb.WrapperMessage_TYPE_LOGOUT), Payload: string(payload)}
}

// Send sends a message of a session, or of no user if s is nil. What a session
// sends whose user Spectrum has logged out is dropped.
func (r *Registry) Send(s *Session, typ pb.WrapperMessage_Type, payload []byte) error {
	switch {
	case s == nil:
	case s.mute.Load():
		return nil
	case typ == pb.WrapperMessage_TYPE_CONNECTED:
		r.noteConnected(s)
	case typ == pb.WrapperMessage_TYPE_DISCONNECTED:
		payload = r.withoutSecrets(payload)
		r.noteDisconnected(s, payload)
	}
	return r.opts.Sender.Send(typ, payload)
}
