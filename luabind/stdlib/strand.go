package stdlib

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/callstack"
	"spectrumlua/runtime/task"
)

// Each coroutine and each protected call of a task has its own Lua thread. One thread
// for the whole task would not work: when gopher-lua raises an error, it separates all
// closures of the thread from the variables that they share with running functions.
// After pcall, those functions continue and would no longer see changes. On its own
// thread, a protected call has no functions below it that continue.

// Coroutines and protected calls nest on Go's stack. maxStrands limits that, as
// LUAI_MAXCCALLS does in Lua 5.1. The first freeStrands threads may be of any depth. A
// thread that waits above them must have fewer than shallow calls.
const (
	maxStrands  = 200
	freeStrands = 8
	shallow     = 256
)

// strand is the context of a thread for which another thread waits. It wraps the task's
// context, so the cancellation and limits of the task apply.
type strand struct {
	context.Context
	// code is the wrapped context if that belongs to a task. Otherwise it is nil, and done
	// is the channel of the wrapped context.
	code *task.Code
	done <-chan struct{}

	caller *lua.LState // the thread that waits
	depth  int         // number of waiting threads below
	// coroutine is the running coroutine, or nil. It is the thread itself unless this
	// is a protected call.
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
	if s.code == nil {
		return s.done
	}
	return s.code.Done() // counts the instruction
}

// strandOf returns the strand of a thread, or nil for the first thread of a task.
func strandOf(l *lua.LState) *strand {
	s, _ := l.Context().(*strand)
	return s
}

// begin sets the strand up for a thread for which l waits. It reports false if threads
// nest too deeply.
func (s *strand) begin(l *lua.LState) bool {
	*s = strand{depth: 1}
	switch below := l.Context().(type) {
	case *strand:
		s.Context, s.code, s.done = below.Context, below.code, below.done
		s.depth, s.coroutine = below.depth+1, below.coroutine
	case nil:
		s.Context = context.Background()
	case *task.Code:
		s.Context, s.code = below, below
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

// end clears the strand after the thread has returned.
func (s *strand) end() { *s = strand{} }

// runningCoroutine returns the coroutine that l belongs to, or nil.
func runningCoroutine(l *lua.LState) *lua.LState {
	if s := strandOf(l); s != nil {
		return s.coroutine
	}
	return nil
}

// maxSpare is how many idle threads are kept for later protected calls.
const maxSpare = 64

// threads makes the threads of coroutines and protected calls, and reuses the latter.
type threads struct {
	stacks *callstack.Stacks
	maker  *lua.LState // makes coroutines; it never runs a script
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

// coroutine returns a coroutine for a Lua function. It does not belong to a task: each
// resume may come from another one.
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
