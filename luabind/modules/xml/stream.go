package xml

import (
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/xmltree"
)

// reader is a parser that a script feeds. The script lock guards it.
type reader struct {
	parser *xmltree.Parser
	root   lua.LValue // nil until it is asked for
}

// rootTable returns the outermost element without its children, or nil if it
// has not arrived.
func (r *reader) rootTable() lua.LValue {
	if r.root == nil {
		n := r.parser.Root()
		if n == nil {
			return lua.LNil
		}
		r.root = toTable(n, "")
	}
	return r.root
}

// space returns the namespace of the outermost element.
func (r *reader) space() string {
	if n := r.parser.Root(); n != nil {
		return n.Space
	}
	return ""
}

var readerClass = bind.NewClass("xml.reader", map[string]func(l *lua.LState, r *reader) int{
	// feed(text) returns a list of the elements that are now complete, or nil
	// and the error of the stream.
	"feed": func(l *lua.LState, r *reader) int {
		done, err := r.parser.Feed(l.CheckString(2))
		if err != nil && len(done) == 0 { // otherwise the next call returns the error
			return bind.Fail(l, err)
		}
		list := bind.NewTableSize(len(done), 0)
		for _, n := range done {
			list.Append(toTable(n, r.space()))
		}
		return bind.Return(l, list)
	},
}, map[string]func(l *lua.LState, r *reader) lua.LValue{
	"root":   func(_ *lua.LState, r *reader) lua.LValue { return r.rootTable() },
	"closed": func(_ *lua.LState, r *reader) lua.LValue { return lua.LBool(r.parser.Closed()) },
})

// stream is a parser that reads from a connection. The script lock guards it.
type stream struct {
	reader
	// source has a method read_some, as connections have it.
	source lua.LValue
	ready  []*xmltree.Node
	err    error // why no more elements arrive
}

// newStream is xml.stream(conn [, options]).
func newStream(l *lua.LState) int {
	switch source := l.Get(1).(type) {
	case *lua.LUserData, *lua.LTable:
		s := &stream{source: source}
		s.parser = xmltree.NewStream(limits(l, 2, "xml.stream"))
		return bind.Return(l, streamClass.New(s))
	default:
		l.ArgError(1, "connection expected, got "+bind.Describe(source))
		return 0
	}
}

var streamClass = bind.NewClass("xml.stream", map[string]func(l *lua.LState, s *stream) int{
	// open() waits for the opening tag and returns it as an element without
	// children.
	"open": func(l *lua.LState, s *stream) int {
		for s.parser.Root() == nil {
			if problem := s.more(l); problem != lua.LNil {
				return bind.Return(l, lua.LNil, problem)
			}
		}
		return bind.Return(l, s.rootTable())
	},
	// read() waits for the next element.
	"read": func(l *lua.LState, s *stream) int {
		for len(s.ready) == 0 {
			if problem := s.more(l); problem != lua.LNil {
				return bind.Return(l, lua.LNil, problem)
			}
		}
		n := s.ready[0]
		s.ready = s.ready[1:]
		return bind.Return(l, toTable(n, s.space()))
	},
}, map[string]func(l *lua.LState, s *stream) lua.LValue{
	"root":   func(_ *lua.LState, s *stream) lua.LValue { return s.rootTable() },
	"closed": func(_ *lua.LState, s *stream) lua.LValue { return lua.LBool(s.parser.Closed()) },
})

// more reads and parses more data. It returns nil, or the reason why no more
// data arrives.
func (s *stream) more(l *lua.LState) lua.LValue {
	switch {
	case s.err != nil:
		return lua.LString(s.err.Error())
	case s.parser.Closed():
		return lua.LString("the stream has ended")
	}
	text, problem := s.piece(l)
	if problem != lua.LNil {
		return problem
	}
	done, err := s.parser.Feed(text)
	s.ready = append(s.ready, done...)
	s.err = err
	if err != nil && len(done) == 0 {
		return lua.LString(err.Error())
	}
	return lua.LNil
}

// frugal is a connection that can return data up to a given byte and no
// further. The data after an element stays in the connection for the next
// reader. starttls also detects data there that an attacker has inserted.
type frugal interface {
	Through(l *lua.LState, delimiter byte) (string, error)
}

// piece returns the next data, at most up to the end of a tag, or the reason
// why no data arrives.
func (s *stream) piece(l *lua.LState) (text string, problem lua.LValue) {
	if ud, ok := s.source.(*lua.LUserData); ok {
		if source, ok := ud.Value.(frugal); ok {
			text, err := source.Through(l, '>')
			if err != nil {
				return "", lua.LString(err.Error())
			}
			return text, lua.LNil
		}
	}
	l.Push(l.GetField(s.source, "read_some"))
	l.Push(s.source)
	l.Call(1, 2)
	read, problem := l.Get(-2), l.Get(-1)
	l.Pop(2)
	if read, ok := read.(lua.LString); ok {
		return string(read), lua.LNil
	}
	if problem == lua.LNil {
		problem = lua.LString("closed")
	}
	return "", problem
}
