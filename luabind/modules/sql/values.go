package sql

import (
	stdsql "database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/json"
	"spectrumlua/runtime/database"
)

// maxExact is the largest integer below which a float64 represents every
// integer.
const maxExact = 1 << 53

// blob holds bytes that are bound as bytes, not as text.
type blob struct{ data []byte }

var blobClass = bind.NewClass[*blob]("blob", nil, nil)

// argument converts a Lua value to one that can be bound. n is its number, for
// the message.
func argument(v lua.LValue, n int) (any, error) {
	switch v := v.(type) {
	case lua.LString:
		return string(v), nil
	case lua.LNumber:
		f := float64(v)
		switch {
		case math.IsNaN(f) || math.IsInf(f, 0):
			return nil, fmt.Errorf("value %d is %v, which SQL cannot represent", n, f)
		case f == math.Trunc(f) && math.Abs(f) <= maxExact:
			return int64(f), nil
		}
		return f, nil
	case lua.LBool:
		return bool(v), nil
	case *lua.LNilType:
		return nil, nil
	}
	if b, ok := blobClass.Of(v); ok {
		return b.data, nil
	}
	if v == lua.LValue(json.Null) {
		return nil, nil
	}
	return nil, fmt.Errorf("value %d: string, number, boolean, nil or sql.blob(…) expected, got %s", n, bind.Describe(v))
}

// arguments converts the values from index first to last of the stack.
func arguments(l *lua.LState, first, last int) []any {
	args := make([]any, 0, max(0, last-first+1))
	for i := first; i <= last; i++ {
		a, err := argument(l.Get(i), i-first+1)
		if err != nil {
			bind.Raise(l, "%v", err)
		}
		args = append(args, a)
	}
	return args
}

// result converts a value of a row to a Lua value.
func (r *reader) result(v any, column, kind string) (lua.LValue, error) {
	switch v := v.(type) {
	case nil:
		return lua.LNil, nil
	case string:
		return lua.LString(v), nil
	case []byte:
		return lua.LString(v), nil
	case int64:
		if v > maxExact || v < -maxExact {
			return nil, r.tooLong(column, v)
		}
		return lua.LNumber(v), nil
	case uint64:
		if v > maxExact {
			return nil, r.tooLong(column, v)
		}
		return lua.LNumber(v), nil
	case float64:
		return lua.LNumber(v), nil
	case float32:
		return lua.LNumber(v), nil
	case bool:
		return lua.LBool(v), nil
	case time.Time:
		if kind == "DATE" {
			return lua.LString(v.Format(time.DateOnly)), nil
		}
		return lua.LString(v.UTC().Format(time.RFC3339Nano)), nil
	}
	return lua.LString(fmt.Sprint(v)), nil
}

func (r *reader) tooLong(column string, v any) error {
	text := "TEXT"
	if r.engine == database.MySQL {
		text = "CHAR"
	}
	return fmt.Errorf("%s is %d, more than a number can hold exactly: select it as text, as in CAST(%s AS %s)", column, v, column, text)
}

// reader converts rows to tables.
type reader struct {
	rows   *stdsql.Rows
	engine *database.Engine
	names  []string
	kinds  []string
	meta   *lua.LTable
	cells  []any
	dest   []any
	// spent is how many bytes the last row took.
	spent int64
}

func newReader(rows *stdsql.Rows, e *database.Engine) (*reader, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, err
	}
	r := &reader{rows: rows, engine: e, cells: make([]any, len(types)), dest: make([]any, len(types))}
	known := map[string]bool{}
	for i, t := range types {
		name := t.Name()
		if known[name] {
			return nil, fmt.Errorf("two columns have the name %s: rename one with AS", name)
		}
		known[name] = true
		r.names = append(r.names, name)
		r.kinds = append(r.kinds, t.DatabaseTypeName())
		r.dest[i] = &r.cells[i]
	}
	r.meta = bind.NewTableSize(0, 1)
	r.meta.RawSetString("__index", bind.Function("row", func(l *lua.LState) int {
		if name, ok := l.Get(2).(lua.LString); ok && known[string(name)] {
			return bind.Return(l, lua.LNil) // NULL
		}
		bind.Raise(l, "the row has no column %s%s", bind.QuoteKey(l.Get(2)), bind.DidYouMean(l.Get(2).String(), r.names))
		return 0
	}))
	return r, nil
}

// Approximate memory of a row and of a value in a table, in bytes.
const (
	costRow   = 200
	costValue = 100
)

var errNoRow = errors.New("no row")

// next returns the next row as a table, or errNoRow. It may be called without
// the script lock, because no other code has the table yet.
func (r *reader) next() (*lua.LTable, error) {
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return nil, err
		}
		return nil, errNoRow
	}
	if err := r.rows.Scan(r.dest...); err != nil {
		return nil, err
	}
	t := bind.NewTableSize(0, len(r.names))
	r.spent = costRow
	for i, cell := range r.cells {
		v, err := r.result(cell, r.names[i], r.kinds[i])
		if err != nil {
			return nil, err
		}
		r.spent += costValue
		if s, ok := v.(lua.LString); ok {
			r.spent += int64(len(s))
		}
		if v != lua.LNil {
			t.RawSetString(r.names[i], v)
		}
	}
	t.Metatable = r.meta
	return t, nil
}
