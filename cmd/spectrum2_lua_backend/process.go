package main

import (
	"context"
	"errors"
	"net"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind/backend"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/launch"
	"spectrumlua/runtime/link"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/version"
	"spectrumlua/runtime/wire"
)

// process is the state of the program.
type process struct {
	args   launch.Args
	config *config.Config
	logger *logging.Logger
	log    *logrus.Entry
	// secrets are the passwords of the config and of the users.
	secrets *secret.Known
}

func newProcess(args launch.Args, cfg *config.Config) *process {
	file, _ := cfg.Get("logging.backend_config")
	id, _ := cfg.Get("service.backend_id")
	secrets := new(secret.Known)
	secrets.Learn("", cfg.Secrets()...)
	logger := logging.Open(logging.Options{ConfigFile: file, JID: cfg.JID(), ID: id, Hide: secrets.Hide})
	return &process{args: args, config: cfg, logger: logger, log: logger.Category("backend"), secrets: secrets}
}

// run serves Spectrum until the connection ends and returns the exit code.
func (p *process) run() int {
	defer func() { _ = p.logger.Close() }() // nothing is left to log the error to
	crash.Mask(p.secrets.Hide)
	crash.OnPanic(func(text string) {
		p.log.Error(text)
		p.logger.Flush()
	})
	for _, warning := range p.config.Warnings() {
		p.log.Warn(warning)
	}
	settings, err := p.config.Settings()
	shared, wrong := files.ReadSettings(p.config)
	measured, wrongMetrics := metrics.ReadSettings(p.config)
	if err := errors.Join(err, wrong, wrongMetrics); err != nil {
		return p.fail(err, syscall.EINVAL)
	}
	p.log.Infof("spectrum2-lua %s for %s, pid %d", version.String(), p.config.JID(), os.Getpid())

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	// Signals are caught until the process ends. To stop that takes a switch of threads for each.
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGINT, syscall.SIGABRT)
	go p.endAt(ctx, ends, cancel)
	if measured.Listen != "" {
		p.log.Warnf("%s: [metrics] listen is for spectrum2-lua serve: here, spectrum2-lua exporter serves the metrics", measured.Where())
	}
	return p.serve(ctx, settings, shared, measured)
}

// endAt calls end at a signal. SIGABRT is what Spectrum sends to a backend that it considers
// dead: endAt logs the stacks first, because nobody sees what Go writes to standard error.
func (p *process) endAt(ctx context.Context, signals <-chan os.Signal, end func()) {
	defer crash.Guard()
	select {
	case <-ctx.Done():
	case s := <-signals:
		if s == syscall.SIGABRT {
			stacks := make([]byte, 1<<20)
			p.log.Errorf("SIGABRT: Spectrum considers this process dead\n%s", stacks[:runtime.Stack(stacks, true)])
		}
		end()
	}
}

// serve loads the script, connects to Spectrum and returns the exit code.
func (p *process) serve(ctx context.Context, settings config.Settings, shared files.Settings, measured metrics.Settings) int {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // before the script loads: it must not end the process
	recorder := record.FromConfig(p.config, settings, record.HomeSpectrum, p.log)
	if recorder != nil {
		defer recorder.Close()
	}
	b := backend.New(backend.Options{
		Context:  ctx,
		Dial:     func(ctx context.Context) (net.Conn, error) { return link.Dial(ctx, p.args.Address()) },
		Config:   p.config,
		Settings: settings,
		Files:    shared,
		Metrics:  measured,
		Record:   recorder,
		Secrets:  p.secrets,
		Admin:    &backend.Admin{Home: admin.HomeSpectrum, Logger: p.logger},
		Log:      func(category string) logrus.FieldLogger { return p.logger.Category(category) },
		OnLate: func(err error) {
			p.log.Warnf("stopping did not end within %v (exit_timeout): exiting now", settings.ExitTimeout)
			code := p.exitCode(err)
			p.logger.Flush()
			os.Exit(code)
		},
	})
	defer b.Close()
	go p.reloadAt(ctx, hangups, b)

	memory.Settle()
	go p.rest(ctx)
	return p.exitCode(b.Serve(ctx))
}

// rest frees memory whenever the process is idle.
func (p *process) rest(ctx context.Context) {
	defer crash.Guard()
	memory.Rest(ctx)
}

// reloadAt reloads the script at each SIGHUP.
func (p *process) reloadAt(ctx context.Context, hangups <-chan os.Signal, b *backend.Backend) {
	defer crash.Guard()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
			p.log.Info("SIGHUP: reloading the script")
			b.Reload()
		}
	}
}

// exitCode logs why the connection ended and returns the exit code. The code is 0
// if Spectrum or a signal ended it.
func (p *process) exitCode(err error) int {
	var op *net.OpError
	switch {
	case err == nil:
		p.log.Info("ended")
		return 0
	case errors.Is(err, backend.ErrMemory):
		return p.fail(err, syscall.ENOMEM)
	case errors.Is(err, wire.ErrTooLong):
		return p.fail(err, syscall.EPROTO)
	case errors.As(err, &op):
		return p.fail(err, link.Errno(err))
	}
	return p.fail(err, syscall.EPROTO)
}

func (p *process) fail(err error, code syscall.Errno) int {
	p.log.Errorf("%v", err)
	return int(code)
}
