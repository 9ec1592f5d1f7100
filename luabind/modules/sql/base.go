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

// Default time limits.
const (
	defaultTimeout     = 10 * time.Second // of a statement
	transactionTimeout = 30 * time.Second // of a transaction with all its statements
)

// Base is a database as scripts use it. A task's statements run in its open
// transaction, or else on their own. The script lock guards it.
type Base struct {
	db      *database.DB
	err     error // why db cannot be used; nil if it can
	timeout time.Duration
	txs     map[*task.Task]*transaction
	// prepare holds functions that run before each transaction begins.
	prepare []func(ctx context.Context) error
	// resource closes the database with its owner.
	resource *task.Resource
}

// homes holds the transport's own database for each process. A program has one
// process; its tests have several.
var homes sync.Map // *task.Owner → *Base

// Home returns the database that the config names. All VMs of a process share
// it; its first use opens it. The caller holds the script lock.
func Home(rt *bind.Runtime) *Base {
	if b, ok := homes.Load(rt.Process); ok {
		return b.(*Base)
	}
	place, err := database.FromConfig(rt.Config, rt.Settings)
	place.Confined = rt.Policy.ConfinesSQL()
	b := newBase(database.New(place), err)
	b.db.Measure(rt.Meters)
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

// DB returns the database, or the error that prevents its use.
func (b *Base) DB() (*database.DB, error) { return b.db, b.err }

// BeforeTransactions makes f run before each transaction begins.
func (b *Base) BeforeTransactions(f func(ctx context.Context) error) {
	b.prepare = append(b.prepare, f)
}

var errReading = errors.New("each is still reading in this transaction: read all with query before the next statement")

// Run calls f with the task's transaction, or with the database if none is
// open, and waits for it. Its errors are ready to be shown to a script.
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

// wait waits for f in real time, even if a test controls the clock. A chat or
// a test that waits for the script to become idle waits for f too.
func (b *Base) wait(l *lua.LState, timeout time.Duration, f func(ctx context.Context) error) error {
	t := bind.TaskOf(l)
	return bind.Wait(l, func(ctx context.Context) error {
		t.Soon()
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return f(ctx)
	})
}

// closeAside closes the database without waiting. Running statements have to
// fail first.
func (b *Base) closeAside() {
	go func() {
		defer crash.Guard()
		_ = b.resource.Close()
	}()
}
