// Package callstack gives the threads of a VM call stacks that hold no frame
// longer than its call lasts.
//
// gopher-lua's own growing stack takes its memory, eight frames at a time, from a
// pool that all VMs of the process share, and leaves in it what the frames refer
// to: functions, and with them the VM that they belong to. A script that was
// replaced stays in memory for as long as a thread of its successor uses such a
// piece. Its fixed stack takes 160 kB for each thread.
//
// A stack here takes its memory from a list that belongs to one VM, and clears
// each frame once the next call or return has shown that nobody reads it.
package callstack

import lua "github.com/yuin/gopher-lua"

// framesPerSegment is how many frames a stack grows by.
const framesPerSegment = 8

// maxFree is how many segments are kept for the next deep call, of 640 bytes
// each.
const maxFree = 256

// overflow is what gopher-lua says when a stack that grows is full.
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

// forget drops what a frame refers to. Its numbers stay: gopher-lua reads them
// after the frame has been popped.
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

// Stacks makes the call stacks of one VM. The script lock guards it. A nil
// *Stacks leaves threads the stacks that gopher-lua gives them.
type Stacks struct {
	depth int
	free  []*segment // all of whose frames are clear
}

// New returns the source of the stacks of one VM, whose threads can each have
// depth calls in progress.
func New(depth int) *Stacks { return &Stacks{depth: depth} }

// NewState is lua.NewState, but for the call stack of the state and its threads.
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

// Adopt gives a thread that does not run a stack of the VM's, with the calls of
// the old one.
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

// release takes back a segment whose frames are clear.
func (s *Stacks) release(seg *segment) {
	if len(s.free) < maxFree {
		s.free = append(s.free, seg)
	}
}

// stack is the call stack of one thread. All frames above the top one are clear
// but for the last that was popped, which gopher-lua may still read.
type stack struct {
	from     *Stacks
	segments []*segment
	used     int // frames of the last segment
}

// top returns the last segment.
func (st *stack) top() *segment { return st.segments[len(st.segments)-1] }

// Push implements callFrameStack. It panics as gopher-lua's own growing stack
// does when the stack is full.
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

// shrink releases the last segment, which has no frame in use and at most one
// that is not clear, the first.
func (st *stack) shrink() {
	last := len(st.segments) - 1
	seg := st.segments[last]
	seg[0].forget()
	st.from.release(seg)
	st.segments[last] = nil
	st.segments = st.segments[:last]
	st.used = framesPerSegment
}

// SetSp implements callFrameStack. Frames above sp are not read again.
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

// IsFull implements callFrameStack. Push tells of a stack that is full, as it does
// in gopher-lua's own growing stack.
func (st *stack) IsFull() bool { return false }

// FreeAll implements callFrameStack.
func (st *stack) FreeAll() { st.SetSp(0) }
