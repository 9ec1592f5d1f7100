// Package debugger stops tasks of scripts at breakpoints, steps through their code, and
// shows and changes their variables. It knows no protocol; a Client connects it to one.
//
// A Debugger is a hook of the schedulers (task.Scheduler.SetHook) while a client is attached.
// A task that stops releases the script lock (task.Task.Suspend), so that only its user
// waits. What the client asks for runs with the script lock meanwhile.
package debugger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// These errors are results of the methods.
var (
	ErrThread    = errors.New("the thread does not exist any more")
	ErrRunning   = errors.New("the thread is running: it must stop first")
	ErrReference = errors.New("the reference is not valid any more: the thread has continued")
)

// Client receives what happens in the scripts. Its methods must not block, and must not
// call the Debugger.
type Client interface {
	// Stopped is called when a thread has stopped.
	Stopped(Stop)
	// Continued is called when a thread continues because its user logs out, or because
	// the thread is cancelled.
	Continued(thread int)
	// Exited is called when a thread ends.
	Exited(thread int)
	// Output is called with a text for the author.
	Output(Output)
	// Moved is called when a breakpoint of SetBreakpoints has got another line.
	Moved(Breakpoint)
}

// Reason is why a thread has stopped.
type Reason string

// These reasons are those of the Debug Adapter Protocol.
const (
	AtBreakpoint Reason = "breakpoint"
	AfterStep    Reason = "step"
	Paused       Reason = "pause"
	Raised       Reason = "exception"
)

// Stop is a thread that has stopped.
type Stop struct {
	Thread      int
	Reason      Reason
	Breakpoints []int  // ids, for AtBreakpoint
	Text        string // of the error, for Raised
}

// Output is a text for the author. Path and Line may be unknown.
type Output struct {
	Text string
	Path string
	Line int
}

// Host is a host with a script.
type Host interface {
	// Eval runs code that an author has typed as a task of the process.
	Eval(ctx context.Context, user, text string) (results []string, err error)
	// Loaded returns the files of the script that runs, by their paths.
	Loaded() map[string]Loaded
}

// Loaded is a file as a script has read it: the name of the source in messages, and the sum
// of the text.
type Loaded struct {
	Name string
	Sum  [sha256.Size]byte
}

// Debugger debugs the scripts of one or more hosts. It is safe for concurrent use; only
// Loaded, Returned and Raised are called with the script lock.
//
// The script lock of a scheduler comes before mu.
type Debugger struct {
	// epoch changes with the breakpoints. A thread compares it at each statement.
	epoch atomic.Uint64
	// clients counts the clients that have attached.
	clients atomic.Uint64
	// catch has the errors at which threads stop.
	catch atomic.Pointer[Catch]

	mu      sync.Mutex
	client  Client // nil: detached
	watched []*watched
	threads map[int]*thread
	ids     int // the last id of a thread, a breakpoint, a frame, or a reference
	files   map[string]*file
	paths   map[string]string // normal paths by the paths of the client and of the VMs
	sources map[int]*version  // by their references
	frames  map[int]*frame
	refs    map[int]*container
	infos   map[*lua.FunctionProto]funcInfo // of the present epoch
}

// Catch are the errors at which threads stop.
type Catch struct {
	Raised   bool // all errors
	Uncaught bool // those that no pcall catches
}

// watched is a scheduler with its host.
type watched struct {
	scheduler *task.Scheduler
	host      Host
	ended     bool // guarded by Debugger.mu
}

// New returns a debugger without a client.
func New() *Debugger {
	d := &Debugger{threads: map[int]*thread{}, files: map[string]*file{}, paths: map[string]string{}, sources: map[int]*version{}, frames: map[int]*frame{}, refs: map[int]*container{}, infos: map[*lua.FunctionProto]funcInfo{}}
	d.catch.Store(&Catch{})
	return d
}

// Watch adds the scheduler of a host until the returned function is called. That continues
// the threads of the host, and none stops after it.
func (d *Debugger) Watch(s *task.Scheduler, h Host) (end func()) {
	w := &watched{scheduler: s, host: h}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watched = append(d.watched, w)
	d.hookInto(w)
	return func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.watched = slices.DeleteFunc(d.watched, func(other *watched) bool { return other == w })
		d.release(w)
		w.ended = true
	}
}

// hookInto sets the hook if a client is attached. d.mu is held.
func (d *Debugger) hookInto(w *watched) {
	if d.client != nil {
		w.scheduler.SetHook(func(t *task.Task) { d.instruction(w, t) })
	}
}

// ErrAttached is the error of Attach if there is another client.
var ErrAttached = errors.New("another client debugs this process")

// Attach connects a client until detach is called. detach removes all breakpoints and
// continues all threads.
func (d *Debugger) Attach(c Client) (detach func(), err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client != nil {
		return nil, ErrAttached
	}
	d.client = c
	d.clients.Add(1)
	for _, w := range d.watched {
		d.hookInto(w)
	}
	return sync.OnceFunc(d.detach), nil
}

func (d *Debugger) detach() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.client = nil
	for _, w := range d.watched {
		d.release(w)
	}
	for _, f := range d.files {
		f.wanted = nil
	}
	d.change()
	d.catch.Store(&Catch{})
	clear(d.sources)
}

// release removes the hook of a host and continues its threads. d.mu is held.
func (d *Debugger) release(w *watched) {
	if w.ended {
		return // the hook may be that of another debugger
	}
	w.scheduler.SetHook(nil)
	for id, th := range d.threads {
		if th.watched != w {
			continue
		}
		th.pause.Store(false)
		if th.stop != nil {
			d.wake(th.stop, running)
		}
		delete(d.threads, id)
	}
}

// Attached reports whether a client is attached.
func (d *Debugger) Attached() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.client != nil
}

// change makes threads look for breakpoints again. d.mu is held.
func (d *Debugger) change() {
	d.epoch.Add(1)
	clear(d.infos)
}

// next returns a new id. d.mu is held.
func (d *Debugger) next() int {
	d.ids++
	return d.ids
}

// tell calls f with the client if there is one. d.mu is not held.
func (d *Debugger) tell(f func(Client)) {
	d.mu.Lock()
	c := d.client
	d.mu.Unlock()
	if c != nil {
		f(c)
	}
}

// Output sends a text to the client.
func (d *Debugger) Output(o Output) { d.tell(func(c Client) { c.Output(o) }) }

// Catch sets the errors at which threads stop.
func (d *Debugger) Catch(c Catch) { d.catch.Store(&c) }

// Thread is a task that runs code of a script.
type Thread struct {
	ID   int
	Name string
}

// Threads returns the threads that have run code since the client attached.
func (d *Debugger) Threads() []Thread {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]Thread, 0, len(d.threads))
	for _, th := range d.threads {
		all = append(all, Thread{th.id, th.name})
	}
	slices.SortFunc(all, func(a, b Thread) int { return a.ID - b.ID })
	return all
}

// Continue continues a thread that has stopped: to the next breakpoint, or by a step.
func (d *Debugger) Continue(id int, how Step) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	th := d.threads[id]
	switch {
	case th == nil:
		return fmt.Errorf("thread %d: %w", id, ErrThread)
	case th.stop == nil:
		return fmt.Errorf("thread %d: %w", id, ErrRunning)
	}
	d.wake(th.stop, how)
	return nil
}

// Pause stops a thread before its next instruction. A thread that waits stops at once,
// where it waits. Pause returns before that.
func (d *Debugger) Pause(id int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	th := d.threads[id]
	if th == nil {
		return fmt.Errorf("thread %d: %w", id, ErrThread)
	}
	if th.stop == nil && !th.pause.Swap(true) {
		go func() {
			defer crash.Guard()
			th.watched.scheduler.Do(func() { d.pauseWaiting(th) })
		}()
	}
	return nil
}
