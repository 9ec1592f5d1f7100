// Package harness runs a script in this process as it runs under Spectrum: a complete
// backend with link, sessions, timers and reloads, and a simulated Spectrum at the other
// end of a pipe. The author's tools use it.
//
//	s, err := harness.Open(ctx, harness.Options{Path: "echo.lua"})
//	if err != nil { … }            // the config is wrong
//	defer s.Close()
//	if err := s.LoadError(); …     // the script does not load
//	alice, err := s.Spectrum.Login("alice@localhost", "alice", "secret", nil)
package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/luabind"
	"spectrumlua/luabind/backend"
	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/source"
	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/record"
	"spectrumlua/runtime/secret"
	"spectrumlua/runtime/task"
)

// Options are the options of Open. Only Path is required.
type Options struct {
	// Path is a script, whose name ends in .lua, or a transport's config file. A script
	// gets a made-up config, unless Companion finds one.
	Path string
	// Companion uses the config NAME.cfg in the folder of the script NAME.lua, if its
	// [lua] script is this one.
	Companion bool
	// Settings override keys of the config. A repeated key is a list.
	Settings []config.Override
	// WorkingDir overrides [service] working_dir of the config. The default is a new
	// folder, which Close removes.
	WorkingDir string
	// Record is the file to which the messages are recorded; default: no record.
	Record string
	// Reload reloads the script when its files change. It overrides [lua] reload.
	Reload bool
	// NoRetries sends each DISCONNECTED to Spectrum, unless the config or Settings set
	// [lua] login_retries.
	NoRetries bool
	// OnRetry is called for each DISCONNECTED that Spectrum does not receive because
	// the backend retries the login. It must not block or use the Harness.
	OnRetry func(user string, disconnected *pb.Disconnected, pause time.Duration)
	// Clock is the script's clock; default: clock.Real.
	Clock clock.Clock
	// Compiled is a cache for stages that load the same files; default: no cache.
	Compiled *source.Cache
	// Coverage notes which lines of the script run; see luabind.Options. It is optional.
	Coverage *source.Coverage
	// Debugger debugs the script and receives the lines of the log. It is optional.
	Debugger *debugger.Debugger
	// Log receives each line of the backend's log. Calls do not overlap. It must not block
	// or use the Harness.
	Log func(Line)
	// Spectrum are the options of the simulated Spectrum. Its Trace receives each frame
	// in both directions.
	Spectrum simulator.Options
	// Admin makes the admin socket in the working directory; default: none.
	Admin *backend.Admin
	// Secrets collects the values that the backend hides; default: none.
	Secrets *secret.Known
	// Silent omits the first PING. Before a PING, a backend sends only BACKEND_CONFIG.
	Silent bool
}

// exitPatience is the time that Close waits in addition to the backend's exit_timeout.
const exitPatience = time.Second

// Harness is a running backend with its Spectrum. It is safe for concurrent use.
type Harness struct {
	// Spectrum is the other side of the backend.
	Spectrum *simulator.Backend
	// Config is the config of the backend, and Settings its [lua] section.
	Config   *config.Config
	Settings config.Settings
	files    files.Settings
	metrics  metrics.Settings

	backend   *backend.Backend
	recorder  *record.Recorder // nil if nothing is recorded
	temporary string           // the folder that Close removes, or ""
	ctx       context.Context
	stop      context.CancelFunc
	served    chan struct{} // closed when the connection has ended
	err       error         // why it ended; valid when served is closed
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
	log := newLog(o.logged())
	for _, warning := range s.Config.Warnings() {
		log.category("backend").Warn(warning)
	}
	if err := s.record(o, log); err != nil {
		s.stop()
		s.removeTemporary()
		return nil, err
	}
	ours, its := net.Pipe()
	s.backend = backend.New(backend.Options{
		Dial:    func(context.Context) (net.Conn, error) { return its, nil },
		Context: s.ctx, Config: s.Config, Settings: s.Settings, Files: s.files, Metrics: s.metrics, Log: log.category, Clock: o.Clock, Compiled: o.Compiled, Coverage: o.Coverage, Debugger: o.Debugger, OnRetry: o.OnRetry,
		Record: s.recorder, Gateway: o.Spectrum.Gateway, Admin: o.Admin, Secrets: o.Secrets,
	})
	go s.serve(s.ctx)
	s.Spectrum = simulator.Attach(ours, o.Spectrum)
	if !o.Silent && o.Spectrum.Manners.PingInterval == 0 {
		if err := s.Spectrum.Ping(s.ctx); err != nil {
			_ = s.Close() // the backend has not started
			return nil, err
		}
	}
	return s, nil
}

// Check returns an error if the config is wrong or its script cannot be read. It starts
// nothing.
func (o Options) Check() error {
	s := &Harness{}
	defer s.removeTemporary()
	if err := s.configure(o); err != nil {
		return err
	}
	return luabind.Readable(s.Settings.Script)
}

// configure reads the config and chooses the folder that the script writes to.
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
	shared, wrong := files.ReadSettings(s.Config)
	s.files = shared
	var wrongMetrics error
	s.metrics, wrongMetrics = metrics.ReadSettings(s.Config)
	if o.NoRetries && s.Config.Where("lua.login_retries") == "" {
		s.Settings.LoginRetries = 0
	}
	return errors.Join(err, wrong, wrongMetrics)
}

func (s *Harness) serve(ctx context.Context) {
	defer crash.Guard()
	defer close(s.served)
	s.err = s.backend.Serve(ctx)
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

// Files returns the absolute paths of the script and of the files that it required.
func (s *Harness) Files() []string { return s.backend.Files() }

// Scheduler returns the scheduler that runs the script, for task.Settle.
func (s *Harness) Scheduler() *task.Scheduler { return s.backend.Scheduler() }

// Close sends EXIT as Spectrum does, waits until the backend has stopped, and frees all
// resources. It may be called again. It returns an error if the connection ended before
// or if the backend does not stop in time.
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
		if s.recorder != nil {
			s.recorder.Close()
		}
		s.removeTemporary()
	})
	return s.closeErr
}

// exit sends EXIT if the connection is open, and waits for the backend to stop.
func (s *Harness) exit() error {
	select {
	case <-s.served:
		return nil
	case <-s.ctx.Done():
		return nil // closing the connection stops it
	default:
	}
	limit := s.Settings.ExitTimeout + exitPatience
	ctx, cancel := context.WithTimeoutCause(context.Background(), limit, fmt.Errorf("the backend did not stop within %v after EXIT", limit))
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
		_ = os.RemoveAll(s.temporary) // remaining files do no harm
	}
}
