package http

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// event collects the lines of a server-sent event (HTML standard, "Server-sent
// events"). It is kept from one read to the next, so a read that is cancelled
// halfway loses nothing.
type event struct {
	kind   string
	data   strings.Builder
	some   bool   // a data line has arrived, even an empty one
	lastID string // kept until the next id line
	began  bool   // the stream's first line has been read
}

// take adds a line and reports whether it completes the event.
func (e *event) take(line string) (complete bool) {
	if !e.began {
		line, e.began = strings.TrimPrefix(line, "\ufeff"), true
	}
	if line == "" {
		if !e.some {
			e.kind = ""
		}
		return e.some
	}
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "event":
		e.kind = value
	case "data":
		if e.some {
			e.data.WriteByte('\n')
		}
		e.data.WriteString(value)
		e.some = true
	case "id":
		if !strings.Contains(value, "\x00") {
			e.lastID = value
		}
	}
	return false
}

// table returns the event as scripts see it, and starts a new one.
func (e *event) table() *lua.LTable {
	t := bind.NewTableSize(0, 3)
	kind := e.kind
	if kind == "" {
		kind = "message"
	}
	t.RawSetString("event", lua.LString(kind))
	t.RawSetString("data", lua.LString(e.data.String()))
	if e.lastID != "" {
		t.RawSetString("id", lua.LString(e.lastID))
	}
	e.reset()
	return t
}

func (e *event) reset() {
	e.kind, e.some = "", false
	e.data = strings.Builder{}
}

// readEvent is read_event(). It returns the next server-sent event, { event =,
// data =, id = }. It drops an event that the end of the stream cuts off.
func readEvent(l *lua.LState, s *streamed) int {
	for {
		line, err := s.Line(l, s.max)
		if err != nil {
			return bind.Fail(l, err)
		}
		if s.event.take(line) {
			return bind.Return(l, s.event.table())
		}
		if s.event.data.Len() > s.max {
			s.event.reset()
			return bind.Fail(l, fmt.Errorf("the event has more than %d bytes (max_size)", s.max))
		}
	}
}

// events is events(). It returns an iterator over the remaining events.
func events(l *lua.LState, s *streamed) int {
	return bind.Return(l, bind.Function("response:events", func(l *lua.LState) int { return readEvent(l, s) }))
}
