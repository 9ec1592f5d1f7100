// Package sql implements the module spectrum.sql: SQL statements in the
// transport's database and in others. The module spectrum.store uses it too.
package sql

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/json"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/task"
)

// Module is spectrum.sql.
var Module = bind.Module{Name: "spectrum.sql", Open: open}

// operations are the functions of a database. Their arguments start at index
// first of the stack.
var operations = map[string]func(l *lua.LState, b *Base, first int) int{
	"query":       query,
	"exec":        exec,
	"each":        each,
	"migrate":     migrate,
	"transaction": transact,
}

func open(rt *bind.Runtime) *lua.LTable {
	functions := bind.Functions{"open": openOther, "blob": newBlob}
	for name, f := range operations {
		functions[name] = func(l *lua.LState) int { return f(l, Home(rt), 1) }
	}
	m := bind.NewModule("spectrum.sql", functions)
	m.RawSetString("null", json.Null)
	engine, prefix := "", ""
	if place, err := database.FromConfig(rt.Config, rt.Settings); err == nil {
		engine, prefix = place.Engine.Name, place.Prefix
	}
	m.RawSetString("engine", lua.LString(engine))
	m.RawSetString("prefix", lua.LString(prefix))
	return m
}

// transact is transaction(fn [, options]).
func transact(l *lua.LState, b *Base, first int) int {
	fn := l.CheckFunction(first)
	timeout := TransactionTimeout(l, first+1)
	return b.Transaction(l, fn, timeout)
}

// TransactionTimeout reads the options of a transaction at argument n.
func TransactionTimeout(l *lua.LState, n int) time.Duration {
	o := bind.OptionsAt(l, n, "transaction")
	timeout := o.Seconds("timeout", transactionTimeout)
	o.Done()
	return timeout
}

// newBlob is blob(s). It returns a value that is bound as bytes, not as text.
func newBlob(l *lua.LState) int {
	return bind.Return(l, blobClass.New(&blob{data: []byte(l.CheckString(1))}))
}

// Opened implements bind.Opened.
func (b *Base) Opened() *task.Resource { return b.resource }

// databaseClass is the class of the objects that open returns.
var databaseClass *bind.Class[*Base]

func init() {
	methods := map[string]func(l *lua.LState, b *Base) int{
		"close": func(l *lua.LState, b *Base) int {
			if tx := b.txs[bind.TaskOf(l)]; tx != nil {
				bind.Raise(l, "close: a transaction is open")
			}
			b.closeAside()
			return 0
		},
	}
	for name, f := range operations {
		methods[name] = func(l *lua.LState, b *Base) int { return f(l, b, 2) }
	}
	databaseClass = bind.NewClass("database", methods, map[string]func(l *lua.LState, b *Base) lua.LValue{
		"engine": func(_ *lua.LState, b *Base) lua.LValue { return lua.LString(b.db.Engine().Name) },
	})
}

// openOther is open(where [, options]) → database.
func openOther(l *lua.LState) int {
	rt := bind.RuntimeOf(l)
	where := l.CheckString(1)
	o := bind.OptionsAt(l, 2, "open")
	timeout := o.Seconds("timeout", defaultTimeout)
	owner := o.Owner()
	o.Done()
	place, err := placeOf(rt, where)
	if err != nil {
		return bind.Fail(l, fmt.Errorf("open: %w", err))
	}
	b := newBase(database.New(place), nil)
	b.db.Measure(rt.Meters)
	b.timeout = timeout
	b.resource = owner.Own(closing(b.db.Close))
	return bind.Return(l, databaseClass.New(b))
}

// placeOf parses the location of a database, and returns an error if the policy does
// not allow it.
func placeOf(rt *bind.Runtime, where string) (database.Source, error) {
	place, err := database.Parse(where, rt.Config.Dir())
	if err != nil {
		return place, err
	}
	place.Confined = rt.Policy.ConfinesSQL()
	switch {
	case place.Temporary:
	case place.Engine == database.SQLite:
		err = rt.Policy.CheckFile(place.Path)
	case place.Unix():
		err = rt.Policy.CheckNetwork("unix")
	}
	return place, err
}
