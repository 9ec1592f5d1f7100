package simulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ProcessOptions says how a Process is run. The zero value is good.
type ProcessOptions struct {
	// Leading are arguments in front of all others: what stands behind the
	// executable in Spectrum's `backend=`.
	Leading []string
	// Dir is the working directory; default: the caller's.
	Dir string
	// Env is the environment; default: the caller's.
	Env []string
	// Log is called with each line that the process writes to standard output
	// or standard error, one at a time.
	Log func(line string)
	// Started is told of the process as soon as it is there.
	Started func(*Process)
}

// Process is a backend's executable, run as Spectrum runs it: in a session of
// its own, without standard input. Its methods may be called from any
// goroutine.
type Process struct {
	// Started is when it was executed.
	Started time.Time

	cmd  *exec.Cmd
	log  *lineLog
	done chan struct{}
}

// StartProcess executes a backend. The process, with all that it started, is
// killed when ctx is done. Somebody must Wait for it, or Kill it.
func StartProcess(ctx context.Context, path string, args []string, o ProcessOptions) (*Process, error) {
	// A name without a slash is a file here, not a command to be looked for.
	if !strings.ContainsRune(path, filepath.Separator) {
		path = "." + string(filepath.Separator) + path
	}
	log := &lineLog{tell: o.Log}
	cmd := exec.CommandContext(ctx, path, append(slices.Clone(o.Leading), args...)...)
	cmd.Dir, cmd.Env = o.Dir, o.Env
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	p := &Process{Started: time.Now(), cmd: cmd, log: log, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if o.Started != nil {
		o.Started(p)
	}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // how it ended stands in cmd.ProcessState
		log.flush()
	}()
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// String tells what runs.
func (p *Process) String() string {
	return fmt.Sprintf("%s (process %d)", strings.Join(p.cmd.Args, " "), p.PID())
}

// Signal sends a signal to the process alone.
func (p *Process) Signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// Kill ends the process and all that it started, at once, and waits for that.
func (p *Process) Kill() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	<-p.done
}

// Done is closed when the process has ended and all its output has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end of the process and returns its exit code. It returns -1 and
// an error if ctx is done first or if a signal ends the process.
func (p *Process) Wait(ctx context.Context) (int, error) {
	select {
	case <-p.done:
	case <-ctx.Done():
		return -1, fmt.Errorf("the backend has not ended: %w", context.Cause(ctx))
	}
	state := p.cmd.ProcessState
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return -1, fmt.Errorf("the backend was ended by a signal: %v", status.Signal())
	}
	return state.ExitCode(), nil
}

// Output is the end of what the process has written to standard output and
// standard error: at most the last 64 kB.
func (p *Process) Output() string { return p.log.text() }

// ErrExited is what Launch's error wraps if the backend ended before it
// connected.
var ErrExited = errors.New("the backend ended before it connected")

// Launch starts a backend's executable with the arguments that Spectrum gives
// it on a config file, and accepts its connection. Whatever fails, nothing is
// left running.
func (s *Spectrum) Launch(ctx context.Context, path, configFile string, o ProcessOptions) (*Process, *Backend, error) {
	p, conn, err := s.LaunchConn(ctx, path, configFile, o)
	if err != nil {
		return nil, nil, err
	}
	b, err := s.attach(conn)
	if err != nil {
		p.Kill()
		return nil, nil, err
	}
	return p, b, nil
}

// LaunchConn is Launch for those who want to speak the protocol themselves. The
// connection is the caller's.
func (s *Spectrum) LaunchConn(ctx context.Context, path, configFile string, o ProcessOptions) (*Process, net.Conn, error) {
	p, err := StartProcess(ctx, path, s.Args(configFile), o)
	if err != nil {
		return nil, nil, fmt.Errorf("starting the backend: %w", err)
	}
	accept, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-p.Done():
			cancel(ErrExited)
		case <-accept.Done():
		}
	}()
	conn, err := s.AcceptConn(accept)
	if err == nil {
		return p, conn, nil
	}
	p.Kill()
	if errors.Is(err, ErrExited) {
		code, why := p.Wait(ctx)
		if why == nil {
			why = fmt.Errorf("exit code %d", code)
		}
		err = fmt.Errorf("%w: %w", err, why)
	}
	// With a Log, it has been told already.
	if output := strings.TrimSpace(p.Output()); output != "" && o.Log == nil {
		err = fmt.Errorf("%w\n%s", err, output)
	}
	return nil, nil, err
}

// lineLog takes what a process writes apart into lines, and keeps the end.
type lineLog struct {
	tell func(string)

	mu   sync.Mutex
	line []byte
	kept []byte
}

const (
	keepOutput = 64 << 10
	maxLine    = 16 << 10
)

var _ io.Writer = (*lineLog)(nil)

func (l *lineLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, p...)
	if extra := len(l.kept) - keepOutput; extra > keepOutput {
		l.kept = append([]byte(nil), l.kept[extra:]...)
	}
	if l.tell == nil {
		return len(p), nil
	}
	for _, c := range p {
		if c == '\n' || len(l.line) == maxLine {
			l.tell(string(l.line))
			l.line = l.line[:0]
		}
		if c != '\n' {
			l.line = append(l.line, c)
		}
	}
	return len(p), nil
}

func (l *lineLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.line) > 0 {
		l.tell(string(l.line))
		l.line = nil
	}
}

func (l *lineLog) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept[max(0, len(l.kept)-keepOutput):])
}
