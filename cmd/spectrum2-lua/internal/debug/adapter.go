// Package debug connects editors to commands with a debugger (luabind/debugger/dap). Listen
// serves the editors of an address. Adapter is the program that an editor starts: it starts
// a command with such an address, or finds one that runs.
package debug

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	godap "github.com/google/go-dap"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/luabind/debugger/dap"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/crash"
)

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
	// Config is the config file of a running transport, for attach, and PID the process if
	// it has several.
	Config string      `json:"config"`
	PID    json.Number `json:"pid"` // editors may write it as a text
}

// Adapter is the adapter that an editor starts. It starts a command for launch, connects to
// its address, and passes on all messages.
type Adapter struct {
	// Executable is the path of spectrum2-lua.
	Executable string
	// Config and PID are those of attach requests without a config.
	Config string
	PID    int
	In     io.Reader
	Out    io.Writer

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
			var r godap.InitializeRequest
			_ = json.Unmarshal(raw, &r)
			a.initialize, a.terminal = raw, r.Arguments.SupportsRunInTerminalRequest
			a.respond(h, &godap.InitializeResponse{Body: dap.Capabilities()})
		case h.Command == "disconnect":
			a.respond(h, &godap.DisconnectResponse{})
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
	if raw, err = godap.ReadBaseMessage(in); err == nil {
		err = json.Unmarshal(raw, &h)
	}
	return raw, h, err
}

// send writes a message to the editor.
func (a *Adapter) send(raw []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.terminated = a.terminated || bytes.Contains(raw, []byte(`"event":"terminated"`))
	return godap.WriteBaseMessage(a.Out, raw)
}

// own sends a message of the adapter itself. number sets its sequence number.
func (a *Adapter) own(m godap.Message, number func(seq int)) {
	a.mu.Lock()
	a.seq++
	number(a.seq)
	a.mu.Unlock()
	if raw, err := json.Marshal(m); err == nil {
		_ = a.send(raw)
	}
}

func (a *Adapter) respond(h head, m godap.ResponseMessage) {
	r := m.GetResponse()
	r.Type, r.Command, r.RequestSeq, r.Success = "response", h.Command, h.Seq, true
	a.own(m, func(seq int) { r.Seq = seq })
}

func (a *Adapter) refuse(h head, err error) {
	m := &godap.ErrorResponse{Body: godap.ErrorResponseBody{Error: &godap.ErrorMessage{Id: 1, Format: "{_text}", Variables: map[string]string{"_text": err.Error()}, ShowUser: true}}}
	m.Response = godap.Response{ProtocolMessage: godap.ProtocolMessage{Type: "response"}, Command: h.Command, RequestSeq: h.Seq, Message: err.Error()}
	a.own(m, func(seq int) { m.Seq = seq })
}

func (a *Adapter) event(name string, m godap.EventMessage) {
	e := m.GetEvent()
	e.Type, e.Event = "event", name
	a.own(m, func(seq int) { e.Seq = seq })
}

// attach connects to a program that runs: a command with --debug, or a transport.
func (a *Adapter) attach(ctx context.Context, l Launch) (io.ReadWriteCloser, error) {
	if l.Address != "" {
		conn, err := dial(ctx, l.Address)
		if err != nil {
			return nil, fmt.Errorf("no command listens at address %q: %w", l.Address, err)
		}
		return conn, nil
	}
	config, pid := a.Config, a.PID
	if l.Config != "" {
		config, pid = l.Config, 0
	}
	if l.PID != "" {
		n, err := l.PID.Int64()
		if err != nil || n < 1 {
			return nil, fmt.Errorf("pid: the number of a process expected, got %s", l.PID)
		}
		pid = int(n)
	}
	if config == "" {
		return nil, errors.New("config or address is missing: name the config file of a running transport, or the address of a command with --debug")
	}
	all, err := live.Of(config, pid)
	if err != nil {
		return nil, err
	}
	defer live.Close(all)
	if len(all) > 1 {
		return nil, fmt.Errorf("%s has %d processes: add pid, one of %s. A user is in one of them; spectrum2-lua ps and top show them", filepath.Base(config), len(all), pids(all))
	}
	return all[0].Upgrade(ctx, "/debug", admin.DebugProtocol)
}

// pids lists the processes of backends.
func pids(all []live.Backend) string {
	var text []string
	for _, b := range all {
		text = append(text, strconv.Itoa(b.Socket().PID))
	}
	return strings.Join(text, ", ")
}

// dial connects to HOST:PORT or to a Unix socket, until ctx is done.
func dial(ctx context.Context, address string) (net.Conn, error) {
	network := "tcp"
	if strings.Contains(address, "/") {
		network = "unix"
	}
	return (&net.Dialer{Timeout: connectPatience}).DialContext(ctx, network, address)
}

// pass passes on all messages until the editor or the program ends. launch is the request
// of the editor.
func (a *Adapter) pass(in *bufio.Reader, launch []byte, p *program) error {
	defer p.stop()
	defer func() { _ = p.conn.Close() }()
	from := bufio.NewReader(p.conn)
	if a.initialize != nil { // the editor has the answer already
		if err := godap.WriteBaseMessage(p.conn, a.initialize); err != nil {
			return err
		}
		if _, err := godap.ReadBaseMessage(from); err != nil {
			return err
		}
	}
	for _, raw := range append([][]byte{launch}, a.pending...) {
		if err := godap.WriteBaseMessage(p.conn, raw); err != nil {
			return err
		}
	}
	editor := make(chan error, 1)
	go func() {
		defer crash.Guard()
		editor <- copyMessages(func(raw []byte) error { return godap.WriteBaseMessage(p.conn, raw) }, in)
		_ = p.conn.Close()
	}()
	_ = copyMessages(a.send, from)
	select {
	case err := <-editor:
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading from the editor: %w", err)
		}
		return nil
	default:
	}
	if p.code != nil {
		<-p.ended
		e := &godap.ExitedEvent{Body: godap.ExitedEventBody{ExitCode: p.code()}}
		a.event("exited", e)
	}
	a.mu.Lock()
	told := a.terminated
	a.mu.Unlock()
	if !told {
		a.event("terminated", &godap.TerminatedEvent{})
	}
	return nil
}

// copyMessages passes messages to send until one of the sides ends. It returns the error of
// reading.
func copyMessages(send func(raw []byte) error, from *bufio.Reader) error {
	for {
		raw, err := godap.ReadBaseMessage(from)
		if err != nil {
			return err
		}
		if send(raw) != nil {
			return nil
		}
	}
}
