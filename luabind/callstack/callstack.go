// Package callstack has call stacks for the threads of a VM that clear the frame of
// a call soon after the call has ended.
//
// gopher-lua's growing stack allocates segments of eight frames from a pool that all
// VMs of the process share. A segment in the pool still refers to the functions of
// its last calls, and so to their VM. An old script would stay in memory for as long
// as a thread of the new one uses such a segment. gopher-lua's fixed stack takes
// 160 kB for each thread.
//
// A stack of this package allocates from a list that belongs to one VM. It clears a
// frame at the next call or return, when gopher-lua no longer reads the frame.
package callstack

import lua "github.com/yuin/gopher-lua"

// framesPerSegment is the number of frames by which a stack grows.
const framesPerSegment = 8

// maxFree is the number of segments that are kept for later calls. A segment takes
// 640 bytes.
const maxFree = 256

// overflow is the value of gopher-lua's panic when a growing stack is full.
const overflow = "lua callstack overflow"

// callFrame has the layout of gopher-lua's callFrame.
type callFrame struct {
	Idx        int
	Fn         *lua.LFunction
	Parent     *callFrame
	Pc         int
	Base       int
	LocalBase  int
	ReturnBase int
	NArgs      int
	NRet       int
	TailCall   int
}

// forget clears the references of a frame. It keeps the numbers because gopher-lua
// reads them after the frame was popped.
func (f *callFrame) forget() {
	if f.Fn != nil {
		f.Fn, f.Parent = nil, nil
	}
}

// callFrameStack has the methods of gopher-lua's callFrameStack.
type callFrameStack interface {
	Push(v callFrame)
	Pop() *callFrame
	Last() *callFrame

	SetSp(sp int)
	Sp() int
	At(sp int) *callFrame

	IsFull() bool
	IsEmpty() bool

	FreeAll()
}

type segment [framesPerSegment]callFrame

// Stacks makes the call stacks of one VM. The script lock guards it. With a nil
// *Stacks, threads keep gopher-lua's stacks.
type Stacks struct {
	depth int
	free  []*segment // all frames in them are clear
}

// New returns the Stacks of one VM. depth limits the nested calls of each thread.
func New(depth int) *Stacks { return &Stacks{depth: depth} }

// NewState is like lua.NewState, but the state and its threads have stacks of this
// package.
func (s *Stacks) NewState(o lua.Options) *lua.LState {
	if !supported {
		o.CallStackSize, o.MinimizeStackMemory = s.depth, true
		return lua.NewState(o)
	}
	o.CallStackSize, o.MinimizeStackMemory = 1, false // the least memory: Adopt replaces it
	l := lua.NewState(o)
	s.Adopt(l)
	return l
}

// NewThread is l.NewThread without its context.
func (s *Stacks) NewThread(l *lua.LState) *lua.LState {
	thread, _ := l.NewThread()
	s.Adopt(thread)
	return thread
}

// Adopt replaces the stack of a thread by one of this VM and copies its frames. The
// thread must not be running.
func (s *Stacks) Adopt(thread *lua.LState) {
	if s == nil || !supported {
		return
	}
	old := stackOf(thread)
	st := &stack{from: s}
	st.segments = append(make([]*segment, 0, 1), s.take())
	for i := range (*old).Sp() {
		st.Push(*(*old).At(i))
	}
	*old = st
}

func (s *Stacks) take() *segment {
	n := len(s.free)
	if n == 0 {
		return new(segment)
	}
	seg := s.free[n-1]
	s.free[n-1] = nil
	s.free = s.free[:n-1]
	return seg
}

// release keeps a segment for later use. All its frames must be clear.
func (s *Stacks) release(seg *segment) {
	if len(s.free) < maxFree {
		s.free = append(s.free, seg)
	}
}

// stack is the call stack of one thread. The frames above the top one are clear,
// except the one that was popped last: gopher-lua may still read it.
type stack struct {
	from     *Stacks
	segments []*segment
	used     int // number of frames in use in the last segment
}

// top returns the last segment.
func (st *stack) top() *segment { return st.segments[len(st.segments)-1] }

// Push implements callFrameStack. If the stack is full, it panics like gopher-lua's
// growing stack.
func (st *stack) Push(v callFrame) {
	if st.used == framesPerSegment {
		if st.Sp() >= st.from.depth {
			panic(overflow)
		}
		st.segments = append(st.segments, st.from.take())
		st.used = 0
	}
	v.Idx = st.Sp()
	st.top()[st.used] = v
	st.used++
}

// Pop implements callFrameStack.
func (st *stack) Pop() *callFrame {
	if st.used == 0 {
		if len(st.segments) == 1 {
			return nil
		}
		st.shrink()
	}
	seg := st.top()
	if st.used < framesPerSegment {
		seg[st.used].forget()
	}
	st.used--
	return &seg[st.used]
}

// shrink releases the last segment. The segment has no frame in use, and only its
// first frame may still have references.
func (st *stack) shrink() {
	last := len(st.segments) - 1
	seg := st.segments[last]
	seg[0].forget()
	st.from.release(seg)
	st.segments[last] = nil
	st.segments = st.segments[:last]
	st.used = framesPerSegment
}

// SetSp implements callFrameStack. gopher-lua does not read frames above sp again.
func (st *stack) SetSp(sp int) {
	for st.Sp() > sp {
		st.Pop()
	}
	if st.used < framesPerSegment {
		st.top()[st.used].forget()
	}
}

// Last implements callFrameStack.
func (st *stack) Last() *callFrame {
	if st.used > 0 {
		return &st.top()[st.used-1]
	}
	if len(st.segments) == 1 {
		return nil
	}
	return &st.segments[len(st.segments)-2][framesPerSegment-1]
}

// At implements callFrameStack.
func (st *stack) At(sp int) *callFrame {
	return &st.segments[sp/framesPerSegment][sp%framesPerSegment]
}

// Sp implements callFrameStack.
func (st *stack) Sp() int { return (len(st.segments)-1)*framesPerSegment + st.used }

// IsEmpty implements callFrameStack.
func (st *stack) IsEmpty() bool { return st.used == 0 && len(st.segments) == 1 }

// IsFull implements callFrameStack. It returns false because Push panics if the stack
// is full, as in gopher-lua's growing stack.
func (st *stack) IsFull() bool { return false }

// FreeAll implements callFrameStack.
func (st *stack) FreeAll() { st.SetSp(0) }

// Top returns the function that runs on a thread, the index of the instruction that it
// runs, and the number of calls on the thread. fn is nil if nothing runs, or if this
// gopher-lua has another layout.
func Top(thread *lua.LState) (fn *lua.LFunction, pc, depth int) {
	if !supported {
		return nil, 0, 0
	}
	st := *stackOf(thread)
	// A debugger asks at each instruction: calls of a known type can be inlined.
	if st, ok := st.(*stack); ok && st.used > 0 {
		top := &st.top()[st.used-1]
		return top.Fn, top.Pc - 1, st.Sp()
	}
	if st == nil || st.IsEmpty() {
		return nil, 0, 0
	}
	top := st.Last()
	return top.Fn, top.Pc - 1, st.Sp()
}

// Depth returns the number of calls on a thread.
func Depth(thread *lua.LState) int {
	_, _, depth := Top(thread)
	return depth
}
