package net

import (
	"context"
	"fmt"
	"net"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// listener is a listening socket as scripts hold it. The baton guards it.
type listener struct {
	net       net.Listener
	resource  *task.Resource
	owner     *task.Owner
	accepting bool
}

var listenerClass = bind.NewClass("listener", map[string]func(l *lua.LState, ln *listener) int{
	"accept": accept,
	"close": func(_ *lua.LState, ln *listener) int {
		_ = ln.resource.Close()
		return 0
	},
}, map[string]func(l *lua.LState, ln *listener) lua.LValue{
	"address": func(_ *lua.LState, ln *listener) lua.LValue { return lua.LString(addressText(ln.net.Addr())) },
})

// listen is listen(address [, options]) → listener. Port 0 takes any that is
// free; .address tells which.
func listen(l *lua.LState) int {
	address := l.CheckString(1)
	network, target, err := parseAddress(address)
	if err != nil {
		l.ArgError(1, err.Error())
	}
	o := bind.OptionsAt(l, 2, "listen")
	owner := o.Owner()
	o.Done()
	ln, err := net.Listen(network, target)
	if err != nil {
		return bind.Fail(l, fmt.Errorf("cannot listen on %s: %w", address, plain(err)))
	}
	return bind.Return(l, listenerClass.New(&listener{net: ln, resource: owner.Own(ln), owner: owner}))
}

// accept is accept([timeout]) → conn. It belongs to the listener's owner.
func accept(l *lua.LState, ln *listener) int {
	if ln.accepting {
		bind.Raise(l, "another task accepts from this listener")
	}
	var timeout time.Duration
	if l.Get(2) != lua.LNil {
		timeout = bind.CheckSeconds(l, 2)
	}
	ln.accepting = true
	defer func() { ln.accepting = false }()
	var conn net.Conn
	err := bind.WaitTimeout(l, timeout, func(ctx context.Context) (err error) {
		set := ln.net.(interface{ SetDeadline(time.Time) error }).SetDeadline
		_ = set(time.Time{})
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(interrupted)
			_ = set(time.Unix(1, 0))
		})
		conn, err = ln.net.Accept()
		if !stop() {
			<-interrupted
		}
		return err
	})
	if err != nil {
		if ln.resource.Closed() {
			return bind.Failf(l, "the listener is closed")
		}
		return bind.Fail(l, plain(err))
	}
	return bind.Return(l, newConn(conn, ln.owner, &tlsSettings{}, ""))
}
