package luabind

import (
	"errors"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// connection is a lasting connection as scripts see it: it connects, reads, and
// connects again after a loss. The script lock guards it. It refers to a VM only
// through options, which a reload replaces.
//
// A task, the runner, executes the states; see connection_run.go. A runner that was
// cancelled is followed by another one, which continues in the same state.
type connection struct {
	host     *Host
	set      *connections
	name     string
	userdata *lua.LUserData
	options  *connectionOptions // nil once the connection has ended
	runner   *task.Task
	next     *connection // of the same name; it starts when this one has ended

	state connectionState
	conn  lua.LValue // the object that connect returned, or nil
	// reason is why the script has dropped conn, until the runner has noticed.
	reason string
	// loss is a loss that the function lost has not been told yet.
	loss *connectionLoss
	// greeting is true until the function online has returned.
	greeting bool
	// items has a result of read that no function has handled, because the runner
	// ended meanwhile.
	items []lua.LValue
	// reading is true inside of read. taken is the number of bytes that had been
	// read from conn before that.
	reading bool
	taken   uint64

	queue    []unsent
	queued   int // bytes in the queue
	attempts int // since the connection was last online for stableConnection
	failures int // since it was last online
	online   time.Time
	heard    time.Time // when the last item arrived
	asked    time.Time // when the function ping was called last
	wake     time.Time // the end of the pause
	kick     chan struct{}
}

// connectionState is a state of the runner, and the value of the field state.
type connectionState string

const (
	connConnecting connectionState = "connecting"
	connLogin      connectionState = "login"
	connOnline     connectionState = "online"
	connWaiting    connectionState = "waiting"
	connClosing    connectionState = "closing"
	connClosed     connectionState = "closed"
)

// connectionLoss is a loss of the connection, or a failed attempt.
type connectionLoss struct {
	why     string
	seconds float64
}

// unsent is a call of send that waits for the connection.
type unsent struct {
	args []lua.LValue
	size int
}

// maxUnsent is how many bytes of text may wait for a connection.
const maxUnsent = 1 << 20

// connections has the connections of one owner by their names.
type connections struct {
	host    *Host
	owner   *task.Owner
	session *sessionObject         // nil for the process
	timers  *task.Timers           // a reload does not cancel these
	byName  map[string]*connection // without those that close was called for
	leaving map[string]*connection // those that wait for the other side to close
}

// newConnections returns the connections of the owner of timers, which a reload does not cancel.
func newConnections(h *Host, timers *task.Timers, session *sessionObject) *connections {
	return &connections{host: h, owner: timers.Owner(), session: session, timers: timers, byName: map[string]*connection{}, leaving: map[string]*connection{}}
}

// end ends all connections when their owner ends.
func (s *connections) end() {
	for _, all := range []map[string]*connection{s.byName, s.leaving} {
		for _, c := range all {
			c.state, c.options, c.queue = connClosed, nil, nil
		}
		clear(all)
	}
}

// unfinished reports whether a connection is not online yet.
func (s *connections) unfinished() bool {
	for _, c := range s.byName {
		if c.state != connOnline {
			return true
		}
	}
	return false
}

// connectionClass is the class of the objects that session:connection returns.
var connectionClass = bind.NewClass("connection", map[string]func(l *lua.LState, c *connection) int{
	"send":      sendOver,
	"reconnect": reconnect,
	"close":     closeConnection,
}, map[string]func(l *lua.LState, c *connection) lua.LValue{
	"name":  func(_ *lua.LState, c *connection) lua.LValue { return lua.LString(c.name) },
	"state": func(_ *lua.LState, c *connection) lua.LValue { return lua.LString(c.shownState()) },
	"conn": func(_ *lua.LState, c *connection) lua.LValue {
		if c.conn == nil {
			return lua.LNil
		}
		return c.conn
	},
})

// shownState returns the state for scripts.
func (c *connection) shownState() connectionState {
	if c.conn == nil && (c.state == connLogin || c.state == connOnline) {
		return connWaiting // the runner has not noticed the loss yet
	}
	return c.state
}

// declare implements session:connection(name, options) and spectrum.connection. The
// first call with a name starts a connection. A later call gives the connection other
// functions.
func (s *connections) declare(l *lua.LState, first int) int {
	name := l.CheckString(first)
	if name == "" || len(name) > maxConnectionName {
		l.ArgError(first, fmt.Sprintf("a name has 1 to %d bytes", maxConnectionName))
	}
	options := s.readOptions(l, first+1)
	c := s.byName[name]
	if c == nil {
		c = s.newConnection(name)
	}
	bind.RuntimeOf(l).Defer(func() { s.begin(c, options) })
	return bind.Return(l, c.userdata)
}

func (s *connections) newConnection(name string) *connection {
	c := &connection{host: s.host, set: s, name: name, state: connConnecting}
	c.userdata = connectionClass.New(c)
	return c
}

// begin starts a connection, or gives one that has begun other functions. While the
// script loaded, another one with the same name may have begun, or c may have ended.
func (s *connections) begin(c *connection, options *connectionOptions) {
	current := s.byName[c.name]
	if current != nil {
		c.userdata.Value = current
		current.adopt(options)
		return
	}
	if c.ending() {
		object := c.userdata
		c = s.newConnection(c.name)
		object.Value, c.userdata = c, object
	}
	s.byName[c.name] = c
	c.adopt(options)
	if leaving := s.leaving[c.name]; leaving != nil {
		leaving.next = c
		return
	}
	c.start()
}

// maxConnectionName is the length of a connection's name.
const maxConnectionName = 1024

// ending reports whether close was called.
func (c *connection) ending() bool { return c.state == connClosing || c.state == connClosed }

// adopt replaces the functions. A runner that waits for data is replaced too, since the
// function in which it waits belongs to an older script. If that function has already
// taken a part of an item, it may return first.
func (c *connection) adopt(o *connectionOptions) {
	if c.state == connClosed {
		return
	}
	unwatched := c.options == nil || c.options.ping == nil
	c.options = o
	if unwatched {
		c.watch(c.conn)
	}
	o.runtime.HeldBy(ofOwner("the connection "+c.name, c.set.owner), func() bool { return c.options != o })
	if c.reading && c.bytesTaken() == c.taken {
		c.runner.EndWaits(task.ErrReplaced)
	}
}

// bytesTaken returns how many bytes scripts have read from the object of the
// connection, if the object counts them.
func (c *connection) bytesTaken() uint64 {
	if counter, ok := objectOf(c.conn).(interface{ Taken() uint64 }); ok {
		return counter.Taken()
	}
	return 0
}

// contents implements container.
func (c *connection) contents() (all []lua.LValue) {
	if c.conn != nil {
		all = append(all, c.conn)
	}
	all = append(all, c.items...)
	for _, u := range c.queue {
		all = append(all, u.args...)
	}
	return all
}

// sendOver implements connection:send(…). It writes at once if the connection is
// online, and otherwise queues the arguments.
func sendOver(l *lua.LState, c *connection) int {
	args := make([]lua.LValue, 0, l.GetTop()-1)
	size := 0
	for i := 2; i <= l.GetTop(); i++ {
		args = append(args, l.Get(i))
		if s, ok := l.Get(i).(lua.LString); ok {
			size += len(s)
		}
	}
	if c.options == nil || c.ending() {
		return bind.Failf(l, "the connection %s is closed", c.name)
	}
	if c.writable(bind.TaskOf(l)) {
		return c.sendNow(l, args)
	}
	switch {
	case c.options.queue == 0:
		return bind.Failf(l, "the connection %s is not online", c.name)
	case len(c.queue) >= c.options.queue:
		return bind.Failf(l, "the connection %s is not online, and %d calls of send wait for it", c.name, len(c.queue))
	case c.queued+size > maxUnsent:
		return bind.Failf(l, "the connection %s is not online, and %d bytes wait for it", c.name, c.queued)
	}
	c.queue = append(c.queue, unsent{args, size})
	c.queued += size
	return bind.Return(l, lua.LTrue)
}

// writable reports whether a task may write at once. The functions of the connection
// write before what is queued.
func (c *connection) writable(t *task.Task) bool {
	switch {
	case c.conn == nil:
		return false
	case t == c.runner:
		return true
	}
	return c.state == connOnline && (c.options.queue == 0 || len(c.queue) == 0 && !c.greeting)
}

// sendNow writes to the object of the connection, and returns what the write returns. A
// socket whose write fails is of no more use.
func (c *connection) sendNow(l *lua.LState, args []lua.LValue) int {
	conn, send := c.conn, c.options.send
	base := l.GetTop()
	l.Push(send)
	l.Push(conn)
	for _, a := range args {
		l.Push(a)
	}
	l.Call(1+len(args), lua.MultRet)
	results := l.GetTop() - base
	if send == writeTo && results > 0 && l.Get(base+1) == lua.LNil && isSocket(conn) && c.conn == conn {
		c.drop(l, l.Get(base+2).String())
	}
	return results
}

// reconnect implements connection:reconnect([why]).
func reconnect(l *lua.LState, c *connection) int {
	why := l.OptString(2, "the script asked for another connection")
	switch {
	case c.options == nil || c.ending():
		return bind.Failf(l, "the connection %s is closed", c.name)
	case c.conn != nil:
		c.drop(l, why)
	case c.state == connWaiting:
		c.endPause()
	}
	return bind.Return(l, lua.LTrue)
}

// drop gives up the object of the connection. The runner notices it when the object's
// read returns.
func (c *connection) drop(l *lua.LState, why string) {
	conn := c.conn
	c.conn, c.reason = nil, why
	c.closeObject(l, conn)
}

// endPause ends the wait for the next attempt.
func (c *connection) endPause() {
	c.wake = c.host.opts.Scheduler.Clock().Now()
	if c.kick != nil {
		close(c.kick)
		c.kick = nil
	}
}

// closeConnection implements connection:close([seconds]).
func closeConnection(l *lua.LState, c *connection) int {
	grace := optionalSeconds(l, 2)
	if c.ending() {
		return 0
	}
	conn := c.conn
	c.queue, c.queued, c.loss, c.items = nil, 0, nil, nil
	c.endPause()
	if conn == nil || grace == 0 || !c.halfClosable() {
		c.conn = nil
		c.finish()
		if conn != nil {
			c.closeObject(l, conn)
		}
		return 0
	}
	c.state = connClosing
	c.leave()
	c.set.leaving[c.name] = c
	c.set.timers.After("", grace, false, func(t *task.Task) {
		if c.state == connClosing {
			c.finish()
			c.closeIn(t, conn)
		}
	})
	if err := c.callFrom(l, closeWriteOf, conn, lua.LNumber(grace.Seconds())); err != nil && c.state == connClosing {
		c.finish()
		c.closeObject(l, conn)
	}
	return 0
}

// leave gives the name free.
func (c *connection) leave() {
	if c.set.byName[c.name] == c {
		delete(c.set.byName, c.name)
	}
}

// finish ends the connection, and starts the next one of its name.
func (c *connection) finish() {
	if c.state == connClosed {
		return
	}
	c.state, c.options, c.conn = connClosed, nil, nil
	c.leave()
	if c.set.leaving[c.name] == c {
		delete(c.set.leaving, c.name)
	}
	if c.next != nil {
		c.next.start()
		c.next = nil
	}
}

// closeObject closes an object from a binding, and logs an error.
func (c *connection) closeObject(l *lua.LState, conn lua.LValue) {
	if err := c.callFrom(l, closeOf, conn); err != nil {
		bind.RuntimeOf(l).LogError(c.named("close"), bind.TaskOf(l), err)
	}
}

// callFrom calls a shared function from a binding.
func (c *connection) callFrom(l *lua.LState, fn *lua.LFunction, args ...lua.LValue) error {
	current := l.G.CurrentThread
	err := bind.RuntimeOf(l).Call(bind.TaskOf(l), fn, args, nil)
	l.G.CurrentThread = current
	return err
}

// named returns the name of a function of this connection for the log.
func (c *connection) named(function string) string {
	return fmt.Sprintf("%s of the connection %s", function, c.name)
}

var errNoReason = errors.New("it gave no reason")
