package dap

import (
	"bufio"
	"bytes"
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
	"sync"
	"time"

	dap "github.com/google/go-dap"

	"spectrumlua/runtime/crash"
)

// connectPatience is how long a started command may take to listen.
const connectPatience = 30 * time.Second

// connectPause is the time between two attempts to connect to it.
const connectPause = 20 * time.Millisecond

// endPatience is how long a command may take to end after its client.
const endPatience = 5 * time.Second

// Launch are the arguments of launch and attach.
type Launch struct {
	// Program is a script, a config file, a folder, or a test, and Args are more arguments.
	Program string   `json:"program"`
	Args    []string `json:"args"`
	// Mode is "chat" or "test". The default is "test" for a NAME_test.lua.
	Mode string `json:"mode"`
	Cwd  string `json:"cwd"`
	// Console is "integratedTerminal" or "internalConsole". chat needs a terminal.
	Console string `json:"console"`
	// Address is that of a running command with --debug, for attach.
	Address string `json:"address"`
}

// Adapter is the adapter that an editor starts. It starts a command for launch, connects to
// its address, and passes on all messages.
type Adapter struct {
	// Executable is the path of spectrum2-lua.
	Executable string
	In         io.Reader
	Out        io.Writer

	mu         sync.Mutex // guards Out and the rest
	seq        int
	terminated bool // the editor knows that the program has ended
	initialize []byte
	terminal   bool     // the editor can run commands in its terminal
	pending    [][]byte // requests that arrived too early
}

// head is what the adapter needs to know about a message.
type head struct {
	Seq       int             `json:"seq"`
	Type      string          `json:"type"`
	Command   string          `json:"command"`
	Event     string          `json:"event"`
	Success   bool            `json:"success"`
	Message   string          `json:"message"`
	Arguments json.RawMessage `json:"arguments"`
}

// firstSeq is the number of the adapter's first own message. The command counts from 1.
const firstSeq = 1_000_000

// Run serves the editor until it disconnects or the command ends.
func (a *Adapter) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a.seq = firstSeq
	in := bufio.NewReader(a.In)
	for {
		raw, h, err := next(in)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("reading from the editor: %w", err)
		case h.Type != "request":
		case h.Command == "initialize":
			var r dap.InitializeRequest
			_ = json.Unmarshal(raw, &r)
			a.initialize, a.terminal = raw, r.Arguments.SupportsRunInTerminalRequest
			a.respond(h, &dap.InitializeResponse{Body: capabilities()})
		case h.Command == "disconnect":
			a.respond(h, &dap.DisconnectResponse{})
			return nil
		case h.Command == "launch" || h.Command == "attach":
			started, err := a.start(ctx, in, h)
			if err != nil {
				a.refuse(h, err)
				continue
			}
			return a.pass(in, raw, started)
		default:
			a.refuse(h, fmt.Errorf("%s: launch or attach must come first", h.Command))
		}
	}
}

// next reads a message.
func next(in *bufio.Reader) (raw []byte, h head, err error) {
	if raw, err = dap.ReadBaseMessage(in); err == nil {
		err = json.Unmarshal(raw, &h)
	}
	return raw, h, err
}

// send writes a message to the editor.
func (a *Adapter) send(raw []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.terminated = a.terminated || bytes.Contains(raw, []byte(`"event":"terminated"`))
	return dap.WriteBaseMessage(a.Out, raw)
}

// own sends a message of the adapter itself. number sets its sequence number.
func (a *Adapter) own(m dap.Message, number func(seq int)) {
	a.mu.Lock()
	a.seq++
	number(a.seq)
	a.mu.Unlock()
	if raw, err := json.Marshal(m); err == nil {
		_ = a.send(raw)
	}
}

func (a *Adapter) respond(h head, m dap.ResponseMessage) {
	r := m.GetResponse()
	r.Type, r.Command, r.RequestSeq, r.Success = "response", h.Command, h.Seq, true
	a.own(m, func(seq int) { r.Seq = seq })
}

func (a *Adapter) refuse(h head, err error) {
	m := &dap.ErrorResponse{Body: dap.ErrorResponseBody{Error: &dap.ErrorMessage{Id: 1, Format: "{_text}", Variables: map[string]string{"_text": err.Error()}, ShowUser: true}}}
	m.Response = dap.Response{ProtocolMessage: dap.ProtocolMessage{Type: "response"}, Command: h.Command, RequestSeq: h.Seq, Message: err.Error()}
	a.own(m, func(seq int) { m.Seq = seq })
}

func (a *Adapter) event(name string, m dap.EventMessage) {
	e := m.GetEvent()
	e.Type, e.Event = "event", name
	a.own(m, func(seq int) { e.Seq = seq })
}

// program is a command that the adapter has connected to.
type program struct {
	conn net.Conn
	wait func() int // waits for the end of the command and returns its exit code; nil if the adapter did not start it
	stop func()     // removes the socket, and ends the command if it still runs
}

// start starts the command of a launch, or finds that of an attach, and connects to it.
func (a *Adapter) start(ctx context.Context, in *bufio.Reader, h head) (p *program, err error) {
	var l Launch
	if err := json.Unmarshal(h.Arguments, &l); err != nil {
		return nil, fmt.Errorf("%s: the arguments are wrong: %w", h.Command, err)
	}
	if h.Command == "attach" {
		conn, err := dial(l.Address)
		if err != nil {
			return nil, fmt.Errorf("attach: no command listens at address %q: %w", l.Address, err)
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
	dir, err := os.MkdirTemp("", "spectrum2-lua-debug-") // only the own user can open it
	if err != nil {
		return nil, err
	}
	remove := func() { _ = os.RemoveAll(dir) }
	socket := filepath.Join(dir, "socket")
	args := append([]string{a.Executable, l.Mode, "--debug", socket}, append(l.Args, l.Program)...)
	inTerminal := l.Mode == "chat" && l.Console != "internalConsole"
	if inTerminal && a.terminal {
		p, err = a.inTerminal(in, args, l.Cwd)
	} else {
		p, err = a.asChild(ctx, args, l.Cwd)
	}
	if err != nil {
		remove()
		return nil, err
	}
	end := p.stop
	p.stop = func() { end(); remove() }
	if p.conn, err = a.connect(ctx, socket, p); err != nil {
		p.stop()
		return nil, err
	}
	return p, nil
}

// dial connects to HOST:PORT or to a Unix socket.
func dial(address string) (net.Conn, error) {
	if strings.Contains(address, "/") {
		return net.Dial("unix", address)
	}
	return net.Dial("tcp", address)
}

// connect connects to a command that starts.
func (a *Adapter) connect(ctx context.Context, socket string, p *program) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectPatience)
	defer cancel()
	ended := make(chan int, 1)
	if p.wait != nil {
		go func() {
			defer crash.Guard()
			ended <- p.wait()
		}()
	}
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			return conn, nil
		}
		select {
		case <-time.After(connectPause):
		case code := <-ended:
			return nil, fmt.Errorf("launch: the command has ended with exit code %d: see its output", code)
		case <-ctx.Done():
			return nil, fmt.Errorf("launch: the command did not start within %v", connectPatience)
		}
	}
}

// inTerminal runs a command in the editor's terminal.
func (a *Adapter) inTerminal(in *bufio.Reader, args []string, cwd string) (*program, error) {
	r := &dap.RunInTerminalRequest{Arguments: dap.RunInTerminalRequestArguments{Kind: "integrated", Title: "spectrum2-lua chat", Cwd: cwd, Args: args}}
	r.Type, r.Command = "request", "runInTerminal"
	a.own(r, func(seq int) { r.Seq = seq })
	for {
		raw, h, err := next(in)
		switch {
		case err != nil:
			return nil, err
		case h.Type == "request":
			a.pending = append(a.pending, raw)
		case h.Command == "runInTerminal" && !h.Success:
			return nil, fmt.Errorf("launch: the editor cannot run the command in its terminal: %s", h.Message)
		case h.Command == "runInTerminal":
			return &program{stop: func() {}}, nil
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
	wait := func() int { <-ended; return cmd.ProcessState.ExitCode() }
	return &program{wait: wait, stop: func() { cancel(); <-ended }}, nil
}

// outputs sends what is written to it to the editor.
type outputs struct {
	adapter  *Adapter
	category string
}

func (o outputs) Write(p []byte) (int, error) {
	e := &dap.OutputEvent{Body: dap.OutputEventBody{Category: o.category, Output: string(p)}}
	o.adapter.event("output", e)
	return len(p), nil
}

// pass passes on all messages until the editor or the program ends. launch is the request
// of the editor.
func (a *Adapter) pass(in *bufio.Reader, launch []byte, p *program) error {
	defer p.stop()
	defer func() { _ = p.conn.Close() }()
	from := bufio.NewReader(p.conn)
	if a.initialize != nil { // the editor has the answer already
		if err := dap.WriteBaseMessage(p.conn, a.initialize); err != nil {
			return err
		}
		if _, err := dap.ReadBaseMessage(from); err != nil {
			return err
		}
	}
	for _, raw := range append([][]byte{launch}, a.pending...) {
		if err := dap.WriteBaseMessage(p.conn, raw); err != nil {
			return err
		}
	}
	editor := make(chan error, 1)
	go func() {
		defer crash.Guard()
		editor <- copyMessages(func(raw []byte) error { return dap.WriteBaseMessage(p.conn, raw) }, in)
		_ = p.conn.Close()
	}()
	_ = copyMessages(a.send, from)
	select {
	case err := <-editor:
		if err != nil && !errors.Is(err, io.EOF) && !isNet(err) {
			return fmt.Errorf("reading from the editor: %w", err)
		}
		return nil
	default:
	}
	if p.wait != nil {
		e := &dap.ExitedEvent{Body: dap.ExitedEventBody{ExitCode: p.wait()}}
		a.event("exited", e)
	}
	a.mu.Lock()
	told := a.terminated
	a.mu.Unlock()
	if !told {
		a.event("terminated", &dap.TerminatedEvent{})
	}
	return nil
}

// copyMessages passes messages to send until one of the sides fails.
func copyMessages(send func(raw []byte) error, from *bufio.Reader) error {
	for {
		raw, err := dap.ReadBaseMessage(from)
		if err != nil {
			return err
		}
		if err := send(raw); err != nil {
			return err
		}
	}
}
