package bind

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/crash"
)

// WorkerPool limits how many long computations run at the same time without the
// script lock, so that Lua code keeps its share of the processors.
type WorkerPool struct{ taken chan struct{} }

// NewWorkerPool returns a pool for n computations at the same time.
func NewWorkerPool(n int) *WorkerPool { return &WorkerPool{taken: make(chan struct{}, n)} }

// take waits for a slot. It returns the cause if ctx ends first.
func (p *WorkerPool) take(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case p.taken <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// release gives a slot back.
func (p *WorkerPool) release() { <-p.taken }

// Do waits for a slot and runs f in it, without the script lock. f calls t.Next from
// time to time. Do returns f's error, or the cause if the task was cancelled.
func (p *WorkerPool) Do(l *lua.LState, f func(t *Turn) error) error {
	return Wait(l, func(ctx context.Context) error { return p.Run(ctx, f) })
}

// Run is like Do, but is called from Go and not from a binding.
func (p *WorkerPool) Run(ctx context.Context, f func(t *Turn) error) error {
	t := &Turn{pool: p, ctx: ctx}
	if err := t.take(); err != nil {
		return err
	}
	defer t.release()
	return f(t)
}

// DoDetached is like Do for a computation that cannot be stopped. If the task is
// cancelled, the call ends, and f continues in its slot.
func (p *WorkerPool) DoDetached(l *lua.LState, f func()) {
	_ = Wait(l, func(ctx context.Context) error { // Wait raises the only error
		if err := p.take(ctx); err != nil {
			return err
		}
		done := make(chan struct{})
		go func() {
			defer crash.Guard()
			defer p.release()
			defer close(done)
			f()
		}()
		select {
		case <-done:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}

// Turn is a computation's use of a slot. A long computation calls Next from time to
// time, so that short ones do not wait for its end. A short computation that does not
// use a pool has a nil Turn.
type Turn struct {
	pool *WorkerPool
	ctx  context.Context
	has  bool // whether it holds a slot
}

// take waits for a slot.
func (t *Turn) take() error {
	err := t.pool.take(t.ctx)
	t.has = err == nil
	return err
}

// release gives the slot back if there is one.
func (t *Turn) release() {
	if t.has {
		t.pool.release()
		t.has = false
	}
}

// Next gives the slot to a waiting computation and waits for another one. It returns
// the cause if the task was cancelled. On a nil Turn, it returns nil at once.
func (t *Turn) Next() error {
	if t == nil {
		return nil
	}
	t.release()
	return t.take()
}
