package serve

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/metrics"
)

// closeTime limits how long the process waits for its resources at the end.
const closeTime = 500 * time.Millisecond

// Options configure Run. Files and Hangups are required.
type Options struct {
	// Files are the config files, one for each transport.
	Files []string
	// Hangups receives SIGHUP, which reloads the configs and the scripts.
	Hangups <-chan os.Signal
	// Aborts receives SIGABRT, which systemd sends if the watchdog gets no sign of life. It
	// is optional.
	Aborts <-chan os.Signal
	// Advise is called with the advice for a script that does not load at the start, and for
	// the first connection to an XMPP server that fails. It is optional.
	Advise func(text string)
	// Started is called when all scripts have been loaded. It is optional.
	Started func()
}

// process is a process with its transports.
type process struct {
	opts       Options
	transports []*Transport
	systemd    *systemd
	changed    chan struct{} // has a token after a change of a connection
	late       chan *Transport
	scraped    []*metrics.Server
	helpers    sync.WaitGroup
}

// Run runs transports until ctx is done, and ends them in order. If a transport cannot
// start, Run starts none and returns the errors of all. It returns an error if a transport
// cannot continue; then all end, because systemd starts the process again. An unreachable
// XMPP server is no reason to end.
//
// Run returns when all transports have ended, or at the latest a moment after exit_timeout.
// The caller has to end the process then.
func Run(ctx context.Context, o Options) error {
	p := &process{opts: o, systemd: newSystemd(), changed: make(chan struct{}, 1), late: make(chan *Transport, len(o.Files))}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := p.open(ctx); err != nil {
		return errors.Join(err, p.close(p.transports))
	}
	p.reportPanics()
	p.serveMetrics()
	if o.Started != nil {
		o.Started()
	}
	return p.serve(ctx, cancel)
}

// open opens all transports. It reads all configs first, so that a mistake in one shows
// before the others take time.
func (p *process) open(ctx context.Context) error {
	var errs []error
	for _, file := range p.opts.Files {
		t, err := load(file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		t.changed = p.wake
		t.late = func() { p.late <- t }
		if p.opts.Advise != nil {
			t.advise = p.opts.Advise
		}
		p.transports = append(p.transports, t)
	}
	if errs = append(errs, clashes(p.transports)...); len(errs) > 0 {
		p.transports = nil // nothing is open yet
		return errors.Join(errs...)
	}
	for _, t := range p.transports {
		if err := t.open(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// wake makes supervise look at the connections.
func (p *process) wake() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// reportPanics writes a panic into all logs, because it ends all transports.
func (p *process) reportPanics() {
	crash.Mask(func(text string) string {
		for _, t := range p.transports {
			text = t.secrets.Hide(text)
		}
		return text
	})
	crash.OnPanic(func(text string) {
		for _, t := range p.transports {
			t.log.Error(text)
			t.logger.Flush()
		}
	})
}

// serve runs the transports and waits for their end. cancel ends ctx.
func (p *process) serve(ctx context.Context, cancel func()) error {
	type result struct {
		transport *Transport
		err       error
	}
	results := make(chan result, len(p.transports))
	for _, t := range p.transports {
		p.systemd.patience(t.script.HandlerTimeout)
		go func() {
			defer crash.Guard()
			results <- result{t, t.run(ctx)}
		}()
	}
	context.AfterFunc(ctx, func() { p.systemd.tell(daemon.SdNotifyStopping, "STATUS=Ending sessions") })
	p.helpers.Go(func() {
		defer crash.Guard()
		p.supervise(ctx)
	})
	p.helpers.Go(func() {
		defer crash.Guard()
		p.systemd.watch(ctx, func() {
			for _, t := range p.transports {
				t.backend.Probe()
			}
		})
	})
	p.helpers.Go(func() {
		defer crash.Guard()
		select {
		case <-ctx.Done():
		case <-p.opts.Aborts:
			stacks := make([]byte, 1<<20)
			crash.End("SIGABRT: systemd got no sign of life of this process\n" + string(stacks[:runtime.Stack(stacks, true)]))
		}
	})
	var errs []error
	ended := map[*Transport]bool{}
	for late := 0; len(ended)+late < len(p.transports); {
		select {
		case r := <-results:
			ended[r.transport] = true
			if r.err != nil {
				errs = append(errs, advised(r.err))
				cancel()
			}
		case <-p.late:
			late++
		}
	}
	var done []*Transport
	for _, t := range p.transports {
		if ended[t] {
			done = append(done, t)
		} else {
			t.logger.Flush() // what it still does, ends with the process
		}
	}
	return errors.Join(append(errs, p.close(done))...)
}

// advised adds the advice for an error of the XMPP server.
func advised(err error) error {
	var failed *component.Error
	if errors.As(err, &failed) && failed.Hint() != "" {
		return errors.Join(err, errors.New(failed.Hint()))
	}
	return err
}

// close closes transports, for closeTime at most.
func (p *process) close(transports []*Transport) error {
	done := make(chan error, 1)
	go func() {
		defer crash.Guard()
		p.helpers.Wait()
		for _, s := range p.scraped {
			s.Close()
		}
		var errs []error
		for _, t := range transports {
			errs = append(errs, t.close())
		}
		done <- errors.Join(errs...)
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(closeTime):
		return nil
	}
}

// supervise tells systemd about the process and handles SIGHUP until ctx is done. The
// process is ready when each transport has tried to connect. It is also ready if that has
// failed, because it is not the reason for other units to wait, and STATUS has the error.
func (p *process) supervise(ctx context.Context) {
	ticker := time.NewTicker(statusEvery)
	defer ticker.Stop()
	hangups := (<-chan os.Signal)(nil) // SIGHUP waits until the process is ready
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.changed:
		case <-ticker.C:
		case <-hangups:
			p.systemd.reloading()
			for _, t := range p.transports {
				t.hangup()
			}
			p.systemd.tell(daemon.SdNotifyReady)
		}
		if hangups == nil && p.attempted() {
			hangups = p.opts.Hangups
			p.systemd.tell(daemon.SdNotifyReady)
		}
		p.systemd.show(status(p.transports))
	}
}

func (p *process) attempted() bool {
	for _, t := range p.transports {
		if !t.attempted() {
			return false
		}
	}
	return true
}
