package sql

import (
	"context"
	"errors"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/task"
)

// migrateTimeout limits the wait for another process's migration, and each
// step.
const migrateTimeout = time.Minute

// step is a list of statements, or a function.
type step struct {
	texts []string
	fn    *lua.LFunction
}

// migrate is migrate{ step, …, name = }. It returns the number of steps that
// were run.
func migrate(l *lua.LState, b *Base, at int) int {
	name, steps := readSteps(l, l.CheckTable(at))
	t := bind.TaskOf(l)
	if b.txs[t] != nil {
		bind.Raise(l, "migrate: a transaction is open")
	}
	if b.err != nil {
		return bind.Fail(l, b.err)
	}
	var m *database.Migration
	done := 0
	err := b.wait(l, migrateTimeout, func(ctx context.Context) (err error) {
		if done = b.db.Migrated(ctx, name); done == len(steps) {
			return nil
		}
		m, err = b.db.Migrate(ctx, name)
		return err
	})
	switch {
	case err != nil:
		return bind.Fail(l, fmt.Errorf("migrate: %w", err))
	case m == nil:
		return bind.Return(l, lua.LNumber(0))
	}
	finished := false
	defer func() {
		if !finished {
			b.abandon(t, m)
		}
	}()
	if m.Done > len(steps) {
		return bind.Fail(l, database.TooNew(name, m.Done, len(steps)))
	}
	first := m.Done
	for i := first; i < len(steps); i++ {
		if err := b.step(l, t, m, steps[i]); err != nil {
			return bind.Fail(l, fmt.Errorf("migrate: step %d: %w", i+1, err))
		}
	}
	if err := b.wait(l, migrateTimeout, func(context.Context) error { return m.Finish() }); err != nil {
		return bind.Fail(l, fmt.Errorf("migrate: %w", err))
	}
	finished = true
	return bind.Return(l, lua.LNumber(len(steps)-first))
}

// readSteps reads the list part of the table as steps, and the rest as
// options.
func readSteps(l *lua.LState, list *lua.LTable) (name string, steps []step) {
	for i := 1; i <= list.Len(); i++ {
		s := step{}
		switch v := list.RawGetInt(i).(type) {
		case lua.LString:
			s.texts = []string{string(v)}
		case *lua.LFunction:
			s.fn = v
		case *lua.LTable:
			for j := 1; j <= v.Len(); j++ {
				text, ok := v.RawGetInt(j).(lua.LString)
				if !ok {
					bind.Raise(l, "migrate: step %d, statement %d: string expected, got %s", i, j, bind.Describe(v.RawGetInt(j)))
				}
				s.texts = append(s.texts, string(text))
			}
		default:
			bind.Raise(l, "migrate: step %d: statement, list of statements or function expected, got %s", i, bind.Describe(v))
		}
		steps = append(steps, s)
	}
	rest := bind.NewTable()
	list.ForEach(func(k, v lua.LValue) {
		if _, isStep := k.(lua.LNumber); !isStep {
			rest.RawSet(k, v)
		}
	})
	l.Push(rest)
	o := bind.OptionsAt(l, l.GetTop(), "migrate")
	name = "script:" + o.String("name", "")
	o.Done()
	l.Pop(1)
	if len(name) > 100 {
		bind.Raise(l, "migrate: name: it is longer than 90 bytes")
	}
	return name, steps
}

// step runs a step and records that. It raises what the step's function
// raises.
func (b *Base) step(l *lua.LState, t *task.Task, m *database.Migration, s step) error {
	if s.fn != nil {
		tx := &transaction{tx: m.Tx, cancel: func() {}}
		top := l.GetTop()
		b.txs[t] = tx
		raised := b.call(l, s.fn, nil)
		delete(b.txs, t)
		l.SetTop(top)
		if raised != nil {
			panic(raised)
		}
	}
	return b.wait(l, migrateTimeout, func(ctx context.Context) error {
		for _, text := range s.texts {
			if _, err := m.Tx.Exec(ctx, text); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return errors.New("timeout")
		}
		return m.Step()
	})
}

// abandon rolls a migration back without waiting.
func (b *Base) abandon(t *task.Task, m *database.Migration) {
	delete(b.txs, t)
	go func() {
		defer crash.Guard()
		m.Abandon()
	}()
}
