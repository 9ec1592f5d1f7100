// Package backend puts a whole backend together: the scheduler, the link to
// Spectrum, the host with its script, and what loads the script anew. It runs
// in the program that Spectrum starts, and in tools that play Spectrum
// themselves.
package backend

import (
	"context"
	"errors"
	"net"
	"runtime"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind"
	"spectrumlua/luabind/source"
	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/link"
	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/version"
)

// watchdogGrace is how long a script may ignore that it was stopped before the
// process ends: an automatic PONG would hide a VM that hangs for ever.
const watchdogGrace = 5 * time.Second

// slowAfter is how long a handler may wait with messages queued behind it
// before the log says so.
const slowAfter = 30 * time.Second

// ErrMemory is what Serve returns when memory_limit has been passed.
var ErrMemory = errors.New("the backend has used up its memory (memory_limit)")

// Options are what a Backend is made of. All but Context, Secrets, Clock,
// Record, Compiled and OnLate must be given.
type Options struct {
	// Context, once done, ends a script that New is still loading: nobody waits
	// for it any more. What scripts do later goes on until Close, since they have
	// their end after it: on.exit and on.logout. Default: context.Background.
	Context context.Context
	Config  *config.Config
	// Lua is the checked [lua] section of Config.
	Settings config.Settings
	// Log is the log of a part of the backend: "backend", "link" or "lua".
	Log func(category string) logrus.FieldLogger
	// Secrets learns what must not be shown. Log hides it; default: nothing is
	// hidden.
	Secrets *secret.Known
	// Clock is what the script's times go by; default: clock.Real.
	Clock clock.Clock
	// Record takes down what passes; default: nothing is recorded. Whoever has
	// opened it closes it, after Close.
	Record *record.Recorder
	// Compiled is shared by backends that load the same files; default: none.
	Compiled *source.Cache
	// OnLate is called if the end takes longer than exit_timeout, with what
	// Serve would return: whoever needs the process to end then ends it.
	OnLate func(err error)
}

// Backend is one backend, for one connection to Spectrum. Its methods may be
// called from any goroutine unless they say otherwise.
type Backend struct {
	opts      Options
	log       logrus.FieldLogger
	scheduler *task.Scheduler
	host      *luabind.Host
	link      *link.Link
	reloader  *reloader
	// endScripts ends all that scripts do.
	endScripts context.CancelFunc
}

// New makes a backend and loads its script. That the script may not load has
// been logged then, and logins are refused with it. Close must be called.
func New(o Options) *Backend {
	if o.Context == nil {
		o.Context = context.Background()
	}
	b := &Backend{opts: o, log: o.Log("backend")}
	var scripts context.Context
	scripts, b.endScripts = context.WithCancel(context.WithoutCancel(o.Context))
	defer context.AfterFunc(o.Context, b.endScripts)()
	b.scheduler = task.New(task.Options{
		Run: o.Settings.HandlerTimeout, Grace: watchdogGrace, OnStuck: stuck,
		Slow: slowAfter, OnSlow: b.slow,
		Clock: o.Clock,
	})
	b.link = link.New(link.Options{
		MaxFrame: int(o.Settings.MaxFrame),
		Log:      o.Log("link"),
		Receive: func(ctx context.Context, typ *schema.Type, payload []byte) {
			b.host.Sessions().Receive(ctx, typ, payload)
		},
		Observer: observer(o.Record),
	})
	b.host = luabind.New(scripts, luabind.Options{
		Config:    o.Config,
		Settings:  o.Settings,
		Scheduler: b.scheduler,
		Link:      b.link,
		Log:       o.Log("lua"),
		Secrets:   o.Secrets,
		Version:   version.Number,
		Compiled:  o.Compiled,
	})
	b.reloader = newReloader(b.host, o.Settings.Reload, b.log, recordLoads(o.Record, o.Settings.Script))
	return b
}

// Reload has the script loaded anew, and does not wait for it.
func (b *Backend) Reload() { b.reloader.wake() }

// Load loads the script anew and waits for that. The error, which has been
// logged, is why what was loaded before goes on.
func (b *Backend) Load() error { return b.reloader.load() }

// LoadError is what the last load came to.
func (b *Backend) LoadError() error { return b.reloader.lastError() }

// Files are the script and what it has required, as of the last load.
func (b *Backend) Files() []string { return b.host.Files() }

// Scheduler runs the script.
func (b *Backend) Scheduler() *task.Scheduler { return b.scheduler }

// Serve runs the connection until Spectrum ends it or ctx is done, and then
// ends every session. It returns nil if Spectrum or ctx ended it, otherwise
// what link.Run returns, or ErrMemory. It is called once.
func (b *Backend) Serve(ctx context.Context, conn net.Conn) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if limit := b.opts.Settings.MemoryLimit; limit > 0 {
		go b.watchMemory(ctx, limit, func() {
			b.host.Sessions().DisconnectAll(ErrMemory)
			b.scheduler.StopRunning(ErrMemory) // or nothing of the end could run
			stop(ErrMemory)
		})
	}
	err := b.link.Run(ctx, conn)
	if errors.Is(context.Cause(ctx), ErrMemory) {
		err = ErrMemory
	}
	b.end(b.opts.Settings.ExitTimeout, err)
	return err
}

// end has every session end and what is queued leave, in the time there is; err
// is why.
func (b *Backend) end(timeout time.Duration, err error) {
	if b.opts.OnLate != nil {
		late := time.AfterFunc(timeout, func() { b.opts.OnLate(err) })
		defer late.Stop()
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout*3/4)
	defer cancel()
	exit := schema.TypeByNumber(pb.WrapperMessage_TYPE_EXIT)
	b.host.Sessions().Exit(ctx, session.Message{Type: exit})
	b.link.Close(ctx)
}

// Close lets go of what is left, with Serve called or not.
func (b *Backend) Close() {
	b.reloader.close()
	b.scheduler.Close()
	b.endScripts()
}

// watchMemory logs when memory is nearly used up, and calls over when it is.
func (b *Backend) watchMemory(ctx context.Context, limit int64, over func()) {
	defer crash.Guard()
	const mb = 1 << 20
	memory.Limit{
		Bytes: limit,
		Near: func(used int64) {
			b.log.Warnf("%d MB of memory are used, near the limit of %d MB (memory_limit)", used/mb, limit/mb)
		},
		Over: func(used int64) {
			b.log.Errorf("%d MB of memory are used, over the limit of %d MB (memory_limit): the process ends, and Spectrum starts another", used/mb, limit/mb)
			over()
		},
	}.Watch(ctx)
}

// slow tells a script's author of a handler that holds up its user's messages.
func (b *Backend) slow(o *task.Owner, waited time.Duration, queued int) {
	b.log.WithField("user", o.Name()).Warnf(
		"a handler of his has been waiting for %v with %d messages queued behind it; let session:spawn do what takes long (logged once)",
		waited.Round(time.Second), queued)
}

// stuck ends the process when a script cannot be stopped.
func stuck(t *task.Task) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	who := "the process"
	if name := t.Owner().Name(); name != "" {
		who = name
	}
	crash.End("a handler or task of " + who + " cannot be stopped: the process ends, and Spectrum starts another\n" + string(stacks))
}
