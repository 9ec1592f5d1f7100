package sql

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/task"
)

// transaction is a task's open transaction.
type transaction struct {
	tx      *database.Tx
	cancel  context.CancelFunc
	reading bool // an each is running
}

// maxAttempts is how often a transaction runs that conflicts with others.
const maxAttempts = 20

// Transaction calls fn with args in a transaction of the current task, and
// commits it. It returns the number of results that it has pushed: those of
// fn, or true if fn returns none. If the database fails, it pushes nil and a
// message.
func (b *Base) Transaction(l *lua.LState, fn *lua.LFunction, timeout time.Duration, args ...lua.LValue) int {
	t := bind.TaskOf(l)
	if b.txs[t] != nil {
		bind.Raise(l, "a transaction is open: they do not nest")
	}
	if b.err != nil {
		return bind.Fail(l, b.err)
	}
	for _, prepare := range b.prepare {
		if err := b.wait(l, b.timeout, prepare); err != nil {
			return bind.Fail(l, err)
		}
	}
	deadline := time.Now().Add(timeout)
	for attempt := 1; ; attempt++ {
		n, err := b.attempt(l, t, fn, time.Until(deadline), args)
		switch {
		case err == nil:
			return n
		case !errors.Is(err, database.ErrConflict) || attempt == maxAttempts:
			return bind.Fail(l, err)
		}
		if err := b.pause(l, attempt, deadline); err != nil {
			return bind.Fail(l, err)
		}
	}
}

// attempt runs the transaction once. It returns errors of the database, and
// raises errors of the function.
func (b *Base) attempt(l *lua.LState, t *task.Task, fn *lua.LFunction, timeout time.Duration, args []lua.LValue) (n int, err error) {
	tx, err := b.begin(l, t, timeout)
	if err != nil {
		return 0, err
	}
	b.txs[t] = tx
	top := l.GetTop()
	raised := b.call(l, fn, args)
	delete(b.txs, t)
	switch {
	case tx.tx.Conflicted():
		// The function may have turned the conflict into another error, or ignored it.
		l.SetTop(top)
		b.rollback(l, t, tx)
		return 0, fmt.Errorf("%w, and %d attempts were not enough", database.ErrConflict, maxAttempts)
	case raised != nil:
		b.rollback(l, t, tx)
		panic(raised)
	}
	if err := b.commit(l, tx); err != nil {
		l.SetTop(top)
		return 0, err
	}
	if l.GetTop() == top {
		l.Push(lua.LTrue)
	}
	return l.GetTop() - top, nil
}

// call calls a function of the script and returns the error that it raises, or
// nil.
func (b *Base) call(l *lua.LState, fn *lua.LFunction, args []lua.LValue) *lua.ApiError {
	l.Push(fn)
	for _, a := range args {
		l.Push(a)
	}
	var raised *lua.ApiError
	if err := l.PCall(len(args), lua.MultRet, nil); err != nil && !errors.As(err, &raised) {
		raised = &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(err.Error())}
	}
	return raised
}

// begin begins a transaction that ends with the task, or when its time is up.
func (b *Base) begin(l *lua.LState, t *task.Task, timeout time.Duration) (*transaction, error) {
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	tx := &transaction{cancel: cancel}
	begun := false
	defer func() {
		if !begun { // the database failed, or the task was cancelled
			cancel()
		}
	}()
	err := b.wait(l, timeout, func(waiting context.Context) (err error) {
		stop := context.AfterFunc(waiting, cancel)
		defer stop()
		tx.tx, err = b.db.Begin(ctx)
		return err
	})
	begun = err == nil
	return tx, err
}

// commit commits, and waits for that up to the timeout of a statement.
func (b *Base) commit(l *lua.LState, tx *transaction) error {
	defer tx.cancel()
	return b.wait(l, b.timeout, func(ctx context.Context) error {
		done := make(chan error, 1)
		go func() {
			defer crash.Guard()
			done <- tx.tx.Commit()
		}()
		select {
		case err := <-done:
			return err
		case <-ctx.Done():
			return errors.New("timeout; whether the transaction took effect is not known")
		}
	})
}

// rollback rolls a transaction back. It does not wait if the task has ended.
func (b *Base) rollback(l *lua.LState, t *task.Task, tx *transaction) {
	if t.Err() != nil {
		tx.cancel() // rolls back
		return
	}
	_ = b.wait(l, b.timeout, func(context.Context) error {
		tx.tx.Rollback()
		tx.cancel()
		return nil
	})
}

// pause waits briefly before the next attempt.
func (b *Base) pause(l *lua.LState, attempt int, deadline time.Time) error {
	if time.Now().After(deadline) {
		return bind.ErrTimeout
	}
	d := rand.N(time.Millisecond << min(attempt, 6))
	return bind.Wait(l, func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
}
