package stdlib

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/callstack"
)

// A task's Lua code runs on more than one Lua thread: each coroutine has one,
// and so has each protected call. One thread for a whole task would not do:
// when gopher-lua raises an error it cuts every closure of the thread off from
// the variables it shares with functions that go on running, and pcall is what
// lets them go on. On a thread of its own there is nothing below the call that
// goes on.

// What nests, coroutines and protected calls alike, does so on Go's stack. Lua
// 5.1 has the same limit (LUAI_MAXCCALLS). A thread may be as deep as it likes
// while only a few others wait below it; those further up must be shallow.
const (
	maxStrands  = 200
	freeStrands = 8
	shallow     = 256 // calls
)

// strand is the context of a thread that runs for another one, which waits for
// it. It is the task's context, so that errors and limits are the task's.
type strand struct {
	context.Context
	done <-chan struct{}

	caller *lua.LState
	depth  int // how many threads wait below
	// coroutine is the coroutine that runs, or nil. It is the thread itself
	// unless this is a protected call.
	coroutine *lua.LState
	protected bool
	// starting is a coroutine whose Panic must be set, or nil. gopher-lua
	// overwrites it when it starts the coroutine.
	starting *lua.LState
}

// Done implements context.Context. The virtual machine calls it before every
// instruction.
func (s *strand) Done() <-chan struct{} {
	if s.starting != nil {
		s.starting.Panic = raise
		s.starting = nil
	}
	return s.done
}

// strandOf is the strand of a thread, or nil on a task's first one.
func strandOf(l *lua.LState) *strand {
	s, _ := l.Context().(*strand)
	return s
}

// begin makes the strand that of a thread which now runs for l. It returns
// false if too much nests.
func (s *strand) begin(l *lua.LState) bool {
	s.depth, s.coroutine, s.protected, s.starting = 1, nil, false, nil
	switch below := l.Context().(type) {
	case *strand:
		s.Context, s.done = below.Context, below.done
		s.depth, s.coroutine = below.depth+1, below.coroutine
	case nil:
		s.Context, s.done = context.Background(), nil
	default:
		s.Context, s.done = below, below.Done()
	}
	s.caller = l
	if s.depth > freeStrands {
		if _, deep := l.GetStack(shallow); deep || s.depth > maxStrands {
			s.end()
			return false
		}
	}
	return true
}

// end forgets whom the strand ran for.
func (s *strand) end() { *s = strand{} }

// runningCoroutine is the coroutine that l belongs to, or nil.
func runningCoroutine(l *lua.LState) *lua.LState {
	if s := strandOf(l); s != nil {
		return s.coroutine
	}
	return nil
}

// maxSpare is how many threads are kept for the next protected calls.
const maxSpare = 64

// threads makes threads, and keeps those of protected calls for the next.
type threads struct {
	stacks *callstack.Stacks
	maker  *lua.LState // on which coroutines are made; it runs nothing
	create lua.LGFunction
	resume lua.LGFunction
	spare  []*protectedThread
}

func (t *threads) init(main *lua.LState, stacks *callstack.Stacks) {
	t.stacks = stacks
	t.maker = stacks.NewThread(main)
	open := stacks.NewThread(main)
	before := main.G.Global.RawGetString("coroutine")
	lua.OpenCoroutine(open)
	theirs := open.Get(-1).(*lua.LTable)
	t.create = theirs.RawGetString("create").(*lua.LFunction).GFunction
	t.resume = theirs.RawGetString("resume").(*lua.LFunction).GFunction
	main.G.Global.RawSetString("coroutine", before)
	main.G.Registry.RawSetString("_LOADED", lua.LNil)
}

// coroutine makes a coroutine of a Lua function. It belongs to no task: each
// resume says for whom it runs.
func (t *threads) coroutine(fn *lua.LFunction) *lua.LState {
	t.maker.SetTop(0)
	t.maker.Push(fn)
	t.create(t.maker)
	th := t.maker.Get(-1).(*lua.LState)
	t.stacks.Adopt(th)
	t.maker.SetTop(0)
	th.SetContext(&strand{})
	return th
}
