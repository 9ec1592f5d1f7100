package http

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/luabind/stream"
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

// Failed returns an error if the body is not what was asked for.
func (s *streamed) Failed() error {
	if code := s.response.StatusCode; code < 200 || code > 299 {
		return fmt.Errorf("the server answers with the status %d", code)
	}
	return nil
}

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
	var response *http.Response
	p, err := stream.Open(l, c.timeout, func(ctx context.Context) (body io.ReadCloser, err error) {
		if response, err = c.do(ctx); err != nil {
			return nil, err
		}
		return response.Body, nil
	})
	if err != nil {
		return bind.Fail(l, c.explain(err))
	}
	return bind.Return(l, streamClass.New(newStream(c, response, p)))
}

func newStream(c *call, response *http.Response, p *stream.Pump) *streamed {
	resource := c.owner.Own(p)
	p.Start()
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
