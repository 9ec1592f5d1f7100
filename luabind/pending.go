package luabind

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
)

// Limits of a pending.
const (
	// maxPending is the number of open ids. One more makes the oldest id fail.
	maxPending = 10_000
	// maxPendingID is the length of an id that the script chooses, in bytes.
	maxPendingID = 256
	// defaultPending is how long an id stays open.
	defaultPending = 30 * time.Second
)

var (
	errTooManyPending = fmt.Errorf("more than %d requests wait for an answer", maxPending)
	errNotPending     = errors.New("the id is not open: its time is over, or wait has already returned for it")
	errPendingTaken   = errors.New("the id is already open")
)

// lastPendingID is the last number that new returned in this process.
var lastPendingID atomic.Int64

// pending matches answers with the requests that wait for them. It refers to no VM,
// so it can survive a reload in a data table.
type pending struct {
	lifetime time.Duration
	clock    clock.Clock

	mu    sync.Mutex
	byID  map[string]*request
	order list.List // of *request, oldest first
	alarm clock.Timer
}

// request is an open id.
type request struct {
	id      string
	expires time.Time
	place   *list.Element
	waiting bool // a task is in wait and removes the request
	// value or err is the outcome. ended is closed when one of them is set.
	value lua.LValue
	err   error
	ended chan struct{}
}

func (r *request) end(value lua.LValue, err error) {
	r.value, r.err = value, err
	close(r.ended)
}

func (r *request) hasEnded() bool { return r.value != nil || r.err != nil }

// pendingClass is the class of the objects that spectrum.pending returns.
var pendingClass = bind.NewClass("pending", map[string]func(l *lua.LState, p *pending) int{
	"new":    newRequest,
	"wait":   waitForAnswer,
	"answer": answerRequest,
	"fail":   failRequests,
}, map[string]func(l *lua.LState, p *pending) lua.LValue{
	"open": func(_ *lua.LState, p *pending) lua.LValue {
		p.mu.Lock()
		defer p.mu.Unlock()
		return lua.LNumber(len(p.byID))
	},
})

// newPending implements spectrum.pending([seconds]).
func newPending(l *lua.LState) int {
	lifetime := defaultPending
	if l.Get(1) != lua.LNil {
		lifetime = bind.CheckSeconds(l, 1)
	}
	if lifetime == 0 {
		l.ArgError(1, "more than 0 seconds expected: an id without time gets no answer")
	}
	return bind.Return(l, pendingClass.New(&pending{
		lifetime: lifetime,
		clock:    bind.RuntimeOf(l).Clock,
		byID:     map[string]*request{},
	}))
}

// requestID returns argument n as an id. A number and its text are the same id,
// because many protocols carry ids as text. ok is false for nil.
func requestID(l *lua.LState, n int) (id string, ok bool) {
	switch v := l.Get(n).(type) {
	case lua.LString:
		return string(v), true
	case lua.LNumber:
		return v.String(), true
	case *lua.LNilType:
		return "", false
	default:
		l.ArgError(n, fmt.Sprintf("number or string expected, got %s", v.Type()))
		return "", false
	}
}

// newRequest implements pending:new([id]).
func newRequest(l *lua.LState, p *pending) int {
	id, given := requestID(l, 2)
	switch {
	case len(id) > maxPendingID:
		l.ArgError(2, fmt.Sprintf("an id has at most %d bytes", maxPendingID))
	case given && id == "":
		l.ArgError(2, "an id has at least one byte")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if given {
		if p.byID[id] != nil {
			return bind.Fail(l, errPendingTaken)
		}
		p.add(id)
		return bind.Return(l, l.Get(2))
	}
	var number int64
	for taken := true; taken; taken = p.byID[id] != nil {
		number = lastPendingID.Add(1)
		id = strconv.FormatInt(number, 10)
	}
	p.add(id)
	return bind.Return(l, lua.LNumber(number))
}

// add opens an id. p.mu is held.
func (p *pending) add(id string) {
	if len(p.byID) >= maxPending {
		p.dropOldest()
	}
	r := &request{id: id, expires: p.clock.Now().Add(p.lifetime), ended: make(chan struct{})}
	r.place = p.order.PushBack(r)
	p.byID[id] = r
	if p.alarm == nil {
		p.arm(p.lifetime)
	}
}

// dropOldest makes the oldest request fail that has no outcome yet, or removes the
// oldest one. p.mu is held.
func (p *pending) dropOldest() {
	oldest := p.order.Front().Value.(*request)
	if !oldest.hasEnded() {
		oldest.end(nil, errTooManyPending)
	}
	p.remove(oldest)
}

// remove closes an id. p.mu is held.
func (p *pending) remove(r *request) {
	if p.byID[r.id] == r {
		delete(p.byID, r.id)
		p.order.Remove(r.place)
	}
}

// arm starts the alarm that closes expired ids. p.mu is held.
func (p *pending) arm(after time.Duration) {
	p.alarm = p.clock.AfterFunc(after, func() {
		defer crash.Guard()
		p.expire()
	})
}

// expire closes the ids whose time is over. A request for which a task waits is left
// to that task.
func (p *pending) expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alarm = nil
	now := p.clock.Now()
	for e := p.order.Front(); e != nil; {
		r := e.Value.(*request)
		e = e.Next()
		switch left := r.expires.Sub(now); {
		case r.waiting:
		case left > 0:
			p.arm(left)
			return
		default:
			p.remove(r)
		}
	}
}

// waitForAnswer implements pending:wait(id [, seconds]). It returns the answer, or nil
// and an error. The id is closed when it returns.
func waitForAnswer(l *lua.LState, p *pending) int {
	id, ok := requestID(l, 2)
	if !ok {
		l.ArgError(2, "number or string expected, got nil")
	}
	limit := optionalSeconds(l, 3)
	r, mine := p.begin(id)
	switch {
	case r == nil:
		return bind.Fail(l, errNotPending)
	case !mine:
		bind.Raise(l, "another task waits for the id %s", id)
	}
	defer p.finish(r)
	if l.Get(3) == lua.LNil {
		limit = clock.Until(p.clock, r.expires)
	}
	var err error
	if !r.hasEnded() {
		err = r.wait(l, limit)
	}
	switch { // the answer may have come together with the timeout
	case r.value != nil:
		return bind.Return(l, r.value)
	case r.err != nil:
		return bind.Fail(l, r.err)
	}
	return bind.Fail(l, err)
}

func (r *request) wait(l *lua.LState, limit time.Duration) error {
	if limit <= 0 {
		return bind.ErrTimeout
	}
	return bind.WaitTimeout(l, limit, func(ctx context.Context) error {
		select {
		case <-r.ended:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// begin returns the request with an id for a task that waits for it, or nil. mine
// reports whether no other task waits for it.
func (p *pending) begin(id string) (r *request, mine bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r = p.byID[id]
	if r == nil || r.waiting {
		return r, false
	}
	r.waiting = true
	return r, true
}

// finish closes an id at the end of wait.
func (p *pending) finish(r *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.remove(r)
	if len(p.byID) == 0 && p.alarm != nil {
		p.alarm.Stop()
		p.alarm = nil
	}
}

// answerRequest implements pending:answer(id [, value]). It reports whether the id is
// open and has no outcome yet.
func answerRequest(l *lua.LState, p *pending) int {
	id, _ := requestID(l, 2)
	var value lua.LValue = lua.LTrue
	if l.GetTop() >= 3 {
		value = l.Get(3)
	}
	if value == lua.LNil {
		l.ArgError(3, "nil cannot be an answer: it is what wait returns for a failure; use fail")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.byID[id]
	if r == nil || r.hasEnded() {
		return bind.Return(l, lua.LFalse)
	}
	r.end(value, nil)
	return bind.Return(l, lua.LTrue)
}

// failRequests implements pending:fail(why [, id]). It returns the number of requests
// that fail by it.
func failRequests(l *lua.LState, p *pending) int {
	err := errors.New(l.CheckString(2))
	id, one := requestID(l, 3)
	p.mu.Lock()
	defer p.mu.Unlock()
	failed := 0
	fail := func(r *request) {
		if r != nil && !r.hasEnded() {
			r.end(nil, err)
			failed++
		}
	}
	if one || l.GetTop() >= 3 { // an id that is nil fails no request, not all of them
		fail(p.byID[id])
		return bind.Return(l, lua.LNumber(failed))
	}
	for e := p.order.Front(); e != nil; e = e.Next() {
		fail(e.Value.(*request))
	}
	return bind.Return(l, lua.LNumber(failed))
}

// contents implements container.
func (p *pending) contents() (all []lua.LValue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for e := p.order.Front(); e != nil; e = e.Next() {
		if v := e.Value.(*request).value; v != nil {
			all = append(all, v)
		}
	}
	return all
}
