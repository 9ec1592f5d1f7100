// Package dap connects a debugger of scripts (luabind/debugger) to editors, by the Debug
// Adapter Protocol.
package dap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	dap "github.com/google/go-dap"

	"spectrumlua/luabind/debugger"
	"spectrumlua/runtime/crash"
)

// maxMessage limits a message with its header, in bytes.
const maxMessage = 5 << 20

// maxOutputs is how many output events wait for a client that does not read.
const maxOutputs = 10_000

// maxAnswers is how many answers and other events wait before the requests of a client do.
const maxAnswers = 1000

// maxRunning is how many expressions of a client are evaluated at once.
const maxRunning = 8

// endTimeout is how long a client may take to read the last messages at the end of the program.
const endTimeout = time.Second

// writeTimeout is how long a client may take to read a message.
const writeTimeout = 10 * time.Second

// Options configure Serve. Only Debugger is required.
type Options struct {
	Debugger *debugger.Debugger
	// Ready is called when the client has set its breakpoints. Scripts start after it.
	Ready func()
	// Terminate ends the program that is debugged. Without it, a client that wants that only
	// disconnects.
	Terminate func()
	// Detached is called when the client has left, before the connection is closed.
	Detached func()
	// Patience is how long a client may take until it attaches. The default is no limit.
	Patience time.Duration
}

// session is one client.
type session struct {
	opts    Options
	ctx     context.Context
	queue   *queue
	detach  func()
	patient *time.Timer // of Options.Patience, or nil
	// firstLine is the number of the first line for the client.
	firstLine int
	running   chan struct{}
	evals     sync.WaitGroup
	ended     bool // by a request of the client
	// answering is locked for reading while a request is answered. The request may end the
	// program, which must not lose the answer.
	answering sync.RWMutex
}

// ErrGarbage is the end of a client that sends something else than the protocol.
var ErrGarbage = errors.New("the client does not speak the Debug Adapter Protocol")

// Serve handles a client until it disconnects, or until ctx is done, which the client sees
// as the end of the program. It closes conn. What the client has stopped continues then.
// It returns nil unless the connection fails or the client sends garbage.
func Serve(ctx context.Context, conn io.ReadWriteCloser, o Options) error {
	evals, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &session{opts: o, ctx: evals, queue: newQueue(), firstLine: 1, running: make(chan struct{}, maxRunning)}
	late := func() { _ = conn.Close() } // ends read and write
	if o.Patience > 0 {
		s.patient = time.AfterFunc(o.Patience, late)
		defer s.patient.Stop()
	}
	end := time.AfterFunc(endTimeout, late)
	end.Stop()
	defer end.Stop()
	defer context.AfterFunc(ctx, func() {
		defer crash.Guard()
		end.Reset(endTimeout)
		s.event("terminated", &dap.TerminatedEvent{})
		s.answering.Lock()
		defer s.answering.Unlock()
		s.queue.close()
	})()
	var writer sync.WaitGroup
	writer.Go(func() {
		defer crash.Guard()
		_ = s.write(conn)
		s.queue.close()
		_ = conn.Close() // ends read
	})
	err := s.read(conn)
	if s.detach != nil {
		s.detach()
	}
	cancel()
	s.evals.Wait()
	if o.Detached != nil {
		o.Detached()
	}
	s.queue.close()
	writer.Wait()
	if s.ended || ctx.Err() != nil || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// read handles the requests of the client.
func (s *session) read(conn io.Reader) error {
	limited := &io.LimitedReader{R: conn}
	in := bufio.NewReader(limited)
	for !s.ended {
		s.queue.wait()
		limited.N = maxMessage // what is buffered does not count
		message, err := dap.ReadProtocolMessage(in)
		var unknown *dap.DecodeProtocolMessageFieldError
		var base *dap.BaseProtocolError
		switch {
		case errors.As(err, &unknown) && unknown.SubType == "Request":
			s.fail(dap.Request{ProtocolMessage: dap.ProtocolMessage{Seq: unknown.Seq}, Command: unknown.FieldValue}, fmt.Errorf("%s is not supported", unknown.FieldValue))
			continue
		case errors.As(err, &base), errors.As(err, &unknown):
			return fmt.Errorf("%w: %w", ErrGarbage, err)
		case err != nil && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) && limited.N == 0:
			return fmt.Errorf("%w: a message is longer than %d bytes", ErrGarbage, maxMessage)
		case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !isNet(err):
			return fmt.Errorf("%w: %w", ErrGarbage, err)
		case err != nil:
			return err
		}
		if request, ok := message.(dap.RequestMessage); ok {
			s.handle(request)
		}
	}
	return nil
}

func isNet(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

// handle answers a request.
func (s *session) handle(request dap.RequestMessage) {
	r := *request.GetRequest()
	h, ok := handlers[r.Command]
	if !ok {
		s.fail(r, fmt.Errorf("%s is not supported", r.Command))
		return
	}
	if s.detach == nil && !h.early {
		s.fail(r, fmt.Errorf("%s: launch or attach must come first", r.Command))
		return
	}
	if !h.waits {
		s.answer(r, h, request)
		return
	}
	select {
	case s.running <- struct{}{}:
	default:
		s.fail(r, fmt.Errorf("%d expressions are evaluated already", maxRunning))
		return
	}
	s.evals.Go(func() {
		defer crash.Guard()
		s.answer(r, h, request)
		<-s.running
	})
}

func (s *session) answer(r dap.Request, h handler, request dap.RequestMessage) {
	s.answering.RLock()
	defer s.answering.RUnlock()
	response, err := h.do(s, request)
	if err != nil {
		s.fail(r, err)
		return
	}
	head := response.GetResponse()
	head.Type, head.Command, head.RequestSeq, head.Success = "response", r.Command, r.Seq, true
	s.queue.add(response, false)
	if h.after != nil {
		h.after(s)
	}
}

// fail answers a request with an error.
func (s *session) fail(r dap.Request, err error) {
	s.queue.add(&dap.ErrorResponse{
		Response: dap.Response{ProtocolMessage: dap.ProtocolMessage{Type: "response"}, Command: r.Command, RequestSeq: r.Seq, Message: err.Error()},
		Body:     dap.ErrorResponseBody{Error: &dap.ErrorMessage{Id: 1, Format: "{_text}", Variables: map[string]string{"_text": err.Error()}}},
	}, false)
}

// event sends an event.
func (s *session) event(name string, e dap.EventMessage) {
	head := e.GetEvent()
	head.Type, head.Event = "event", name
	_, output := e.(*dap.OutputEvent)
	s.queue.add(e, output)
}

// write sends what is queued until the queue is closed.
func (s *session) write(conn io.Writer) error {
	deadline, _ := conn.(interface{ SetWriteDeadline(time.Time) error })
	for seq := 1; ; seq++ {
		m, ok := s.queue.take()
		if !ok {
			return nil
		}
		switch m := m.(type) {
		case dap.ResponseMessage:
			m.GetResponse().Seq = seq
		case dap.EventMessage:
			m.GetEvent().Seq = seq
		}
		if deadline != nil {
			_ = deadline.SetWriteDeadline(time.Now().Add(writeTimeout))
		}
		if err := dap.WriteProtocolMessage(conn, m); err != nil {
			return err
		}
	}
}

// queue holds the messages for a client. It is safe for concurrent use.
type queue struct {
	mu      sync.Mutex
	changed sync.Cond // of mu
	all     []dap.Message
	outputs int
	dropped int // outputs since the last one that was added
	closed  bool
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// add adds a message. It drops outputs that a client does not read.
func (q *queue) add(m dap.Message, output bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	if output {
		if q.outputs >= maxOutputs {
			q.dropped++
			return
		}
		if event, ok := m.(*dap.OutputEvent); ok && q.dropped > 0 {
			event.Body.Output = fmt.Sprintf("(%d lines are missing here)\n%s", q.dropped, event.Body.Output)
			q.dropped = 0
		}
		q.outputs++
	}
	q.all = append(q.all, m)
	q.changed.Broadcast()
}

// wait waits while the client does not read the answers to its requests.
func (q *queue) wait() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.all)-q.outputs > maxAnswers && !q.closed {
		q.changed.Wait()
	}
}

// take waits for the first message and removes it. ok is false at the end.
func (q *queue) take() (m dap.Message, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.all) == 0 {
		if q.closed {
			return nil, false
		}
		q.changed.Wait()
	}
	m = q.all[0]
	q.all = q.all[1:]
	if _, output := m.(*dap.OutputEvent); output {
		q.outputs--
	}
	q.changed.Broadcast()
	return m, true
}

// close ends the queue after the messages in it.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}
