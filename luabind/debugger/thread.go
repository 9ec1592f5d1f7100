package debugger

import (
	"context"
	"fmt"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/callstack"
	"spectrumlua/luabind/stdlib"
	"spectrumlua/runtime/task"
)

// Step is how a thread continues.
type Step int

// The steps. A thread steps from statement to statement.
const (
	running  Step = iota
	StepOver      // not into calls
	StepIn
	StepOut // to the caller
)

// Run continues to the next breakpoint.
const Run = running

// thread is a call of a handler, or a task, as the client sees it.
type thread struct {
	id      int
	name    string
	task    *task.Task
	watched *watched
	client  uint64      // the number of the client that sees it
	pause   atomic.Bool // the client wants it to stop
	// waits is true if stop was made while the thread waited in a binding. Then the thread
	// does not stop by itself before that ends.
	waits atomic.Bool

	stop *stop // nil while it runs; guarded by Debugger.mu

	// The script lock guards the rest.
	muted int         // runs code of the debugger itself
	last  *lua.LState // on which the last instruction ran
	proto *lua.FunctionProto
	info  funcInfo // of proto
	epoch uint64   // of info
	step  Step
	from  place // where the step began
}

// place is a statement on the stack of a task.
type place struct {
	depth int
	pc    int
	line  int
}

// stop is one stop of a thread.
type stop struct {
	thread *thread
	on     *lua.LState
	line   int           // of the statement at which it stopped, or 0
	from   place         // where the next step begins
	text   string        // of the error
	woken  chan struct{} // closed when it continues

	uncaught bool // see Exception
}

// wake continues the thread. Debugger.mu is held.
func (d *Debugger) wake(s *stop, how Step) {
	th := s.thread
	if th.stop != s {
		return // it has continued
	}
	th.stop = nil
	th.step, th.from = how, s.from // the thread runs no code before it sees this
	for id, f := range d.frames {
		if f.thread == th {
			f.ended.Store(true)
			delete(d.frames, id)
		}
	}
	for id, c := range d.refs {
		if c.thread == th {
			delete(d.refs, id)
		}
	}
	close(s.woken)
}

// mutedTask marks tasks of the debugger itself.
var mutedTask = &thread{muted: 1}

// instruction is the hook of a scheduler.
func (d *Debugger) instruction(w *watched, t *task.Task) {
	rt, ok := t.Local.(*bind.Runtime)
	if !ok {
		return
	}
	th, _ := t.Debug.(*thread)
	if th != nil && th.muted > 0 {
		return
	}
	l := rt.State.G.CurrentThread
	fn, pc, depth := callstack.Top(l)
	if fn == nil || fn.IsG || pc < 0 {
		return
	}
	if th == nil || th.watched != w || th.client != d.clients.Load() {
		if th = d.begin(w, t, rt, l); th == nil {
			return
		}
	}
	if th.last != l { // a write of a pointer is expensive during a garbage collection
		th.last = l
	}
	if th.waits.Load() {
		d.stopWaiting(th)
	}
	if th.pause.Load() {
		d.halt(th, l, &stop{line: lineOf(fn.Proto, pc)}, Stop{Reason: Paused})
		return
	}
	if epoch := d.epoch.Load(); fn.Proto != th.proto || epoch != th.epoch {
		th.proto, th.epoch, th.info = fn.Proto, epoch, d.infoOf(rt, fn.Proto)
	}
	if pc >= len(th.info) {
		return
	}
	begins := &th.info[pc]
	if begins.lines == nil {
		return
	}
	if begins.breakpoints != nil {
		if ids, line := d.hit(th, l, rt, begins.breakpoints); len(ids) > 0 {
			d.halt(th, l, &stop{line: line}, Stop{Reason: AtBreakpoint, Breakpoints: ids})
			return
		}
	}
	if th.step == running {
		return
	}
	if line := begins.lines[len(begins.lines)-1]; th.arrived(l, depth, pc, line) {
		d.halt(th, l, &stop{line: line}, Stop{Reason: AfterStep})
	}
}

// begin makes the thread of a task. It returns nil if no client is attached any more.
func (d *Debugger) begin(w *watched, t *task.Task, rt *bind.Runtime, l *lua.LState) *thread {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client == nil || w.ended {
		return nil
	}
	th := &thread{id: d.next(), client: d.clients.Load(), name: nameOf(t, rt, l), task: t, watched: w}
	d.threads[th.id] = th
	t.Debug = th
	return th
}

// nameOf returns the name of a thread: its user, and the handler or the task.
func nameOf(t *task.Task, rt *bind.Runtime, l *lua.LState) string {
	who := t.Owner().Whole().Name()
	if who == "" {
		who = "process"
	}
	if t.Name() != "" {
		return who + " " + t.Name()
	}
	for caller := l; caller != nil; caller = stdlib.Caller(l) {
		l = caller
	}
	fn := bottom(l)
	switch {
	case fn == nil:
		return who
	case rt.View.Handler(fn) != "":
		return who + " " + rt.View.Handler(fn)
	case fn.Proto != nil && fn.Proto.LineDefined == 0:
		return who + " load"
	case fn.Proto != nil:
		return fmt.Sprintf("%s task %s:%d", who, fn.Proto.SourceName, fn.Proto.LineDefined)
	}
	return who + " task"
}

// bottom returns the first function that was called on a thread.
func bottom(l *lua.LState) (fn *lua.LFunction) {
	for level := callstack.Depth(l) - 1; level >= 0; level-- {
		if dbg, ok := l.GetStack(level); ok {
			v, _ := l.GetInfo("f", dbg, lua.LNil)
			fn, _ = v.(*lua.LFunction)
			return fn
		}
	}
	return nil
}

// depthOf returns the number of calls on a thread and on those that wait for it.
func depthOf(l *lua.LState) (depth int) {
	for ; l != nil; l = stdlib.Caller(l) {
		depth += callstack.Depth(l)
	}
	return depth
}

// arrived reports whether a step ends at a statement.
func (th *thread) arrived(l *lua.LState, depth, pc, line int) bool {
	if caller := stdlib.Caller(l); caller != nil {
		depth += depthOf(caller)
	}
	from := th.from
	switch {
	case th.step == StepOut:
		return depth < from.depth
	case depth < from.depth:
		return true
	case depth > from.depth:
		return th.step == StepIn
	}
	if line != from.line || pc <= from.pc {
		return true
	}
	th.from.pc = pc // a loop on one line comes back
	return false
}

// halt stops a thread at the current instruction, until the client continues it.
func (d *Debugger) halt(th *thread, l *lua.LState, s *stop, why Stop) {
	d.mu.Lock()
	c := d.client
	if c == nil || th.watched.ended || th.task.Err() != nil {
		d.mu.Unlock()
		return
	}
	s.thread, s.on, s.from, s.woken, s.text = th, l, placeOf(l, s.line), make(chan struct{}), why.Text
	th.stop, th.step = s, running
	th.pause.Store(false)
	d.mu.Unlock()
	why.Thread = th.id
	th.suspend(d, s, func() { c.Stopped(why) })
}

// suspend waits until a stop is over. It calls tell before, unless the task is ending.
func (th *thread) suspend(d *Debugger, s *stop, tell func()) {
	l := th.last
	alone := false // it continued by itself
	th.task.Suspend(func(ctx context.Context) {
		if tell != nil {
			tell()
		}
		select {
		case <-s.woken:
		case <-ctx.Done():
			alone = true
		}
	})
	l.G.CurrentThread = l
	d.mu.Lock()
	alone = alone && th.stop == s
	d.wake(s, running)
	d.mu.Unlock()
	if alone {
		d.tell(func(c Client) { c.Continued(th.id) })
	}
}

// placeOf returns the place of the newest call of a Lua function on a thread. line is that
// of the statement if it is known.
func placeOf(l *lua.LState, line int) place {
	fn, pc, _ := callstack.Top(l)
	if fn != nil && !fn.IsG {
		return place{depth: depthOf(l), pc: pc, line: line}
	}
	p := place{depth: depthOf(l), pc: -1, line: line}
	for level := 0; ; level++ {
		dbg, ok := l.GetStack(level)
		if !ok {
			return p
		}
		if _, err := l.GetInfo("Sl", dbg, lua.LNil); err == nil && dbg.CurrentLine > 0 {
			p.line = dbg.CurrentLine
			return p
		}
		p.depth--
	}
}

// pauseWaiting stops a thread that waits in a binding. It has the script lock.
func (d *Debugger) pauseWaiting(th *thread) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client == nil || d.threads[th.id] != th || th.stop != nil || !th.pause.Swap(false) {
		return
	}
	th.stop = &stop{thread: th, on: th.last, woken: make(chan struct{}), from: placeOf(th.last, 0)}
	th.waits.Store(true)
	d.client.Stopped(Stop{Thread: th.id, Reason: Paused})
}

// stopWaiting makes a thread that was paused while it waited stop now.
func (d *Debugger) stopWaiting(th *thread) {
	d.mu.Lock()
	th.waits.Store(false)
	s := th.stop
	d.mu.Unlock()
	if s != nil {
		th.suspend(d, s, nil)
	}
}

// Returned is called with the script lock when a task has returned from its code.
func (d *Debugger) Returned(t *task.Task) {
	th, _ := t.Debug.(*thread)
	if th == nil || th.muted > 0 {
		return
	}
	t.Debug = nil
	d.mu.Lock()
	if th.stop != nil {
		d.wake(th.stop, running)
	}
	known := d.threads[th.id] == th
	delete(d.threads, th.id)
	d.mu.Unlock()
	if known {
		d.tell(func(c Client) { c.Exited(th.id) })
	}
}

// Raised is called with the script lock for each error; see bind.Runtime.Raised.
func (d *Debugger) Raised(t *task.Task, l *lua.LState, object lua.LValue, caught bool) {
	catch := d.catch.Load()
	th, _ := t.Debug.(*thread)
	if th == nil || th.muted > 0 || t.Err() != nil || !catch.Raised && (caught || !catch.Uncaught) {
		return
	}
	th.last = l
	text := describe(object)
	if s, ok := object.(lua.LString); ok {
		text = string(s)
	}
	d.halt(th, l, &stop{uncaught: catch.Uncaught && !caught}, Stop{Reason: Raised, Text: text})
}

// lineOf returns the line of an instruction.
func lineOf(p *lua.FunctionProto, pc int) int {
	if pc < 0 || pc >= len(p.DbgSourcePositions) {
		return 0
	}
	return p.DbgSourcePositions[pc]
}

// inStop calls f with the script lock if the thread has stopped, and stays so meanwhile.
func (d *Debugger) inStop(id int, f func(s *stop) error) (err error) {
	d.mu.Lock()
	th := d.threads[id]
	d.mu.Unlock()
	if th == nil {
		return fmt.Errorf("thread %d: %w", id, ErrThread)
	}
	th.watched.scheduler.Do(func() {
		d.mu.Lock()
		s := th.stop
		d.mu.Unlock()
		if s == nil {
			err = fmt.Errorf("thread %d: %w", id, ErrRunning)
			return
		}
		err = f(s)
	})
	return err
}
