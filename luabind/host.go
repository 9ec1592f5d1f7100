// Package luabind runs a script for the users' sessions. A Host loads the script
// into a VM, calls its handlers with the messages from Spectrum, and sends the
// messages that the script makes. Load can be called again to reload the script
// while users are online.
//
// All Lua code runs with the scheduler's script lock; see runtime/task. Each
// handler and task has its own Lua thread, so it can wait at any point while
// others run.
//
// # Reload
//
// Host.Load compiles the script without the script lock and runs it in a new VM, as
// a task of a part of the process (task.Owner.Part). The part owns what the script
// opens, and bind.Runtime.Defer postpones what others would notice. If loading fails, the
// part is cancelled. Otherwise one task takes over while it holds the script lock: the
// new VM becomes the host's, the part joins the process, the deferred calls run, and
// on.reload enters the mailboxes. So one generation handles each message from its
// beginning to its end.
//
// Three things keep an old VM in memory: its tasks, its named timers, and functions of
// it in the data tables. Classes and bindings belong to no VM. What an old VM opened is
// closed when the VM is collected and nothing refers to the userdata
// (reload_release.go). A listening socket passes to the new VM as a second descriptor,
// an HTTP server by replacing its handler.
package luabind

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/policy"
	"spectrumlua/luabind/source"
	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/meter"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// maxQueueBytes is the budget for messages from Spectrum that wait for handlers.
// Reading pauses when it is used up.
const maxQueueBytes = 64 << 20

// Link sends messages to Spectrum. In production it is a *link.Link. The
// connection behind it may change, so the host keeps no state of a connection.
type Link interface {
	session.Sender
	// Full reports whether the queue is full. A sender that can wait then calls
	// WaitCapacity.
	Full() bool
	// WaitCapacity waits until the queue has capacity again or ctx ends.
	WaitCapacity(ctx context.Context) error
}

// Options configure a Host. Secrets, Version, Extra and Compiled are optional.
type Options struct {
	Config *config.Config
	// Settings is the checked [lua] section of Config.
	Settings  config.Settings
	Scheduler *task.Scheduler
	Link      Link
	Log       logrus.FieldLogger
	// Secrets collects the values that logs must not show; see session.Options.
	Secrets *secret.Known
	// Files shares files. The caller closes it after the scheduler. Without it, scripts
	// cannot share files.
	Files *files.Service
	// Version is the value of spectrum.version.
	Version string
	// Extra is a module for the scripts of a tool. A module named spectrum.NAME
	// can be required as spectrum.NAME and as NAME, and is the global NAME. The
	// script of a host with Extra has no handlers and may return any value.
	Extra *bind.Module
	// Compiled is a cache that hosts share if they load the same files.
	Compiled *source.Cache
	// Coverage notes the lines of the script and its modules that run, except modules in
	// the folders of [lua] path. Nil notes nothing. Hosts with one Coverage must not run
	// at the same time.
	Coverage *source.Coverage
	// Metrics has the metrics of the script. By default, nobody reads them.
	Metrics *metrics.Script
	// Meters measure handlers and statements of the database. Nil measures nothing.
	Meters *meter.Backend
	// Loaded is called after each successful load, without the script lock, with the texts
	// of the script and of the files that it required.
	Loaded func(texts []string)
	// OnRetry is called for each failure that Spectrum is not told; see session.Options.
	OnRetry func(user string, disconnected *pb.Disconnected, pause time.Duration)
}

// Host runs one script. It is safe for concurrent use, except for Dispatch and
// Ended, which the session registry calls.
type Host struct {
	opts     Options
	log      logrus.FieldLogger
	once     logging.Once
	observe  convert.Observer // skipped
	policy   policy.Policy
	sessions *session.Registry

	// The script lock guards the fields from vm to oldCheck.
	vm      *vm   // nil until a script has loaded
	loadErr error // why vm is nil
	files   []string
	// versions has the files of the last load. It is never changed, only replaced.
	versions map[string]fileVersion
	// generation is the number of the last VM that took over.
	generation int
	data       *lua.LTable     // spectrum.data
	announced  map[string]bool // texts that backend_config has sent
	// hasCommands reports whether the last COMMANDS had any.
	hasCommands bool
	timers      *task.Timers // of the process
	classes     classes
	// connections are the lasting connections of the process.
	connections *connections
	scratch     []byte // buffer for the payload being encoded
	// retireOld closes the resources of the previous VM, except those that kept
	// reports. It is nil if there is nothing to close.
	retireOld func(kept func(*task.Resource) bool)
	oldCheck  clock.Timer // calls logOld

	errors   [2]atomic.Uint64 // that were logged: of handlers, and of all other functions
	failures failures         // the newest of them
	newest   atomic.Int64     // generation, for use without the script lock

	inspecting sync.Mutex                        // held while Tasks waits for the script lock
	profiling  sync.Mutex                        // held during Profile
	debugger   atomic.Pointer[debugger.Debugger] // nil: not debugged

	labels []task.Label // of handlers, by the numbers of their types; see handlerLabels

	// handled has the types for which the script has a handler.
	handled atomic.Pointer[map[pb.WrapperMessage_Type]bool]

	loads       sync.Mutex // allows one load at a time
	loadTime    loadTimeResources
	generations generations
}

// New returns a host without a script: call Load next. The tasks of the process
// end with ctx.
func New(ctx context.Context, o Options) *Host {
	if o.Files == nil {
		o.Files = files.New(files.Options{Log: o.Log})
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewScript(false, func(string) {})
	}
	h := &Host{opts: o, log: o.Log, policy: policy.New(o.Settings), data: bind.NewTable(), announced: map[string]bool{}, loadErr: fmt.Errorf("the script has not been loaded yet")}
	h.observe = h.skipped
	h.labels = handlerLabels()
	h.sessions = session.New(ctx, session.Options{
		Scheduler:     o.Scheduler,
		Script:        h,
		Sender:        o.Link,
		Log:           o.Log,
		Secrets:       o.Secrets,
		LogoutGrace:   o.Settings.LogoutGrace,
		LogoutTimeout: o.Settings.LogoutTimeout,
		LoginDelay:    o.Settings.LoginDelay,
		LoginDelayMax: o.Settings.LoginDelayMax,
		LoginRetries:  o.Settings.LoginRetries,
		ServerMode:    serverMode(o.Config),
		OnRetry:       o.OnRetry,
		MaxQueue:      o.Settings.MaxQueue,
		MaxQueueBytes: maxQueueBytes,
	})
	h.timers = task.NewTimers(h.sessions.Process())
	h.connections = newConnections(h, task.NewTimers(h.sessions.Process()), nil)
	return h
}

// serverMode reports whether XMPP clients log in to Spectrum itself.
func serverMode(c *config.Config) bool {
	on, _, err := c.Bool("service.server_mode")
	return err == nil && on
}

// Sessions returns the registry that takes the messages from Spectrum.
func (h *Host) Sessions() *session.Registry { return h.sessions }

// scriptDir returns the folder of the script and its modules.
func (h *Host) scriptDir() string { return filepath.Dir(h.opts.Settings.Script) }

// Configure replaces the config for the next load.
func (h *Host) Configure(c *config.Config) {
	h.loads.Lock()
	defer h.loads.Unlock()
	h.opts.Config = c
}

// Dispatch calls the handler for a message. It implements session.Script.
func (h *Host) Dispatch(t *task.Task, s *session.Session, m session.Message) error {
	v := h.vm
	if v == nil {
		return h.loadErr
	}
	t.SetLabel(&h.labels[m.Type.Number])
	if m.Type.Internal {
		h.Early(s, m.Type, []byte(m.Payload))
		return nil
	}
	origin := h.origin(s, m) // notes changes of contacts, also without a handler
	fn := v.handlerOf(m.Type)
	if fn == nil {
		return h.withoutHandler(s, m)
	}
	var space [3]lua.LValue
	args, err := h.arguments(space[:0], s, m)
	if err != nil {
		h.log.WithField("user", userOf(s)).Warnf("dropped a %s whose payload cannot be decoded: %v", m.Type.Name, err)
		return nil
	}
	if origin != "" {
		args = append(args, origin)
	}
	began := h.opts.Meters.Begin()
	err = v.call(t, fn, args)
	if !began.IsZero() {
		h.opts.Meters.Handled(int(m.Type.Number), began)
	}
	switch {
	case err != nil:
		v.logError("on."+m.Type.Name, t, err)
	case m.Type.Number == pb.WrapperMessage_TYPE_LOGIN:
		h.sessionObject(s).awaitAnswer()
	}
	return err
}

// withoutHandler handles a message for which the script has no handler. A login
// needs an answer, so the user becomes connected. Other messages are dropped.
func (h *Host) withoutHandler(s *session.Session, m session.Message) error {
	if m.Type.Number != pb.WrapperMessage_TYPE_LOGIN {
		return nil
	}
	payload, err := convert.Encode(nil, connectedType.Payload, bind.NewTable(), s.User)
	if err != nil {
		return err
	}
	return h.sessions.Send(s, connectedType.Number, payload)
}

// arguments appends the arguments for the handler of a message.
func (h *Host) arguments(args []lua.LValue, s *session.Session, m session.Message) ([]lua.LValue, error) {
	var user lua.LValue
	if s != nil {
		obj := h.sessionObject(s)
		user, args = obj.user, append(args, &obj.userdata)
	}
	switch {
	case m.Type.Raw:
		return append(args, lua.LString(m.Payload)), nil
	case m.Type.Payload == nil:
		return args, nil
	}
	table, err := convert.DecodeFor(user, m.Type.Payload, m.Payload, h.observe)
	return append(args, table), err
}

// skipped logs an unknown part of a payload.
func (h *Host) skipped(what string) {
	h.once.Do(what, func() {
		h.log.Warnf("skipped %s, which is unknown: Spectrum is newer than this program (logged once)", what)
	})
}

// Offline returns a BUDDY_CHANGED for each contact that the session has shown online, to
// show it offline. It implements session.Script.
func (h *Host) Offline(s *session.Session) [][]byte {
	obj, ok := s.Local.(*sessionObject)
	if !ok {
		return nil
	}
	return obj.buddies.offline()
}

// Ended makes the session object raise errors from now on. It implements
// session.Script.
func (h *Host) Ended(s *session.Session) {
	if obj, ok := s.Local.(*sessionObject); ok {
		obj.end()
	}
}

func userOf(s *session.Session) string {
	if s == nil {
		return ""
	}
	return s.User
}
