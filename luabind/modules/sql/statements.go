package sql

import (
	"context"
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/database"
)

// tableFactor times max_string is the memory that the rows of one query may
// take.
const tableFactor = 4

// statement reads a statement at index first of the stack, and its values up
// to index last.
func (b *Base) statement(l *lua.LState, first, last int) (text string, args []any) {
	text = l.CheckString(first)
	args = arguments(l, first+1, last)
	if b.err != nil {
		return text, args
	}
	bound, err := b.db.Bind(text, len(args))
	if err != nil {
		bind.Raise(l, "%v", err)
	}
	return bound, args
}

// query is query(sql, …) → rows.
func query(l *lua.LState, b *Base, first int) int {
	text, args := b.statement(l, first, l.GetTop())
	budget := bind.RuntimeOf(l).Settings.MaxString * tableFactor
	var list *lua.LTable
	err := b.Run(l, func(ctx context.Context, c database.Conn) error {
		rows, err := c.Query(ctx, text, args...)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // Err has returned the error
		r, err := newReader(rows, c.Engine())
		if err != nil {
			return err
		}
		list = bind.NewTable()
		for {
			row, err := r.next()
			switch {
			case errors.Is(err, errNoRow):
				return nil
			case err != nil:
				return c.Plain(err)
			}
			if budget -= r.spent; budget < 0 {
				return errors.New("the rows would take too much memory (max_string): read them with each")
			}
			list.Append(row)
		}
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, list)
}

// exec is exec(sql, …) → rows affected, last id.
func exec(l *lua.LState, b *Base, first int) int {
	text, args := b.statement(l, first, l.GetTop())
	var affected, last int64
	var hasLast bool
	err := b.Run(l, func(ctx context.Context, c database.Conn) error {
		done, err := c.Exec(ctx, text, args...)
		if err != nil {
			return err
		}
		if affected, err = done.RowsAffected(); err != nil {
			affected = 0 // the engine does not count rows
		}
		last, err = done.LastInsertId()
		hasLast = err == nil && last != 0
		return nil
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	id := lua.LNil
	if hasLast && last <= maxExact {
		id = lua.LNumber(last)
	}
	return bind.Return(l, lua.LNumber(affected), id)
}

// Sizes of the batches that each reads ahead.
const (
	batchRows  = 100
	batchBytes = 256 << 10
)

// each is each(sql, …, fn). It calls fn with each row until fn returns false,
// and returns the number of calls.
func each(l *lua.LState, b *Base, first int) int {
	last := l.GetTop()
	fn, ok := l.Get(last).(*lua.LFunction)
	if !ok {
		bind.Raise(l, "each: the last argument is a function, as in each(\"SELECT …\", function(row) … end)")
	}
	text, args := b.statement(l, first, last-1)
	t := bind.TaskOf(l)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel() // releases the rows
	tx := b.txs[t]
	var r *reader
	plain := b.db.Plain
	err := b.Run(l, func(waiting context.Context, c database.Conn) error {
		stop := context.AfterFunc(waiting, cancel)
		defer stop()
		plain = c.Plain
		rows, err := c.Query(ctx, text, args...) //nolint:rowserrcheck // the reader checks it
		if err != nil {
			return err
		}
		if r, err = newReader(rows, c.Engine()); err != nil {
			_ = rows.Close()
		}
		return err
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	if tx != nil {
		tx.reading = true
		defer func() { tx.reading = false }()
	}
	n := 0
	for {
		batch, done, err := b.batch(l, r, cancel, plain)
		for _, row := range batch {
			n++
			if !b.visit(l, r, tx, fn, row) {
				return bind.Return(l, lua.LNumber(n))
			}
		}
		switch {
		case err != nil:
			return bind.Fail(l, fmt.Errorf("after %d rows: %w", n, err))
		case done:
			return bind.Return(l, lua.LNumber(n))
		}
	}
}

// batch reads the next rows. plain makes the connection's errors readable.
func (b *Base) batch(l *lua.LState, r *reader, cancel context.CancelFunc, plain func(error) error) (batch []*lua.LTable, done bool, err error) {
	err = b.wait(l, b.timeout, func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, cancel)
		defer stop()
		bytes := int64(0)
		for len(batch) < batchRows && bytes < batchBytes {
			row, err := r.next()
			switch {
			case errors.Is(err, errNoRow):
				done = true
				return plain(r.rows.Close())
			case err != nil:
				return plain(err)
			}
			bytes += r.spent
			batch = append(batch, row)
		}
		return nil
	})
	return batch, done, err
}

// visit calls fn with a row and reports whether to continue. It closes the
// rows before it raises an error of fn.
func (b *Base) visit(l *lua.LState, r *reader, tx *transaction, fn *lua.LFunction, row *lua.LTable) bool {
	top := l.GetTop()
	raised := b.call(l, fn, []lua.LValue{row})
	stop := l.GetTop() > top && l.Get(top+1) == lua.LFalse
	l.SetTop(top)
	if raised == nil && !stop {
		return true
	}
	if tx != nil && bind.TaskOf(l).Err() == nil {
		// The transaction needs the connection for its next statement.
		_ = b.wait(l, b.timeout, func(context.Context) error { return r.rows.Close() })
	}
	if raised != nil {
		panic(raised)
	}
	return false
}
