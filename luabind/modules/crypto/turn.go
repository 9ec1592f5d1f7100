package crypto

import (
	"context"
	"runtime"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// busy bounds how many computations run beside the script, so that many of them
// leave it a processor.
var busy = make(chan struct{}, max(1, runtime.GOMAXPROCS(0)-1))

// turn is the right to compute beside the script. The computation hands it on
// now and then, so that a long one does not keep short ones waiting. A nil turn
// is that of a computation which is short.
type turn struct {
	ctx context.Context
	has bool
}

// take waits for a turn. The error is why the task has ended.
func (t *turn) take() error {
	select {
	case busy <- struct{}{}:
		t.has = true
		return nil
	case <-t.ctx.Done():
		return context.Cause(t.ctx)
	}
}

func (t *turn) release() {
	if t.has {
		<-busy
		t.has = false
	}
}

// next lets others have their turn first.
func (t *turn) next() error {
	if t == nil {
		return nil
	}
	t.release()
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	return t.take()
}

// beside runs f without the script's lock, when it is its turn.
func beside(l *lua.LState, f func(t *turn) error) error {
	return bind.Wait(l, func(ctx context.Context) error {
		t := &turn{ctx: ctx}
		if err := t.take(); err != nil {
			return err
		}
		defer t.release()
		return f(t)
	})
}

// compute returns what f computes, encoded. If it takes long, others run
// meanwhile.
func compute(l *lua.LState, long bool, encode func([]byte) string, f func(t *turn) ([]byte, error)) int {
	var b []byte
	var err error
	if long {
		err = beside(l, func(t *turn) (err error) {
			b, err = f(t)
			return err
		})
	} else {
		b, err = f(nil)
	}
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(encode(b)))
}
