// Package backend assembles a backend: the scheduler, the peer, the host with its script,
// and the reloader. The peer is the link to Spectrum, or a gateway that replaces Spectrum.
package backend

import (
	"cmp"
	"context"
	"errors"
	"net"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind"
	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/source"
	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/meter"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/trace"
	"spectrumlua/runtime/version"
)

// WatchdogGrace is how long a script may continue after it was stopped. Then the process
// ends. The backend answers PING by itself, so Spectrum would not notice that Lua hangs.
const WatchdogGrace = 5 * time.Second

// slowAfter is how long a handler may wait while messages are queued behind it. Then the
// log has a warning.
const slowAfter = 30 * time.Second

// ErrMemory is the error of Serve when the process uses more than memory_limit.
var ErrMemory = errors.New("the backend has used up its memory (memory_limit)")

// Options configure a Backend. Either Dial or Peer is required. Context, Secrets, Clock,
// Record, Compiled, Admin, Coverage, OnRetry, Successor and OnLate are optional.
type Options struct {
	// Dial connects to Spectrum. Serve calls it once.
	Dial func(ctx context.Context) (net.Conn, error)
	// Gateway reports whether a tool that plays the gateway is behind Dial, not Spectrum:
	// types and fields that only the gateway knows pass as frames.
	Gateway bool
	// Peer makes the peer of a backend without Spectrum.
	Peer func(Wiring) Peer
	// Context cancels the load that New starts. After New, it has no effect, because
	// scripts still run on.exit and on.logout at the end. The default is
	// context.Background.
	Context context.Context
	Config  *config.Config
	// Settings is the checked [lua] section of Config.
	Settings config.Settings
	// Files are the settings of the section [files] of Config.
	Files files.Settings
	// Metrics are the settings of the section [metrics] of Config.
	Metrics metrics.Settings
	// Log returns the log of a part of the backend: "backend", "link" or "lua".
	Log func(category string) logrus.FieldLogger
	// Secrets collects the values that Log hides. By default, nothing is hidden.
	Secrets *secret.Known
	// Clock is the clock of the script. The default is clock.Real.
	Clock clock.Clock
	// Record records the messages. By default, nothing is recorded. The caller closes
	// it after Close.
	Record *record.Recorder
	// Compiled is a cache that backends share if they load the same files.
	Compiled *source.Cache
	// Admin makes the admin socket. Without it, there is no socket.
	Admin *Admin
	// Coverage notes which lines of the script run; see luabind.Options. It is optional.
	Coverage *source.Coverage
	// Debugger debugs the script. It is optional.
	Debugger *debugger.Debugger
	// OnRetry is called for each failure that Spectrum is not told; see session.Options.
	// It is optional.
	OnRetry func(user string, disconnected *pb.Disconnected, pause time.Duration)
	// Successor says in log lines what follows the end of the process. The default is
	// "Spectrum starts another".
	Successor string
	// OnLate is called with Serve's result if the end takes longer than exit_timeout.
	// It can end the process.
	OnLate func(err error)
}

// Backend is a backend for one peer. It is safe for concurrent use.
type Backend struct {
	opts      Options
	log       logrus.FieldLogger
	scheduler *task.Scheduler
	host      *luabind.Host
	files     *files.Service
	peer      Peer
	reloader  *reloader
	admin     *admin.Server // nil without a socket
	started   time.Time
	tracer    trace.Tracer
	stanzas   trace.Stanzas // of a component
	traces    atomic.Int32  // that run
	debugging *debugging
	undebug   func() // ends Options.Debugger; nil without it
	// received and sent are the messages for and of the script.
	received, sent traffic
	meters         meter.Backend
	scriptMetrics  *metrics.Script
	metrics        *metrics.Registry
	// endScripts cancels the tasks of the scripts.
	endScripts context.CancelFunc
}

// New returns a backend and loads its script. If the script does not load, New logs the
// error, and the backend refuses logins with it. Call Close at the end.
func New(o Options) *Backend {
	if o.Context == nil {
		o.Context = context.Background()
	}
	o.Successor = cmp.Or(o.Successor, "Spectrum starts another")
	b := &Backend{opts: o, log: o.Log("backend"), started: time.Now(), debugging: newDebugging(), received: newTraffic(), sent: newTraffic()}
	b.scriptMetrics = b.newScriptMetrics()
	var scripts context.Context
	scripts, b.endScripts = context.WithCancel(context.WithoutCancel(o.Context))
	defer context.AfterFunc(o.Context, b.endScripts)()
	b.scheduler = task.New(task.Options{
		Run: o.Settings.HandlerTimeout, Grace: WatchdogGrace, OnStuck: b.stuck,
		Slow: slowAfter, OnSlow: b.slow,
		Clock: o.Clock,
	})
	b.files = files.New(files.Options{Settings: o.Files, Log: b.log, Clock: o.Clock})
	connect := o.Peer
	if connect == nil {
		connect = b.spectrum
	}
	b.peer = connect(Wiring{
		Receive: func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender) {
			b.received.count(typ.Number)
			b.host.Sessions().Receive(ctx, typ, payload, lender)
		},
		Observer: b.gated(b.observer()),
		Stanzas:  &b.stanzas,
		Handles:  func(typ pb.WrapperMessage_Type) bool { return b.host.Handles(typ) },
		Files:    b.files,
	})
	b.host = luabind.New(scripts, luabind.Options{
		Config:    o.Config,
		Settings:  o.Settings,
		Scheduler: b.scheduler,
		Link:      &countedPeer{b.peer, b.sent},
		Log:       o.Log("lua"),
		Secrets:   o.Secrets,
		Files:     b.files,
		Version:   version.Number,
		Compiled:  o.Compiled,
		Coverage:  o.Coverage,
		Loaded:    loaded(b.peer),
		OnRetry:   o.OnRetry,
		Metrics:   b.scriptMetrics,
		Meters:    &b.meters,
	})
	if o.Debugger != nil {
		b.undebug = b.host.Debug(o.Debugger)
	}
	b.reloader = newReloader(b.host, o.Settings.Reload, b.log, recordLoads(o.Record, o.Settings.Script))
	b.openMetrics()
	b.openAdmin()
	return b
}

// Reload starts a reload of the script and returns at once.
func (b *Backend) Reload() { b.reloader.request() }

// Load reloads the script and returns when that is done. If it fails, the previous
// script continues. The error is already logged.
func (b *Backend) Load() error { return b.reloader.load() }

// LoadError returns the error of the last load, or nil if it succeeded.
func (b *Backend) LoadError() error { return b.reloader.lastError() }

// Configure replaces the config for the next load of the script. Settings stays as it is.
func (b *Backend) Configure(c *config.Config) { b.host.Configure(c) }

// Users returns the number of users who are logged in.
func (b *Backend) Users() int { return len(b.host.Sessions().Sessions()) }

// Probe returns when the script lock has been free for a moment. It blocks for as long as
// the script computes without waiting.
func (b *Backend) Probe() { b.scheduler.Do(func() {}) }

// Files returns the script's file and the files that it required in the last load.
func (b *Backend) Files() []string { return b.host.Files() }

// Shared returns the file server. Close closes it.
func (b *Backend) Shared() *files.Service { return b.files }

// Scheduler returns the scheduler that runs the script.
func (b *Backend) Scheduler() *task.Scheduler { return b.scheduler }

// Serve runs the peer until it ends or ctx is done. Then it ends all sessions. It returns
// nil if Spectrum or ctx ended it, ErrMemory if the process uses too much memory, and the
// error of Dial or of the peer otherwise. Call it once.
func (b *Backend) Serve(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if limit := b.opts.Settings.MemoryLimit; limit > 0 {
		go b.watchMemory(ctx, limit, func() {
			b.host.Sessions().DisconnectAll(ErrMemory)
			b.scheduler.StopRunning(ErrMemory) // otherwise the handlers of the end could not run
			stop(ErrMemory)
		})
	}
	b.serveFiles()
	err := b.peer.Run(ctx)
	if errors.Is(context.Cause(ctx), ErrMemory) {
		err = ErrMemory
	}
	b.end(b.opts.Settings.ExitTimeout, err)
	return err
}

// end ends all sessions and flushes the queue within timeout. err is Serve's result.
func (b *Backend) end(timeout time.Duration, err error) {
	if b.opts.OnLate != nil {
		late := time.AfterFunc(timeout, func() { b.opts.OnLate(err) })
		defer late.Stop()
	}
	b.debugging.close() // no task stands at a breakpoint while the process ends
	began := time.Now()
	sessions, cancel := context.WithDeadline(context.Background(), began.Add(timeout*3/4))
	defer cancel()
	exit := schema.TypeByNumber(pb.WrapperMessage_TYPE_EXIT)
	b.host.Sessions().Exit(sessions, session.Message{Type: exit})
	// A script that uses up its time must not keep the peer from its own farewell.
	peer, cancel := context.WithDeadline(context.Background(), began.Add(timeout*15/16))
	defer cancel()
	b.peer.Close(peer)
}

// Close releases the backend's resources. It works with and without a call of Serve.
func (b *Backend) Close() {
	b.debugging.wait()
	if b.admin != nil {
		b.admin.Close()
	}
	if b.undebug != nil {
		defer b.undebug()
	}
	b.reloader.close()
	b.scheduler.Close()
	b.endScripts()
	if err := b.files.Close(); err != nil {
		b.log.WithError(err).Warn("the file server did not end in order")
	}
}

// serveFiles starts the file server. Files that earlier processes have shared need it at
// once. A port that the system chooses is a new one, which nobody knows yet.
func (b *Backend) serveFiles() {
	if !b.files.On() || b.opts.Files.AnyPort() {
		return
	}
	if err := b.files.Start(); err != nil {
		b.log.Errorf("files cannot be shared: %v", err)
	}
}

// watchMemory logs a warning near the memory limit, and calls over above it.
func (b *Backend) watchMemory(ctx context.Context, limit int64, over func()) {
	defer crash.Guard()
	const mib = 1 << 20
	memory.Limit{
		Bytes: limit,
		Near: func(used int64) {
			b.log.Warnf("%d MiB of memory are used, near the limit of %d MiB (memory_limit)", used/mib, limit/mib)
		},
		Over: func(used int64) {
			b.log.Errorf("%d MiB of memory are used, over the limit of %d MiB (memory_limit): the process ends, and %s", used/mib, limit/mib, b.opts.Successor)
			over()
		},
	}.Watch(ctx)
}

// slow logs a handler that delays the messages of its user.
func (b *Backend) slow(o *task.Owner, waited time.Duration, queued int) {
	b.log.WithField("user", o.Name()).Warnf(
		"a handler has been waiting for %v with %d messages queued behind it: move long work to session:spawn (logged once)",
		waited.Round(time.Second), queued)
}

// stuck ends the process because a task cannot be stopped.
func (b *Backend) stuck(t *task.Task) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	who := "the process"
	if name := t.Owner().Name(); name != "" {
		who = name
	}
	crash.End("a handler or task of " + who + " cannot be stopped: the process ends, and " + b.opts.Successor + "\n" + string(stacks))
}
