// Package luabind runs a script for users' sessions: the VM, the modules that
// the script requires, its handlers, and what it sends.
//
// All Lua runs with the scheduler's script lock (runtime/task), each handler or task
// on a Lua thread of its own, so that one can wait in the middle of anything
// while others go on.
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

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/luabind/source"
	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// maxQueueBytes is how much of Spectrum's messages may wait for handlers
// before reading pauses.
const maxQueueBytes = 64 << 20

// Link is where messages for Spectrum go; link.Link is one. It may be replaced
// under the host, so nothing here keeps what belongs to one connection.
type Link interface {
	session.Sender
	// Full tells that a sender which can wait should do so in WaitCapacity.
	Full() bool
	WaitCapacity(ctx context.Context) error
}

// Options are what a Host needs; all but Secrets, Version, Extra and
// Compiled must be given.
type Options struct {
	Config *config.Config
	// Lua is the checked [lua] section of Config.
	Settings  config.Settings
	Scheduler *task.Scheduler
	Link      Link
	Log       logrus.FieldLogger
	// Secrets learns what must not be shown; see session.Options.
	Secrets *secret.Known
	// Version is what spectrum.version says.
	Version string
	// Extra is a module for the scripts of a tool. With the name spectrum.NAME,
	// they find it as that, as NAME, and as the global NAME. Such a script has no
	// handlers and may return what it likes.
	Extra *bind.Module
	// Compiled is shared by hosts that load the same files again and again.
	Compiled *source.Cache
}

// Host runs one script. Its exported methods may be called from any goroutine,
// but for those of session.Script.
type Host struct {
	opts     Options
	log      logrus.FieldLogger
	once     logging.Once
	sessions *session.Registry

	// The rest is guarded by the script lock.
	vm      *vm   // nil until a script has loaded
	loadErr error // why vm is nil
	files   []string
	// generation counts the scripts that have been loaded.
	generation int
	data       *lua.LTable
	announced  map[string]bool // what backend_config has sent
	timers     *task.Timers    // of the process
	scratch    []byte          // of the payload being sent
	// retiring ends what the last VM alone served; nil once that is done.
	retiring func(kept func(*task.Resource) bool)
	lateLook clock.Timer

	loads       sync.Mutex // one load at a time
	loadTime    loadTimeResources
	generations generations
}

// New makes a host without a script. ctx ends the tasks of the process.
func New(ctx context.Context, o Options) *Host {
	h := &Host{opts: o, log: o.Log, data: bind.NewTable(), announced: map[string]bool{}, loadErr: fmt.Errorf("the script has not been loaded yet")}
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
		MaxQueue:      o.Settings.MaxQueue,
		MaxQueueBytes: maxQueueBytes,
	})
	h.timers = task.NewTimers(h.sessions.Process())
	return h
}

// Sessions is where messages from Spectrum go in.
func (h *Host) Sessions() *session.Registry { return h.sessions }

// scriptDir is where the script and its own modules lie.
func (h *Host) scriptDir() string { return filepath.Dir(h.opts.Settings.Script) }

// Dispatch implements session.Script.
func (h *Host) Dispatch(t *task.Task, s *session.Session, m session.Message) error {
	v := h.vm
	if v == nil {
		return h.loadErr
	}
	fn := v.handler(m.Type.Name)
	if fn == nil {
		return h.withoutHandler(s, m)
	}
	args, err := h.arguments(s, m)
	if err != nil {
		h.log.WithField("user", userOf(s)).Warnf("a payload of %s is passed over: %v", m.Type.Name, err)
		return nil
	}
	err = v.call(t, fn, args)
	switch {
	case err != nil:
		v.logError("on."+m.Type.Name, t, err)
	case m.Type.Number == pb.WrapperMessage_TYPE_LOGIN:
		h.sessionObject(s).awaitAnswer()
	}
	return err
}

// withoutHandler is what happens when the script does not care: a login alone
// needs an answer.
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

// arguments are what the handler of a message is called with.
func (h *Host) arguments(s *session.Session, m session.Message) ([]lua.LValue, error) {
	var args []lua.LValue
	if s != nil {
		args = append(args, h.sessionObject(s).userdata)
	}
	switch {
	case m.Type.Raw:
		return append(args, lua.LString(m.Payload)), nil
	case m.Type.Payload == nil:
		return args, nil
	}
	table, err := convert.Decode(m.Type.Payload, m.Payload, h.passedOver)
	return append(args, table), err
}

func (h *Host) passedOver(what string) {
	h.once.Do(what, func() {
		h.log.Warnf("%s is unknown and passed over: Spectrum is newer than this program (logged once)", what)
	})
}

// Ended implements session.Script: handles of the session raise from now on.
func (h *Host) Ended(s *session.Session) {
	if hd, ok := s.Local.(*sessionObject); ok {
		hd.end()
	}
}

func userOf(s *session.Session) string {
	if s == nil {
		return ""
	}
	return s.User
}
