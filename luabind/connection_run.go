package luabind

import (
	"errors"
	"fmt"
	"time"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

const (
	// stableConnection is how long a connection must be online for the pauses to
	// start over.
	stableConnection = time.Minute
	// leastPause is the shortest pause between two attempts.
	leastPause = 10 * time.Millisecond
)

// start starts a runner.
func (c *connection) start() { c.runner = c.set.owner.Spawn("", c.run) }

// run executes the states until the connection is closed. If its task is cancelled,
// another one continues, unless the owner has ended.
func (c *connection) run(t *task.Task) {
	t.SetLabel(&task.Label{Kind: "connection", Name: c.name})
	for c.state != connClosed {
		if t.Err() != nil || t.Ending() {
			c.start()
			return
		}
		c.step(t)
	}
}

// step executes one state, or a function that is due.
func (c *connection) step(t *task.Task) {
	switch {
	case c.loss != nil:
		c.tellLoss(t)
	case c.state == connWaiting:
		c.pause(t)
	case c.state == connConnecting:
		c.connect(t)
	case c.conn == nil: // another task has dropped it
		c.lose(t, c.reason)
	case c.state == connLogin:
		c.logIn(t)
	case c.greeting:
		c.greet(t)
	case c.state == connOnline && len(c.queue) > 0:
		c.flush(t)
	case len(c.items) > 0:
		c.handle(t)
	default:
		c.read(t)
	}
}

// call calls a function of the script and logs its error.
func (c *connection) call(t *task.Task, what string, fn *lua.LFunction, args ...lua.LValue) (results []lua.LValue, err error) {
	o := c.options
	results, err = o.call(t, fn, args...)
	if err != nil {
		o.runtime.LogError(c.named(what), t, err)
	}
	return results, err
}

// call calls a function of the script.
func (o *connectionOptions) call(t *task.Task, fn *lua.LFunction, args ...lua.LValue) (results []lua.LValue, err error) {
	err = o.runtime.Call(t, fn, args, func(l *lua.LState, n int) {
		for i := -n; i < 0; i++ {
			results = append(results, l.Get(i))
		}
	})
	return results, err
}

// cancelled reports whether a task was ended from outside. A function that ran too long
// has failed by its own fault.
func cancelled(t *task.Task) bool {
	var tooLong *task.RanTooLongError
	return t.Err() != nil && !errors.As(t.Err(), &tooLong)
}

// result returns a result of a function of the script.
func result(results []lua.LValue, n int) lua.LValue {
	if n < len(results) {
		return results[n]
	}
	return lua.LNil
}

// reasonOf returns the message that a function has returned after nil.
func reasonOf(results []lua.LValue) string {
	switch v := result(results, 1).(type) {
	case lua.LString, lua.LNumber:
		return v.String()
	}
	return errNoReason.Error()
}

func (c *connection) connect(t *task.Task) {
	results, err := c.call(t, "connect", c.options.connect)
	conn := result(results, 0)
	if err == nil && lua.LVAsBool(conn) && !closable(conn) {
		err = fmt.Errorf("connect returned %s: an object with a method close is expected", bind.Describe(conn))
		c.log().WithField("error", err.Error()).Error("a lasting connection cannot use what its script returned")
	}
	switch {
	case cancelled(t):
	case c.state != connConnecting: // closed meanwhile
		if closable(conn) {
			c.closeIn(t, conn)
		}
	case err != nil:
		c.lose(t, err.Error())
	case !lua.LVAsBool(conn):
		c.refused(t, results)
	default:
		c.conn, c.reason, c.state = conn, "", connLogin
		c.heard, c.asked = c.now(), time.Time{}
	}
}

// closable reports whether a value can be an object with a method close.
func closable(v lua.LValue) bool {
	switch v.(type) {
	case *lua.LUserData, *lua.LTable:
		return true
	}
	return false
}

func (c *connection) logIn(t *task.Task) {
	conn, o := c.conn, c.options
	if o.login == nil {
		c.goOnline(t)
		return
	}
	if o.timeout > 0 {
		limit := c.set.timers.After("", o.timeout, false, func(t *task.Task) {
			if c.state == connLogin && c.conn == conn {
				c.conn, c.reason = nil, fmt.Sprintf("the login took longer than %v", o.timeout)
				c.closeIn(t, conn)
			}
		})
		defer limit.Cancel()
	}
	results, err := c.call(t, "login", o.login, conn)
	switch {
	case cancelled(t) || c.state != connLogin || c.conn != conn:
	case err != nil:
		c.lose(t, err.Error())
	case !lua.LVAsBool(result(results, 0)):
		c.refused(t, results)
	default:
		c.goOnline(t)
	}
}

// goOnline begins the state online.
func (c *connection) goOnline(t *task.Task) {
	if c.failures > 0 {
		c.log().WithField("attempts", c.failures).Info("the connection is back")
	}
	c.state, c.greeting, c.failures = connOnline, true, 0
	c.online, c.heard = c.now(), c.now()
	c.watch(c.conn)
}

func (c *connection) greet(t *task.Task) {
	conn := c.conn
	if c.options.online != nil {
		_, err := c.call(t, "online", c.options.online, conn)
		switch {
		case cancelled(t):
			return
		case err != nil && c.conn == conn && c.state == connOnline:
			c.lose(t, err.Error())
		}
	}
	c.greeting = false
}

// flush sends the first of the queue.
func (c *connection) flush(t *task.Task) {
	first, conn, o := c.queue[0], c.conn, c.options
	results, err := o.call(t, o.send, append([]lua.LValue{conn}, first.args...)...)
	switch {
	case cancelled(t) || c.state != connOnline || c.conn != conn:
		return // the next connection sends it
	case err != nil:
		o.runtime.LogItem(c.named("send"), t, err, bind.Excerpt(first.first()))
	case result(results, 0) == lua.LNil && o.send == writeTo && isSocket(conn):
		c.lose(t, reasonOf(results))
		return
	case result(results, 0) == lua.LNil:
		c.log().WithField("error", reasonOf(results)).Warn("what waited for the connection was not sent")
	}
	if len(c.queue) > 0 {
		c.queue[0] = unsent{}
		c.queue, c.queued = c.queue[1:], c.queued-first.size
	}
}

func (u unsent) first() lua.LValue { return result(u.args, 0) }

// read waits for the next item.
func (c *connection) read(t *task.Task) {
	if source := c.lines(); source != nil {
		c.readLine(t, source)
		return
	}
	conn, o := c.conn, c.options
	c.reading, c.taken = true, c.bytesTaken()
	results, err := o.call(t, o.read, conn)
	c.reading = false
	switch {
	case cancelled(t) || c.conn != conn:
	case err != nil:
		o.runtime.LogError(c.named("read"), t, err)
		c.lose(t, err.Error())
	case result(results, 0) == lua.LNil:
		c.lose(t, reasonOf(results))
	default:
		c.heard = c.now()
		c.items = results
	}
}

// readLine waits for the next line of a socket, without a Lua thread.
func (c *connection) readLine(t *task.Task, source lineSource) {
	conn := c.conn
	line, err := c.nextLine(t, source)
	switch {
	case cancelled(t) || c.conn != conn:
	case err != nil:
		c.lose(t, err.Error())
	default:
		c.heard = c.now()
		c.items = []lua.LValue{lua.LString(line)}
	}
}

// handle passes an item to the script. An error concerns only this item.
func (c *connection) handle(t *task.Task) {
	items, o := c.items, c.options
	c.items = nil
	if c.state != connOnline {
		return
	}
	args := append([]lua.LValue{items[0], c.conn}, items[1:]...)
	if _, err := o.call(t, o.line, args...); err != nil {
		o.runtime.LogItem(c.named("line"), t, err, bind.Excerpt(items[0]))
	}
}

// closeIn closes an object in a task that runs no Lua code at the moment.
func (c *connection) closeIn(t *task.Task, conn lua.LValue) {
	if ud, ok := conn.(*lua.LUserData); ok && t.Err() != nil { // the task can run no more Lua code
		if o, ok := ud.Value.(bind.Opened); ok && o.Opened() != nil {
			_ = o.Opened().Close()
		}
		return
	}
	rt := c.host.vm.runtime
	if err := rt.Call(t, closeOf, []lua.LValue{conn}, nil); err != nil && t.Err() == nil {
		rt.LogError(c.named("close"), t, err)
	}
}

func (c *connection) now() time.Time { return c.host.opts.Scheduler.Clock().Now() }

func (c *connection) log() logrus.FieldLogger {
	log := c.host.log.WithField("connection", c.name)
	if user := c.set.owner.Name(); user != "" {
		log = log.WithField("user", user)
	}
	return log
}
