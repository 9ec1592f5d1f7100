// Package stage runs a script as Spectrum would run it, in this process: a whole
// backend with its link, sessions, timers and reloads, and a simulated Spectrum
// at the other end of a pipe. Tools that play with scripts are made of it.
//
//	s, err := stage.Open(ctx, stage.Options{Path: "echo.lua"})
//	if err != nil { … }            // the config is wrong
//	defer s.Close()
//	if err := s.LoadError(); …     // the script does not load
//	alice, err := s.Spectrum.Login("alice@localhost", "alice", "secret", nil)
package harness

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/luabind/backend"
	"spectrumlua/luabind/source"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// Options say what is played. All but Path may be left out.
type Options struct {
	// Path is a script, whose name ends in .lua, or a transport's config file.
	// Beside a script there is a made-up config; see Companion.
	Path string
	// Companion has the config file NAME.cfg that lies beside the script
	// NAME.lua used, if its [lua] script is this one.
	Companion bool
	// Settings take the place of the config's. A key may be repeated: a list.
	Settings []config.Override
	// WorkingDir overrides [service] working_dir of the config. The default is a new
	// folder, which Close removes.
	WorkingDir string
	// Reload reloads the script when its files change. It overrides [lua] reload.
	Reload bool
	// Clock is the script's clock; default: clock.Real.
	Clock clock.Clock
	// Compiled is shared by stages that load the same files; default: none.
	Compiled *source.Cache
	// Log is called with each line of the backend's log, one at a time. It must
	// not block or use the Harness.
	Log func(Line)
	// Spectrum says how Spectrum behaves; Spectrum.Trace is called with each
	// frame as it passes.
	Spectrum simulator.Options
	// Silent leaves out the PING with which Spectrum begins. Until the first
	// one, nothing but BACKEND_CONFIG comes from a backend.
	Silent bool
}

// exitPatience is how long Close waits for the backend beyond its exit_timeout.
const exitPatience = time.Second

// Harness is a backend that runs, and its Spectrum. Its methods may be called from
// any goroutine.
type Harness struct {
	// Spectrum is the other side of the backend.
	Spectrum *simulator.Backend
	// Config is what the backend goes by, Lua its [lua] section.
	Config   *config.Config
	Settings config.Settings

	backend   *backend.Backend
	temporary string // a folder to remove
	ctx       context.Context
	stop      context.CancelFunc
	served    chan struct{} // closed when the connection has ended
	err       error         // why; readable then
	close     sync.Once
	closeErr  error
}

// Open starts a backend, loads its script and sends the first PING. It returns an
// error if the config is wrong or ctx is done. LoadError returns the error of a
// script that does not load. When ctx is done, the backend stops as at a signal, and
// on.exit and on.logout run. The caller must call Close.
func Open(ctx context.Context, o Options) (*Harness, error) {
	s := &Harness{served: make(chan struct{})}
	if err := s.configure(o); err != nil {
		s.removeTemporary()
		return nil, err
	}
	o.Spectrum.MaxFrame = int(s.Settings.MaxFrame)
	s.ctx, s.stop = context.WithCancel(ctx)
	log := newLog(o.Log)
	for _, warning := range s.Config.Warnings() {
		log.category("backend").Warn(warning)
	}
	s.backend = backend.New(backend.Options{
		Context: s.ctx, Config: s.Config, Settings: s.Settings, Log: log.category, Clock: o.Clock, Compiled: o.Compiled,
	})
	ours, its := net.Pipe()
	go s.serve(s.ctx, its)
	s.Spectrum = simulator.Attach(ours, o.Spectrum)
	if !o.Silent && o.Spectrum.Manners.PingInterval == 0 {
		if err := s.Spectrum.Ping(s.ctx); err != nil {
			_ = s.Close() // it has not begun
			return nil, err
		}
	}
	return s, nil
}

// configure reads the config and gives it a folder to write to.
func (s *Harness) configure(o Options) (err error) {
	if o.WorkingDir == "" {
		if s.temporary, err = os.MkdirTemp("", "spectrum2-lua-"); err != nil {
			return err
		}
		o.WorkingDir = s.temporary
	}
	if s.Config, err = o.load(); err != nil {
		return err
	}
	s.Settings, err = s.Config.Settings()
	return err
}

func (s *Harness) serve(ctx context.Context, conn net.Conn) {
	defer crash.Guard()
	defer close(s.served)
	s.err = s.backend.Serve(ctx, conn)
}

// LoadError returns the error of the last load, or nil if it succeeded.
func (s *Harness) LoadError() error { return s.backend.LoadError() }

// Load reloads the script. If it returns an error, the previous generation remains.
// It returns the error of ctx when ctx is done.
func (s *Harness) Load(ctx context.Context) error {
	loaded := make(chan error, 1)
	go func() {
		defer crash.Guard()
		loaded <- s.backend.Load()
	}()
	select {
	case err := <-loaded:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Files are the script and what it has required, by absolute paths.
func (s *Harness) Files() []string { return s.backend.Files() }

// Scheduler runs the script. It is for task.Settle.
func (s *Harness) Scheduler() *task.Scheduler { return s.backend.Scheduler() }

// Close has Spectrum say EXIT, waits for the backend to end as it does then, and
// lets go of everything. It can be called again. The error is why the
// connection ended before, if it did, or that the end took too long.
func (s *Harness) Close() error {
	s.close.Do(func() {
		late := s.exit()
		s.stop()
		s.Spectrum.Close()
		<-s.served
		if s.closeErr = late; late == nil {
			s.closeErr = s.err
		}
		s.backend.Close()
		s.removeTemporary()
	})
	return s.closeErr
}

// exit says EXIT, unless the end has come, and waits for it.
func (s *Harness) exit() error {
	select {
	case <-s.served:
		return nil
	case <-s.ctx.Done():
		return nil // which ends it
	default:
	}
	limit := s.Settings.ExitTimeout + exitPatience
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, fmt.Errorf("the backend has not ended %v after EXIT", limit))
	defer cancel()
	err := s.Spectrum.Exit(ctx)
	if err == nil {
		select {
		case <-s.served:
		case <-ctx.Done():
			err = context.Cause(ctx)
		}
	}
	return err
}

func (s *Harness) removeTemporary() {
	if s.temporary != "" {
		_ = os.RemoveAll(s.temporary) // what is left of it does no harm
	}
}
