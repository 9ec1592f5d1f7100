package luabind

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/task"
)

// refused handles nil, a message and possibly the name of an error.
func (c *connection) refused(t *task.Task, results []lua.LValue) {
	name, why := result(results, 2), reasonOf(results)
	switch name := name.(type) {
	case *lua.LNilType:
		c.lose(t, why)
		return
	case lua.LString:
		if retriable(string(name)) {
			c.lose(t, why)
			return
		}
		if isConnectionError(string(name)) {
			c.giveUp(t, string(name), why)
			return
		}
	}
	c.log().WithField("value", bind.Describe(name)).Error("the third result of connect or login is no error of disconnected")
	c.lose(t, why)
}

func isConnectionError(name string) bool {
	for _, f := range disconnectedType.Payload.Fields {
		if f.Enum != nil {
			for _, known := range f.Enum.Names {
				if known == name {
					return true
				}
			}
		}
	}
	return false
}

// retriable reports whether Spectrum tries again after an error.
func retriable(name string) bool { return name == "network_error" || name == "other_error" }

// lose handles the end of the object of the connection, or a failed attempt.
func (c *connection) lose(t *task.Task, why string) {
	conn := c.conn
	if c.reason != "" {
		why, c.reason = c.reason, ""
	}
	if conn != nil {
		c.conn = nil
		c.closeIn(t, conn)
	}
	if c.state == connClosing {
		c.finish()
	}
	if c.state == connClosed {
		return
	}
	now, o := c.now(), c.options
	if !c.online.IsZero() && now.Sub(c.online) >= stableConnection {
		c.attempts = 0
	}
	c.online, c.items, c.greeting = time.Time{}, nil, false
	c.attempts++
	c.failures++
	if o.tries > 0 && c.attempts > o.tries {
		c.giveUp(t, "network_error", why)
		return
	}
	seconds := o.pauseAfter(c.attempts)
	c.state, c.wake = connWaiting, now.Add(seconds)
	c.loss = &connectionLoss{why, seconds.Seconds()}
	log := c.log().WithFields(logrus.Fields{"error": why, "retry_in": seconds.Round(time.Millisecond).String()})
	if c.failures == 1 {
		log.Info("the connection is down")
	} else {
		log.Debug("the connection is still down")
	}
}

// pauseAfter returns the pause after a number of attempts: it doubles each time, and a
// random part up to a quarter spreads users who failed together.
func (o *connectionOptions) pauseAfter(attempts int) time.Duration {
	pause := o.delay
	for ; attempts > 1 && pause < o.delayMax; attempts-- {
		pause *= 2
	}
	pause = min(pause, max(o.delayMax, o.delay))
	return pause - time.Duration(rand.Float64()/4*float64(pause))
}

// tellLoss calls the function lost, which may return another pause.
func (c *connection) tellLoss(t *task.Task) {
	loss := c.loss
	c.loss = nil
	if c.options.lost == nil {
		return
	}
	results, err := c.call(t, "lost", c.options.lost, lua.LString(loss.why), lua.LNumber(loss.seconds), lua.LNumber(c.failures))
	seconds, ok := result(results, 0).(lua.LNumber)
	if pause, fits := bind.Duration(float64(seconds)); err == nil && ok && fits && c.state == connWaiting {
		c.wake = c.now().Add(pause)
		if pause == 0 {
			c.attempts-- // the next address of the same server, for example
		}
	}
}

// pause waits until the next attempt is due.
func (c *connection) pause(t *task.Task) {
	rest := max(leastPause, clock.Until(c.host.opts.Scheduler.Clock(), c.wake))
	kick := make(chan struct{})
	c.kick = kick
	err := t.Wait(func(ctx context.Context) error {
		over, cancel := t.WithTimeout(ctx, rest, nil)
		defer cancel()
		select {
		case <-kick:
		case <-over.Done():
		}
		return context.Cause(ctx)
	})
	c.kick = nil
	if err == nil && c.state == connWaiting {
		c.state = connConnecting
	}
}

// giveUp ends the connection for good. By default, that disconnects the user.
func (c *connection) giveUp(t *task.Task, name, why string) {
	conn, o := c.conn, c.options
	c.finish()
	if conn != nil {
		c.closeIn(t, conn)
	}
	log := c.log().WithField("error", why)
	switch {
	case o.failed != nil:
		log.Info("the connection has failed for good")
		if err := o.runtime.Call(t, o.failed, []lua.LValue{lua.LString(name), lua.LString(why)}, nil); err != nil {
			o.runtime.LogError(c.named("failed"), t, err)
		}
	case c.set.session == nil:
		log.Error("the connection has failed for good")
	default:
		c.host.disconnect(c.set.session, name, why)
	}
}

// disconnect sends DISCONNECTED for a session.
func (h *Host) disconnect(obj *sessionObject, name, why string) {
	fields := bind.NewTable()
	fields.RawSetString("error", lua.LString(name))
	fields.RawSetString("message", lua.LString(why))
	payload, err := h.payload(disconnectedType, obj.session.User, fields)
	if err != nil { // the message is too long, for example
		fields.RawSetString("message", lua.LString(bind.Excerpt(lua.LString(why))))
		if payload, err = h.payload(disconnectedType, obj.session.User, fields); err != nil {
			h.log.WithField("user", obj.session.User).Errorf("cannot disconnect the user: %v", err)
			return
		}
	}
	h.hand(disconnectedType, obj.session, payload)
}

// watch calls the function ping after a silence, and drops the object if no item
// follows. While the script does not read, for example because it handles an item and waits
// for a full queue, nothing says that the server is silent.
func (c *connection) watch(conn lua.LValue) {
	o := c.options
	if o == nil || o.ping == nil || c.conn != conn || c.state != connOnline {
		return
	}
	now := c.now()
	next := o.pingAfter - now.Sub(c.heard)
	if c.asked.After(c.heard) {
		next = o.pingTimeout - now.Sub(c.asked)
	}
	c.set.timers.After("", max(next, leastPause), false, func(t *task.Task) { c.check(t, conn) })
}

// check is called when an item should have arrived.
func (c *connection) check(t *task.Task, conn lua.LValue) {
	o := c.options
	if o == nil || o.ping == nil || c.conn != conn || c.state != connOnline {
		return
	}
	now := c.now()
	if q, ok := objectOf(conn).(quiet); ok && !q.Quiet() {
		c.heard = now
	}
	switch waits := c.asked.After(c.heard); {
	case waits && now.Sub(c.asked) >= o.pingTimeout:
		c.conn, c.reason = nil, "the server does not answer"
		c.closeIn(t, conn)
	case !waits && now.Sub(c.heard) >= o.pingAfter:
		c.asked = now
		c.watch(conn) // before ping, which may wait
		if err := o.runtime.Call(t, o.ping, []lua.LValue{conn}, nil); err != nil {
			o.runtime.LogError(c.named("ping"), t, err)
		}
	default:
		c.watch(conn)
	}
}
