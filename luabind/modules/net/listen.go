package net

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/task"
)

// listener is a listening socket as scripts hold it. The script lock guards it.
type listener struct {
	net       *Socket
	resource  *task.Resource
	owner     *task.Owner
	accepting bool
	pause     time.Duration // before accept returns when the system lacks resources
}

var listenerClass = bind.NewClass("listener", map[string]func(l *lua.LState, ln *listener) int{
	"accept": accept,
	"close": func(_ *lua.LState, ln *listener) int {
		_ = ln.resource.Close()
		return 0
	},
}, map[string]func(l *lua.LState, ln *listener) lua.LValue{
	"address": func(_ *lua.LState, ln *listener) lua.LValue { return lua.LString(AddressText(ln.net.Addr())) },
})

// listen is listen(address [, options]) → listener. Port 0 takes any free
// port, which .address then shows.
func listen(l *lua.LState) int {
	address := l.CheckString(1)
	o := bind.OptionsAt(l, 2, "listen")
	owner := o.Owner()
	o.Done()
	p := PlaceOf(l, 1, address, owner)
	ln, err := p.Listen(l)
	if err != nil {
		return bind.Fail(l, CannotListen(address, err))
	}
	resource := ln.Own(bind.RuntimeOf(l), owner, ln)
	return bind.Return(l, listenerClass.New(&listener{net: ln, resource: resource, owner: owner}))
}

// Opened implements bind.Opened.
func (ln *listener) Opened() *task.Resource { return ln.resource }

// PlaceOf returns the place that the address, argument n of the call, has for
// an owner.
func PlaceOf(l *lua.LState, n int, address string, owner *task.Owner) Place {
	network, target, err := parseListenAddress(address)
	if err != nil {
		l.ArgError(n, err.Error())
	}
	return Place{owner.Whole(), network, target}
}

// Listen opens a listening socket, or takes over the one that an older
// generation of the script has open at this place. It waits if the address has
// a host name.
func (p Place) Listen(l *lua.LState) (*Socket, error) {
	if err := bind.RuntimeOf(l).Policy.CheckNetwork(p.network); err != nil {
		return nil, err
	}
	if old := p.Older(bind.RuntimeOf(l)); old != nil {
		if s, err := old.share(); err == nil {
			return s, nil
		}
	}
	ln, err := p.open(l)
	if err != nil {
		return nil, err
	}
	return &Socket{Listener: ln, place: p}, nil
}

func (p Place) open(l *lua.LState) (net.Listener, error) {
	var ln net.Listener
	finished := false
	defer func() {
		if !finished && ln != nil {
			_ = ln.Close()
		}
	}()
	err := bind.WaitTimeout(l, lookupTimeout, func(ctx context.Context) (err error) {
		ln, err = (&net.ListenConfig{}).Listen(ctx, p.network, p.target)
		if p.network == "unix" && errors.Is(err, syscall.EADDRINUSE) && removeStale(ctx, p.target) {
			ln, err = (&net.ListenConfig{}).Listen(ctx, p.network, p.target)
		}
		return err
	})
	finished = true
	return ln, err
}

// parseListenAddress is parseAddress that also accepts an address without a
// host. It then listens on this machine's loopback address; listening for
// others needs a host such as 0.0.0.0.
func parseListenAddress(address string) (network, target string, err error) {
	port, _ := strings.CutPrefix(address, ":")
	if port != "" && strings.Trim(port, "0123456789") == "" {
		address = "127.0.0.1:" + port
	}
	return parseAddress(address)
}

// removeStale deletes a socket file on which no process listens. A killed
// process leaves it behind.
func removeStale(ctx context.Context, path string) bool {
	info, err := os.Lstat(path)
	if err != nil || info.Mode().Type() != os.ModeSocket {
		return false
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
	if err == nil {
		_ = conn.Close()
		return false
	}
	return errors.Is(err, syscall.ECONNREFUSED) && os.Remove(path) == nil
}

// accept is accept([timeout]) → conn. The connection belongs to the listener's
// owner.
func accept(l *lua.LState, ln *listener) int {
	if ln.accepting {
		bind.Raise(l, "another task accepts from this listener")
	}
	deadline := deadlineArgument(l, 2)
	ln.accepting = true
	var conn net.Conn
	finished := false
	defer func() {
		ln.accepting = false
		if !finished && conn != nil { // it arrived as the task was cancelled
			_ = conn.Close()
		}
	}()
	err := stream.Interruptible(l, deadline, ln.net.SetDeadline, func() (err error) {
		defer bind.TaskOf(l).Input(func() bool { return stream.Arrived(ln.net.Listener) })()
		conn, err = ln.net.Accept()
		return err
	})
	finished = true
	switch {
	case err == nil:
		ln.pause = 0
		return bind.Return(l, newConn(conn, ln.owner, &TLS{}, ""))
	case ln.resource.Closed():
		return bind.Failf(l, "the listener is closed")
	case isShortage(err):
		ln.rest(l)
	}
	return bind.Fail(l, Plain(err))
}

// isShortage reports whether an error repeats at once on the next accept,
// until the system has resources again.
func isShortage(err error) bool {
	for _, shortage := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM} {
		if errors.Is(err, shortage) {
			return true
		}
	}
	return false
}

// deadlineArgument returns the deadline that argument n sets in seconds, or no
// deadline if it is nil. 0 returns only what has already arrived.
func deadlineArgument(l *lua.LState, n int) time.Time {
	if l.Get(n) == lua.LNil {
		return time.Time{}
	}
	const least = time.Millisecond // a deadline that has passed would hide what has arrived
	return time.Now().Add(max(bind.CheckSeconds(l, n), least))
}

const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// rest waits a while, longer each time. It keeps a script that retries in a
// loop from using all CPU time.
func (ln *listener) rest(l *lua.LState) {
	ln.pause = min(max(firstPause, 2*ln.pause), longestPause)
	_ = bind.WaitTimeout(l, ln.pause, func(ctx context.Context) error {
		<-ctx.Done()
		return context.Cause(ctx)
	})
}
