package bind

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/crash"
)

// Places bound how many computations of a kind run beside the scripts, which
// have to share the processors with them.
type Places struct{ free chan struct{} }

// NewPlaces makes room for n computations at the same time.
func NewPlaces(n int) *Places { return &Places{free: make(chan struct{}, n)} }

// take waits for a place. The error is why the task has ended.
func (p *Places) take(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case p.free <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Places) leave() { <-p.free }

// Beside runs f without the script lock, when there is a place. f calls its
// turn's Next now and then.
func (p *Places) Beside(l *lua.LState, f func(t *Turn) error) error {
	return Wait(l, func(ctx context.Context) error { return p.Run(ctx, f) })
}

// Run is Beside for no script, on any goroutine.
func (p *Places) Run(ctx context.Context, f func(t *Turn) error) error {
	t := &Turn{places: p, ctx: ctx}
	if err := t.take(); err != nil {
		return err
	}
	defer t.leave()
	return f(t)
}

// Apart is Beside for what cannot be stopped: when the task is cancelled, f
// goes on in its place, for nobody.
func (p *Places) Apart(l *lua.LState, f func()) {
	_ = Wait(l, func(ctx context.Context) error { // it raises the only error
		if err := p.take(ctx); err != nil {
			return err
		}
		done := make(chan struct{})
		go func() {
			defer crash.Guard()
			defer p.leave()
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

// Turn is the right to compute beside the script. The computation hands it on
// now and then, so that a long one does not keep short ones waiting. A nil turn
// is that of a computation which is short.
type Turn struct {
	places *Places
	ctx    context.Context
	has    bool
}

func (t *Turn) take() error {
	err := t.places.take(t.ctx)
	t.has = err == nil
	return err
}

func (t *Turn) leave() {
	if t.has {
		t.places.leave()
		t.has = false
	}
}

// Next lets others have their turn first. The error is why the task has ended.
func (t *Turn) Next() error {
	if t == nil {
		return nil
	}
	t.leave()
	return t.take()
}
