package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/launch"
	"spectrumlua/runtime/link"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/version"
	"spectrumlua/runtime/wire"
)

// watchdogGrace is how long a script may ignore that it was stopped before the
// process ends: an automatic PONG would hide a VM that hangs for ever.
const watchdogGrace = 5 * time.Second

// slowAfter is how long a handler may wait with messages queued behind it
// before the log says so.
const slowAfter = 30 * time.Second

// backend is one process under Spectrum.
type backend struct {
	args   launch.Args
	config *config.Config
	logger *logging.Logger
	log    *logrus.Entry
}

func newBackend(args launch.Args, cfg *config.Config) *backend {
	file, _ := cfg.Get("logging.backend_config")
	id, _ := cfg.Get("service.backend_id")
	logger := logging.Open(logging.Options{ConfigFile: file, JID: cfg.JID(), ID: id})
	return &backend{args: args, config: cfg, logger: logger, log: logger.Category("backend")}
}

// run serves Spectrum until it ends, and returns the exit code.
func (b *backend) run() int {
	defer func() { _ = b.logger.Close() }() // there is nowhere left to tell of it
	crash.OnPanic(func(text string) {
		b.log.Error(text)
		b.logger.Flush()
	})
	for _, warning := range b.config.Warnings() {
		b.log.Warn(warning)
	}
	settings, err := b.config.Lua()
	if err != nil {
		return b.fail(err, syscall.EINVAL)
	}
	b.log.Infof("spectrum2-lua %s for %s, pid %d", version.Number, b.config.JID(), os.Getpid())

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	return b.serve(ctx, settings)
}

// serve loads the script, connects, and runs the connection.
func (b *backend) serve(ctx context.Context, settings config.Lua) int {
	scheduler := task.New(task.Limits{
		Run: settings.HandlerTimeout, Grace: watchdogGrace, OnStuck: b.stuck,
		Slow: slowAfter, OnSlow: b.slow,
	})
	defer scheduler.Close()
	var host *luabind.Host
	connection := link.New(link.Options{
		MaxFrame: int(settings.MaxFrame),
		Log:      b.logger.Category("link"),
		Receive: func(ctx context.Context, typ *schema.Type, payload []byte) {
			host.Sessions().Receive(ctx, typ, payload)
		},
	})
	host = luabind.New(context.Background(), luabind.Options{
		Config:    b.config,
		Lua:       settings,
		Scheduler: scheduler,
		Link:      connection,
		Log:       b.logger.Category("lua"),
		Version:   version.Number,
	})
	reload := newReloader(host, settings.Reload, b.log)
	defer reload.close()

	conn, err := link.Dial(ctx, b.args.Address())
	if err != nil {
		if ctx.Err() != nil {
			return b.exitCode(nil) // a signal has ended it
		}
		return b.fail(err, link.Errno(err))
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if settings.MemoryLimit > 0 {
		go b.watchMemory(ctx, settings.MemoryLimit, func(why error) {
			host.Sessions().TellAll(why)
			scheduler.StopRunning(why) // or nothing of the end could run
			stop(why)
		})
	}
	err = connection.Run(ctx, conn)
	if why := context.Cause(ctx); errors.Is(why, errMemory) {
		err = why
	}
	b.end(host, connection, settings.ExitTimeout)
	return b.exitCode(err)
}

// errMemory ends the process.
var errMemory = errors.New("the backend has used up its memory (memory_limit)")

// watchMemory logs when memory is nearly used up, and calls over when it is.
func (b *backend) watchMemory(ctx context.Context, limit int64, over func(why error)) {
	defer crash.Guard()
	const mb = 1 << 20
	memory.Limit{
		Bytes: limit,
		Near: func(used int64) {
			b.log.Warnf("%d MB of memory are used, near the limit of %d MB (memory_limit)", used/mb, limit/mb)
		},
		Over: func(used int64) {
			b.log.Errorf("%d MB of memory are used, over the limit of %d MB (memory_limit): the process ends, and Spectrum starts another", used/mb, limit/mb)
			over(errMemory)
		},
	}.Watch(ctx)
}

// end has every session end and what is queued leave, in the time there is.
func (b *backend) end(host *luabind.Host, connection *link.Link, timeout time.Duration) {
	deadline := time.AfterFunc(timeout, func() {
		b.log.Warnf("the end took longer than %v (exit_timeout): the rest is left", timeout)
		b.logger.Flush()
		os.Exit(0)
	})
	defer deadline.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), timeout*3/4)
	defer cancel()
	exit := schema.TypeByNumber(pb.WrapperMessage_TYPE_EXIT)
	host.Sessions().Exit(ctx, session.Message{Type: exit})
	connection.Close(ctx)
}

// exitCode says why the connection ended: 0 when Spectrum, or a signal, ended
// it.
func (b *backend) exitCode(err error) int {
	var op *net.OpError
	switch {
	case err == nil:
		b.log.Info("ended")
		return 0
	case errors.Is(err, errMemory):
		return b.fail(err, syscall.ENOMEM)
	case errors.Is(err, wire.ErrTooLong):
		return b.fail(err, syscall.EPROTO)
	case errors.As(err, &op):
		return b.fail(err, link.Errno(err))
	}
	return b.fail(err, syscall.EPROTO)
}

func (b *backend) fail(err error, code syscall.Errno) int {
	b.log.Errorf("%v", err)
	return int(code)
}

// slow tells a script's author of a handler that holds up its user's messages.
func (b *backend) slow(o *task.Owner, waited time.Duration, queued int) {
	b.log.WithField("user", o.Name()).Warnf(
		"a handler of his has been waiting for %v with %d messages queued behind it; let session:spawn do what takes long (logged once)",
		waited.Round(time.Second), queued)
}

// stuck ends the process when a script cannot be stopped.
func (b *backend) stuck(t *task.Task) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	who := "the process"
	if name := t.Owner().Name(); name != "" {
		who = name
	}
	crash.End("a handler or task of " + who + " cannot be stopped: the process ends, and Spectrum starts another\n" + string(stacks))
}
