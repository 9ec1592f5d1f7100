package sql

import (
	"context"
	"errors"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/task"
)

// Times that nothing takes longer than, unless an option says otherwise.
const (
	defaultTimeout     = 10 * time.Second // a statement
	transactionTimeout = 30 * time.Second // a transaction, with all that runs in it
)

// Base is a database as scripts use it: what a task does while a transaction of
// its own is open belongs to that. The script lock guards it.
type Base struct {
	db      *database.DB
	err     error // why there is none
	timeout time.Duration
	txs     map[*task.Task]*transaction
	// prepare has what must have been done before a transaction begins.
	prepare []func(ctx context.Context) error
	// resource closes it with its owner.
	resource *task.Resource
}

// homes are the transport's own databases: one in a program, more in its tests.
var homes sync.Map // *task.Owner → *Base

// Home is the database that the config names. It is one for all VMs of a
// process, and opened when it is first used. It is called with the lock.
func Home(rt *bind.Runtime) *Base {
	if b, ok := homes.Load(rt.Process); ok {
		return b.(*Base)
	}
	place, err := database.FromConfig(rt.Config, rt.Settings)
	place.Confined = rt.Settings.Sandbox
	b := newBase(database.New(place), err)
	homes.Store(rt.Process, b)
	process := rt.Process // the function outlives the VM of rt
	b.resource = process.Own(closing(func() error {
		homes.Delete(process)
		return b.db.Close()
	}))
	return b
}

type closing func() error

func (c closing) Close() error { return c() }

func newBase(db *database.DB, err error) *Base {
	return &Base{db: db, err: err, timeout: defaultTimeout, txs: map[*task.Task]*transaction{}}
}

// DB is the database, or why there is none.
func (b *Base) DB() (*database.DB, error) { return b.db, b.err }

// BeforeTransactions has f run before each transaction begins.
func (b *Base) BeforeTransactions(f func(ctx context.Context) error) {
	b.prepare = append(b.prepare, f)
}

var errReading = errors.New("each is still reading in this transaction: read all with query before the next statement")

// Run waits for f, which runs statements on c: on the task's transaction, if
// there is one. The error is fit to be shown.
func (b *Base) Run(l *lua.LState, f func(ctx context.Context, c database.Conn) error) error {
	if b.err != nil {
		return b.err
	}
	c := database.Conn(b.db)
	if tx := b.txs[bind.TaskOf(l)]; tx != nil {
		if tx.reading && b.db.Engine() != database.SQLite {
			return errReading
		}
		c = tx.tx
	}
	return b.wait(l, b.timeout, func(ctx context.Context) error { return f(ctx, c) })
}

// wait waits for f, in real time: a database has no other. Who waits for the
// script to settle, in a chat or a test, waits for f too.
func (b *Base) wait(l *lua.LState, timeout time.Duration, f func(ctx context.Context) error) error {
	t := bind.TaskOf(l)
	return bind.Wait(l, func(ctx context.Context) error {
		t.Soon()
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return f(ctx)
	})
}

// closeAside closes the database, and does not wait for it: what is under way
// has to fail first.
func (b *Base) closeAside() {
	go func() {
		defer crash.Guard()
		_ = b.resource.Close()
	}()
}
