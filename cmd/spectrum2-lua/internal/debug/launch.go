package debug

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	godap "github.com/google/go-dap"

	"spectrumlua/runtime/crash"
)

// connectPatience is how long a command may take to listen, or to accept a connection.
const connectPatience = 30 * time.Second

// connectPause is the time between two attempts to connect to it.
const connectPause = 20 * time.Millisecond

// endPatience is how long a command may take to end after its client.
const endPatience = 5 * time.Second

// program is a command that the adapter has connected to.
type program struct {
	conn  io.ReadWriteCloser
	ended <-chan struct{} // closed when the command has ended
	code  func() int      // returns the exit code of a command that has ended; nil if the adapter did not start it
	stop  func()          // ends the command if it still runs
}

// start starts the command of a launch, or finds that of an attach, and connects to it.
func (a *Adapter) start(ctx context.Context, in *bufio.Reader, h head) (p *program, err error) {
	var l Launch
	if err := json.Unmarshal(h.Arguments, &l); err != nil {
		return nil, fmt.Errorf("%s: the arguments are wrong: %w", h.Command, err)
	}
	if h.Command == "attach" {
		conn, err := a.attach(ctx, l)
		if err != nil {
			return nil, fmt.Errorf("attach: %w", err)
		}
		return &program{conn: conn, stop: func() {}}, nil
	}
	if l.Program == "" {
		return nil, errors.New("launch: program is missing: name a script, a config file, or a test")
	}
	if l.Mode == "" {
		l.Mode = "chat"
		if strings.HasSuffix(l.Program, "_test.lua") {
			l.Mode = "test"
		}
	}
	if l.Mode != "chat" && l.Mode != "test" {
		return nil, fmt.Errorf(`launch: mode: "chat" or "test" expected, got %q`, l.Mode)
	}
	if err := exists(l); err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	dir, err := os.MkdirTemp("", "spectrum2-lua-debug-") // only the own user can open it
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // connections remain without it
	socket := filepath.Join(dir, "socket")
	args := append([]string{a.Executable, l.Mode, "--debug", socket}, append(l.Args, l.Program)...)
	inTerminal := l.Mode == "chat" && l.Console != "internalConsole"
	if inTerminal && a.terminal {
		p, err = a.inTerminal(in, filepath.Join(dir, "started"), args, l.Cwd)
	} else {
		p, err = a.asChild(ctx, args, l.Cwd)
	}
	if err != nil {
		return nil, err
	}
	if p.conn, err = a.connect(ctx, socket, p); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// exists returns an error if the program or the folder of a launch does not exist. A terminal
// would only show that its command has ended.
func exists(l Launch) error {
	if info, err := os.Stat(l.Cwd); l.Cwd != "" && err != nil {
		return fmt.Errorf("cwd: %w", err)
	} else if l.Cwd != "" && !info.IsDir() {
		return fmt.Errorf("cwd: %s is not a folder", l.Cwd)
	}
	path := l.Program
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.Cwd, path)
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("program: %w", err)
	}
	return nil
}

// connect connects to a command that starts.
func (a *Adapter) connect(ctx context.Context, socket string, p *program) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	for {
		conn, err := dial(ctx, socket)
		if err == nil {
			return conn, nil
		}
		select {
		case <-time.After(connectPause):
		case <-p.ended:
			if p.code == nil {
				return nil, errors.New("launch: the command has ended: see the terminal")
			}
			return nil, fmt.Errorf("launch: the command has ended with exit code %d: see its output", p.code())
		case <-ctx.Done():
			return nil, fmt.Errorf("launch: the command did not start within %v", connectPatience)
		}
	}
}

// Launched is the command that runs another one in the editor's terminal. Its arguments are
// the path of a socket, to which it is connected until the other command ends, and that
// command with its arguments.
const Launched = "launched"

// inTerminal runs a command in the editor's terminal. Editors do not tell when it ends, so
// it connects to a socket.
func (a *Adapter) inTerminal(in *bufio.Reader, socket string, args []string, cwd string) (*program, error) {
	ended, stop, err := awaitEnd(socket)
	if err != nil {
		return nil, fmt.Errorf("launch: %w", err)
	}
	args = append([]string{args[0], Launched, socket}, args[1:]...)
	if err := a.askForTerminal(in, args, cwd); err != nil {
		stop()
		return nil, err
	}
	return &program{ended: ended, stop: stop}, nil
}

// awaitEnd listens at a socket. ended is closed when a client has connected and left.
func awaitEnd(socket string) (ended <-chan struct{}, stop func(), err error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	left, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer crash.Guard()
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return // stopped
		}
		defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
		close(left)
	}()
	return left, func() {
		cancel()
		_ = l.Close()
		<-done
	}, nil
}

// askForTerminal asks the editor to run a command in its terminal.
func (a *Adapter) askForTerminal(in *bufio.Reader, args []string, cwd string) error {
	r := &godap.RunInTerminalRequest{Arguments: godap.RunInTerminalRequestArguments{Kind: "integrated", Title: "spectrum2-lua chat", Cwd: cwd, Args: args}}
	r.Type, r.Command = "request", "runInTerminal"
	a.own(r, func(seq int) { r.Seq = seq })
	for {
		raw, h, err := next(in)
		switch {
		case err != nil:
			return err
		case h.Type == "request":
			a.pending = append(a.pending, raw)
		case h.Command == "runInTerminal" && !h.Success:
			return fmt.Errorf("launch: the editor cannot run the command in its terminal: %s", h.Message)
		case h.Command == "runInTerminal":
			return nil
		}
	}
}

// asChild runs a command whose output the editor shows.
func (a *Adapter) asChild(ctx context.Context, args []string, cwd string) (*program, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = cwd
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = endPatience
	cmd.Stdout, cmd.Stderr = outputs{a, "stdout"}, outputs{a, "stderr"}
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, fmt.Errorf("launch: %w", err)
	}
	ended := make(chan struct{})
	go func() {
		defer crash.Guard()
		defer close(ended)
		_ = cmd.Wait() // ProcessState has the exit code
	}()
	code := func() int { return cmd.ProcessState.ExitCode() }
	return &program{ended: ended, code: code, stop: func() { cancel(); <-ended }}, nil
}

// outputs sends what is written to it to the editor.
type outputs struct {
	adapter  *Adapter
	category string
}

func (o outputs) Write(p []byte) (int, error) {
	e := &godap.OutputEvent{Body: godap.OutputEventBody{Category: o.category, Output: string(p)}}
	o.adapter.event("output", e)
	return len(p), nil
}
