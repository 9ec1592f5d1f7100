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

// ProcessOptions are the options of a Process. The zero value works.
type ProcessOptions struct {
	// Leading are arguments before all others, such as those after the executable in
	// Spectrum's `backend=`.
	Leading []string
	// Dir is the working directory; default: the caller's.
	Dir string
	// Env is the environment; default: the caller's.
	Env []string
	// Log receives each line of standard output and standard error. Calls do not overlap.
	Log func(line string)
	// Started receives the process as soon as it runs.
	Started func(*Process)
}

// Process is a running executable of a backend. As under Spectrum, it has its own session
// and no standard input. It is safe for concurrent use.
type Process struct {
	// Started is the time of the start.
	Started time.Time

	cmd  *exec.Cmd
	log  *lineLog
	done chan struct{}
}

// StartProcess starts a backend. When ctx is done, it kills the process and its children.
// The caller must call Wait or Kill.
func StartProcess(ctx context.Context, path string, args []string, o ProcessOptions) (*Process, error) {
	// A name without a slash is a file in this folder, not a command in PATH.
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
		_ = cmd.Wait() // cmd.ProcessState holds the exit code
		log.flush()
	}()
	return p, nil
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// String returns the command line and the process id.
func (p *Process) String() string {
	return fmt.Sprintf("%s (process %d)", strings.Join(p.cmd.Args, " "), p.PID())
}

// Signal sends a signal to the process, but not to its children.
func (p *Process) Signal(sig syscall.Signal) error { return p.cmd.Process.Signal(sig) }

// Kill kills the process and its children, and waits for their end.
func (p *Process) Kill() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL)
	<-p.done
}

// Done is closed when the process has ended and all its output is read.
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
		return -1, fmt.Errorf("a signal ended the backend: %v", status.Signal())
	}
	return state.ExitCode(), nil
}

// Output returns the last 64 KiB of standard output and standard error.
func (p *Process) Output() string { return p.log.text() }

// ErrExited means that the backend ended before it connected.
var ErrExited = errors.New("the backend ended before it connected")

// Launch starts a backend with the arguments of Spectrum and a config file, and accepts
// its connection. If it fails, it leaves no process behind.
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

// LaunchConn is like Launch, but returns the connection, which the caller owns.
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
	// Log has already received the output.
	if output := strings.TrimSpace(p.Output()); output != "" && o.Log == nil {
		err = fmt.Errorf("%w\n%s", err, output)
	}
	return nil, nil, err
}

// lineLog splits the output of a process into lines and keeps its end.
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
