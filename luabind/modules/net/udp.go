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

// datagrams is a UDP socket as scripts hold it. The baton guards it.
type datagrams struct {
	net      *net.UDPConn
	resource *task.Resource
	reading  bool
}

// maxDatagram is the longest datagram that there is.
const maxDatagram = 64 << 10

var datagramsClass = bind.NewClass("udp socket", map[string]func(l *lua.LState, d *datagrams) int{
	"send_to": sendTo,
	"receive": receiveDatagram,
	"close": func(_ *lua.LState, d *datagrams) int {
		_ = d.resource.Close()
		return 0
	},
}, map[string]func(l *lua.LState, d *datagrams) lua.LValue{
	"address": func(_ *lua.LState, d *datagrams) lua.LValue { return lua.LString(addressText(d.net.LocalAddr())) },
})

// openUDP is udp([address] [, options]) → socket, bound to the address, or to
// any free port.
func openUDP(l *lua.LState) int {
	address := l.OptString(1, ":0")
	o := bind.OptionsAt(l, 2, "udp")
	owner := o.Owner()
	o.Done()
	local, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		l.ArgError(1, fmt.Sprintf("%q is no address: \"host:port\" is wanted", address))
	}
	conn, err := net.ListenUDP("udp", local)
	if err != nil {
		return bind.Fail(l, fmt.Errorf("cannot open a UDP socket on %s: %w", address, plain(err)))
	}
	return bind.Return(l, datagramsClass.New(&datagrams{net: conn, resource: owner.Own(conn)}))
}

// sendTo is send_to(address, data).
func sendTo(l *lua.LState, d *datagrams) int {
	address, data := l.CheckString(2), l.CheckString(3)
	err := bind.WaitTimeout(l, lookupTimeout, func(ctx context.Context) error {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
		if err != nil {
			return err
		}
		ips, err := net.DefaultResolver.LookupIPAddr(ctx, host)
		if err != nil {
			return err
		}
		_, err = d.net.WriteToUDP([]byte(data), &net.UDPAddr{IP: ips[0].IP, Zone: ips[0].Zone, Port: number})
		return err
	})
	if err != nil {
		return bind.Fail(l, fmt.Errorf("cannot send to %s: %w", address, plain(err)))
	}
	return bind.Return(l, lua.LTrue)
}

// receiveDatagram is receive([timeout]) → data, address of the sender.
func receiveDatagram(l *lua.LState, d *datagrams) int {
	if d.reading {
		bind.Raise(l, "another task receives from this socket")
	}
	var deadline time.Time
	if l.Get(2) != lua.LNil {
		deadline = time.Now().Add(bind.CheckSeconds(l, 2))
	}
	d.reading = true
	defer func() { d.reading = false }()
	buf := make([]byte, maxDatagram)
	var n int
	var from net.Addr
	err := interruptible(l, deadline, d.net.SetReadDeadline, func() (err error) {
		n, from, err = d.net.ReadFrom(buf)
		return err
	})
	if err != nil {
		if d.resource.Closed() {
			return bind.Failf(l, "the socket is closed")
		}
		return bind.Fail(l, plain(err))
	}
	return bind.Return(l, lua.LString(buf[:n]), lua.LString(addressText(from)))
}
