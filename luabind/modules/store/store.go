// Package store implements the module spectrum.store: values by keys that
// survive the process, for each user and for the transport. They are kept in
// the transport's database.
package store

import (
	"context"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/json"
	"spectrumlua/luabind/modules/sql"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/store"
	"spectrumlua/runtime/task"
)

// Module is spectrum.store. Its table can be called, as spectrum.store(name).
var Module = bind.Module{Name: "spectrum.store", Open: open}

func open(*bind.Runtime) *lua.LTable {
	m := bind.NewModule("spectrum.store", bind.Functions{
		// open([name]) returns a store of the transport.
		"open": func(l *lua.LState) int { return openScope(l, "", 1) },
	})
	m.Metatable.(*lua.LTable).RawSetString("__call", bind.Function("spectrum.store", func(l *lua.LState) int {
		return openScope(l, "", 2)
	}))
	return m
}

// OfSession is session:store([name]). It returns a store of the session's
// user.
func OfSession(l *lua.LState, user string) int { return openScope(l, user, 2) }

// openScope returns a handle; it does not access the database yet. at is the
// index of the name.
func openScope(l *lua.LState, owner string, at int) int {
	scope := store.Scope{Owner: owner, Name: l.OptString(at, "")}
	if err := scope.Check(); err != nil {
		bind.Raise(l, "store: %v", err)
	}
	rt := bind.RuntimeOf(l)
	return bind.Return(l, class.New(&handle{home: homeOf(rt), scope: scope}))
}

// handle is a store as scripts hold it. It refers to a user by name, so it
// works after the session has ended. The script lock guards it.
type handle struct {
	home  *home
	scope store.Scope
}

// home is what all stores of a process share.
type home struct {
	config *config.Config
	base   *sql.Base
	kv     *store.Store
	err    error // why kv is nil
	codec  *json.Codec
}

var homes sync.Map // *task.Owner → *home

func homeOf(rt *bind.Runtime) *home {
	if h, ok := homes.Load(rt.Process); ok {
		return h.(*home)
	}
	h := &home{config: rt.Config, base: sql.Home(rt), codec: json.NewCodec(rt.Settings.MaxString)}
	db, err := h.base.DB()
	if err == nil {
		h.kv, err = store.New(db, store.Options{Keys: store.KeyringFor(rt.Config, db.Source()), Now: rt.Clock.Now})
	}
	h.err = err
	if err == nil {
		h.base.BeforeTransactions(h.kv.Prepare)
	}
	homes.Store(rt.Process, h)
	rt.Process.Own(forget{rt.Process})
	return h
}

// forget removes a process's home when the process's owner ends.
type forget struct{ process *task.Owner }

func (f forget) Close() error {
	homes.Delete(f.process)
	return nil
}

// class is the class of store objects.
var class *bind.Class[*handle]

func init() {
	methods := map[string]func(l *lua.LState, h *handle) int{
		"get":         get,
		"set":         set,
		"delete":      remove,
		"keys":        keys,
		"each":        each,
		"increment":   increment,
		"update":      update,
		"transaction": transaction,
		"remember":    remember,
		"ours":        ours,
		"theirs":      theirs,
	}
	for name, fn := range methods {
		methods[name] = func(l *lua.LState, h *handle) int {
			if h.home.err != nil {
				return bind.Fail(l, h.home.err)
			}
			return fn(l, h)
		}
	}
	class = bind.NewClass("store", methods, map[string]func(l *lua.LState, h *handle) lua.LValue{
		"name": func(_ *lua.LState, h *handle) lua.LValue { return lua.LString(h.scope.Name) },
		"user": func(_ *lua.LState, h *handle) lua.LValue {
			if h.scope.Owner == "" {
				return lua.LNil
			}
			return lua.LString(h.scope.Owner)
		},
	})
}

// checkKey returns argument n, a key.
func checkKey(l *lua.LState, n int) string {
	key := l.CheckString(n)
	if err := store.CheckKey(key); err != nil {
		l.ArgError(n, err.Error())
	}
	return key
}

// transaction is transaction(fn [, options]).
func transaction(l *lua.LState, h *handle) int {
	fn := l.CheckFunction(2)
	timeout := sql.TransactionTimeout(l, 3)
	return h.home.base.Transaction(l, fn, timeout, l.Get(1))
}

// rememberFor is how long ids are remembered by default.
const rememberFor = 30 * 24 * time.Hour

// remember is remember(ours, theirs [, { ttl = }]).
func remember(l *lua.LState, h *handle) int {
	ourID, theirID := checkKey(l, 2), checkKey(l, 3)
	o := bind.OptionsAt(l, 4, "remember")
	expires := expiry(l, o, rememberFor)
	o.Done()
	err := h.run(l, func(ctx context.Context, c conn) error {
		return h.home.kv.Remember(ctx, c, h.scope, ourID, theirID, expires)
	})
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LTrue)
}

// ours is ours(their id) → our id.
func ours(l *lua.LState, h *handle) int { return other(l, h, h.home.kv.Ours) }

// theirs is theirs(our id) → their id.
func theirs(l *lua.LState, h *handle) int { return other(l, h, h.home.kv.Theirs) }

func other(l *lua.LState, h *handle, look func(ctx context.Context, c conn, scope store.Scope, id string) (string, bool, error)) int {
	id := checkKey(l, 2)
	var otherID string
	var found bool
	err := h.run(l, func(ctx context.Context, c conn) (err error) {
		otherID, found, err = look(ctx, c, h.scope, id)
		return err
	})
	switch {
	case err != nil:
		return bind.Fail(l, err)
	case !found:
		return bind.Return(l, lua.LNil)
	}
	return bind.Return(l, lua.LString(otherID))
}
