package luabind

import (
	"context"
	"errors"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// channel passes values between tasks. Senders and receivers are served in the
// order in which they came. The script lock guards it.
type channel struct {
	capacity  int
	values    []lua.LValue
	closed    bool
	senders   []*exchange // wait because the channel is full
	receivers []*exchange // wait because the channel is empty
}

// exchange is a task that waits to send or receive one value. serve ends the wait.
type exchange struct {
	value  lua.LValue
	done   bool
	served chan struct{}
}

// serve completes the exchange. A nil value means that the channel was closed.
func (e *exchange) serve(v lua.LValue) {
	e.value, e.done = v, true
	close(e.served)
}

var errChannelClosed = errors.New("the channel is closed")

// maxCapacity is the largest capacity of a channel.
const maxCapacity = 1 << 20

// channelClass is the class of the objects that spectrum.channel returns.
var channelClass = bind.NewClass("channel", map[string]func(l *lua.LState, c *channel) int{
	"send":    sendValue,
	"receive": receiveValue,
	"close":   closeChannel,
}, nil)

// newChannel implements spectrum.channel([capacity]).
func newChannel(l *lua.LState) int {
	capacity := l.OptInt(1, 0)
	if capacity < 0 || capacity > maxCapacity {
		l.ArgError(1, "a capacity is a number from 0 to 1048576")
	}
	return bind.Return(l, channelClass.New(&channel{capacity: capacity}))
}

// sendValue implements channel:send(value [, timeout]). It returns true, or nil
// and an error. It waits while the channel is full. A channel with capacity 0 is
// always full unless a receiver waits.
func sendValue(l *lua.LState, c *channel) int {
	v := l.CheckAny(2)
	if v == lua.LNil {
		l.ArgError(2, "nil cannot be sent: it is what receive returns at the end")
	}
	switch {
	case c.closed:
		return bind.Fail(l, errChannelClosed)
	case len(c.receivers) > 0:
		first(&c.receivers).serve(v)
		return bind.Return(l, lua.LTrue)
	case len(c.values) < c.capacity:
		c.values = append(c.values, v)
		return bind.Return(l, lua.LTrue)
	}
	e := &exchange{value: v, served: make(chan struct{})}
	c.senders = append(c.senders, e)
	defer func() { c.senders = without(c.senders, e) }()
	err := e.wait(l, 3)
	switch {
	case e.done && e.value == nil:
		return bind.Fail(l, errChannelClosed)
	case e.done:
		return bind.Return(l, lua.LTrue)
	}
	return bind.Fail(l, err)
}

// receiveValue implements channel:receive([timeout]). It returns a value, or nil
// and an error.
func receiveValue(l *lua.LState, c *channel) int {
	if v, ok := c.take(); ok {
		return bind.Return(l, v)
	}
	if c.closed {
		return bind.Fail(l, errChannelClosed)
	}
	e := &exchange{served: make(chan struct{})}
	c.receivers = append(c.receivers, e)
	finished := false
	defer func() {
		c.receivers = without(c.receivers, e)
		if !finished && e.done && e.value != nil {
			c.values = append([]lua.LValue{e.value}, c.values...) // the task was cancelled: keep the value
		}
	}()
	err := e.wait(l, 2)
	finished = true
	switch {
	case e.done && e.value == nil:
		return bind.Fail(l, errChannelClosed)
	case e.done:
		return bind.Return(l, e.value)
	}
	return bind.Fail(l, err)
}

// take removes and returns the next value if there is one. The first waiting
// sender then gets its place.
func (c *channel) take() (lua.LValue, bool) {
	switch {
	case len(c.values) > 0:
		v := c.values[0]
		c.values[0] = nil
		c.values = c.values[1:]
		if len(c.senders) > 0 && len(c.values) < c.capacity {
			c.values = append(c.values, c.nextSender())
		}
		return v, true
	case len(c.senders) > 0:
		return c.nextSender(), true
	}
	return nil, false
}

func (c *channel) nextSender() lua.LValue {
	e := first(&c.senders)
	v := e.value
	e.serve(v)
	return v
}

// closeChannel implements channel:close(). Values in the channel can still be
// received. Waiting senders and receivers fail.
func closeChannel(_ *lua.LState, c *channel) int {
	c.closed = true
	for _, e := range append(c.senders, c.receivers...) {
		e.serve(nil)
	}
	c.senders, c.receivers = nil, nil
	return 0
}

// wait waits until serve is called. Argument n is the timeout: nil means no
// limit, and 0 means no wait.
func (e *exchange) wait(l *lua.LState, n int) error {
	limit := optionalSeconds(l, n)
	if limit == 0 && l.Get(n) != lua.LNil {
		return bind.ErrTimeout
	}
	return bind.WaitTimeout(l, limit, func(ctx context.Context) error {
		select {
		case <-e.served:
			return nil
		case <-ctx.Done():
		}
		select {
		case <-e.served: // served at the same time: do not lose the value
			return nil
		default:
			return context.Cause(ctx)
		}
	})
}

// contents implements container.
func (c *channel) contents() []lua.LValue {
	all := slices.Clone(c.values)
	for _, e := range c.senders {
		all = append(all, e.value)
	}
	return all
}

// first removes and returns the first exchange of a list.
func first(list *[]*exchange) *exchange {
	e := (*list)[0]
	(*list)[0] = nil
	*list = (*list)[1:]
	return e
}

func without(list []*exchange, e *exchange) []*exchange {
	if i := slices.Index(list, e); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
