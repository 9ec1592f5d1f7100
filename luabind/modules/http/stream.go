package http

import (
	"context"
	"errors"
	"io"
	stdnet "net"
	"net/http"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// streamed is a response whose body the script reads piece by piece. The
// script lock guards it.
type streamed struct {
	stream.Reader
	response *http.Response
	resource *task.Resource
	max      int // size limit of a line, an event or read_all, in bytes
	event    event
}

// Opened implements bind.Opened.
func (s *streamed) Opened() *task.Resource { return s.resource }

var errStreamClosed = errors.New("the response is closed")

var streamClass = bind.NewClass("response", map[string]func(l *lua.LState, s *streamed) int{
	"read_line":  func(l *lua.LState, s *streamed) int { return s.LuaReadLine(l) },
	"read":       func(l *lua.LState, s *streamed) int { return s.LuaRead(l) },
	"read_some":  func(l *lua.LState, s *streamed) int { return s.LuaReadSome(l) },
	"read_until": func(l *lua.LState, s *streamed) int { return s.LuaReadUntil(l) },
	"read_all":   func(l *lua.LState, s *streamed) int { return s.LuaReadAll(l) },
	"lines":      lines,
	"read_event": readEvent,
	"events":     events,
	"set_timeout": func(l *lua.LState, s *streamed) int {
		s.SetTimeout(bind.CheckSeconds(l, 2))
		return 0
	},
	"close": func(_ *lua.LState, s *streamed) int {
		_ = s.resource.Close()
		return 0
	},
}, map[string]func(l *lua.LState, s *streamed) lua.LValue{
	"status":  func(_ *lua.LState, s *streamed) lua.LValue { return lua.LNumber(s.response.StatusCode) },
	"reason":  func(_ *lua.LState, s *streamed) lua.LValue { return lua.LString(reason(s.response)) },
	"headers": func(_ *lua.LState, s *streamed) lua.LValue { return headerTable(s.response.Header) },
	"url":     func(_ *lua.LState, s *streamed) lua.LValue { return lua.LString(finalURL(s.response)) },
})

// open makes the request and returns a stream as soon as the headers have
// arrived.
func (c *call) open(l *lua.LState) int {
	ctx, cancel := context.WithCancel(context.Background())
	var response *http.Response
	handedOver := false
	defer func() {
		if handedOver {
			return
		}
		cancel()
		if response != nil {
			_ = response.Body.Close()
		}
	}()
	err := bind.WaitTimeout(l, c.timeout, func(wait context.Context) (err error) {
		stop := context.AfterFunc(wait, cancel)
		response, err = c.do(ctx)
		if !stop() {
			return context.Cause(wait)
		}
		return err
	})
	if err != nil {
		return bind.Fail(l, c.explain(err))
	}
	handedOver = true
	return bind.Return(l, streamClass.New(newStream(c, response, cancel)))
}

func newStream(c *call, response *http.Response, cancel context.CancelFunc) *streamed {
	here, there := stdnet.Pipe()
	p := &pump{cancel: cancel, here: here, there: there, body: response.Body}
	resource := c.owner.Own(p)
	go p.run()
	return &streamed{
		Reader: stream.New(p, stream.Options{What: "response", Longest: int(c.maxSize), Explain: net.EndText, Closed: func() error {
			if resource.Closed() {
				return errStreamClosed
			}
			return nil
		}}),
		response: response, resource: resource, max: int(c.maxSize),
	}
}

// pump copies a body into a pipe. Interrupting a read of the body itself would
// end the body. It is a stream.Source.
type pump struct {
	cancel      context.CancelFunc
	here, there stdnet.Conn
	body        io.ReadCloser
	end         error // why the body ended; set before the pipe is closed
}

// pumped is how many bytes are copied at a time.
const pumped = 4 << 10

func (p *pump) run() {
	defer crash.Guard()
	defer p.cancel()
	defer func() { _ = p.there.Close() }()
	defer p.body.Close()
	buf := make([]byte, pumped)
	for {
		n, err := p.body.Read(buf)
		if n > 0 { // writing nothing to a pipe waits for a reader, too
			if _, writeErr := p.there.Write(buf[:n]); writeErr != nil {
				return
			}
		}
		if err != nil {
			p.end = err
			return
		}
	}
}

// Read implements stream.Source.
func (p *pump) Read(b []byte) (int, error) {
	n, err := p.here.Read(b)
	if errors.Is(err, io.EOF) && p.end != nil {
		err = p.end
	}
	return n, err
}

// SetReadDeadline implements stream.Source.
func (p *pump) SetReadDeadline(t time.Time) error { return p.here.SetReadDeadline(t) }

// Close ends the request and wakes a waiting reader.
func (p *pump) Close() error {
	p.cancel()
	return p.here.Close()
}

// lines is lines(). It returns an iterator over the remaining lines.
func lines(l *lua.LState, s *streamed) int {
	return bind.Return(l, bind.Function("response:lines", func(l *lua.LState) int {
		line, err := s.Line(l, s.max)
		if err != nil {
			return bind.Fail(l, err)
		}
		return bind.Return(l, lua.LString(line))
	}))
}
