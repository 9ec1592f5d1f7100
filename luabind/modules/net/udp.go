package net

import (
	"context"
	"errors"
	"fmt"
	"net"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/task"
)

// datagrams is a UDP socket as scripts hold it. The script lock guards it.
type datagrams struct {
	net      *net.UDPConn
	resource *task.Resource
	longest  int // datagram that receive accepts, in bytes
	reading  bool
}

// Opened implements bind.Opened.
func (d *datagrams) Opened() *task.Resource { return d.resource }

// maxDatagram is the size limit of UDP itself, in bytes.
const maxDatagram = 64<<10 - 1

var datagramsClass = bind.NewClass("udp socket", map[string]func(l *lua.LState, d *datagrams) int{
	"send_to": sendTo,
	"receive": receiveDatagram,
	"close": func(_ *lua.LState, d *datagrams) int {
		_ = d.resource.Close()
		return 0
	},
}, map[string]func(l *lua.LState, d *datagrams) lua.LValue{
	"address": func(_ *lua.LState, d *datagrams) lua.LValue { return lua.LString(AddressText(d.net.LocalAddr())) },
})

// openUDP is udp([address] [, options]) → socket. Without an address, the
// socket is bound to a free port on all interfaces.
func openUDP(l *lua.LState) int {
	address := l.OptString(1, "")
	target := ":0"
	if address != "" {
		network, t, err := parseListenAddress(address)
		if err != nil || network != "tcp" {
			l.ArgError(1, fmt.Sprintf("%q is not an address: write \"host:port\"", address))
		}
		target = t
	}
	o := bind.OptionsAt(l, 2, "udp")
	owner := o.Owner()
	longest := min(o.Int("max", maxDatagram, 1), maxDatagram)
	o.Done()
	var conn net.PacketConn
	finished := false
	defer func() {
		if !finished && conn != nil {
			_ = conn.Close()
		}
	}()
	err := bind.WaitTimeout(l, lookupTimeout, func(ctx context.Context) (err error) {
		conn, err = (&net.ListenConfig{}).ListenPacket(ctx, "udp", target)
		return err
	})
	finished = true
	if err != nil {
		return bind.Fail(l, fmt.Errorf("cannot open a UDP socket on %s: %w", target, Plain(err)))
	}
	udp := conn.(*net.UDPConn)
	return bind.Return(l, datagramsClass.New(&datagrams{net: udp, resource: owner.Own(udp), longest: longest}))
}

// sendTo is send_to(address, data).
func sendTo(l *lua.LState, d *datagrams) int {
	address, data := l.CheckString(2), l.CheckString(3)
	network, target, err := parseAddress(address)
	if err != nil || network != "tcp" {
		l.ArgError(2, fmt.Sprintf("%q is not an address: write \"host:port\"", address))
	}
	err = bind.WaitTimeout(l, lookupTimeout, func(ctx context.Context) error {
		to, err := d.find(ctx, target)
		if err != nil {
			return err
		}
		_, err = d.net.WriteToUDP([]byte(data), to)
		return err
	})
	switch {
	case err == nil:
		return bind.Return(l, lua.LTrue)
	case d.resource.Closed():
		return bind.Failf(l, "the socket is closed")
	}
	return bind.Fail(l, fmt.Errorf("cannot send to %s: %w", address, Plain(err)))
}

// find looks up the target's address, of the IP version that the socket has.
func (d *datagrams) find(ctx context.Context, target string) (*net.UDPAddr, error) {
	host, port, err := net.SplitHostPort(target)
	if err != nil {
		return nil, err
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return nil, err
	}
	addresses, err := net.DefaultResolver.LookupIPAddr(ctx, host)
	if err != nil {
		return nil, err
	}
	local := d.net.LocalAddr().(*net.UDPAddr).IP
	both := local.Equal(net.IPv6unspecified)
	for _, a := range addresses {
		if both || (local.To4() != nil) == (a.IP.To4() != nil) {
			return &net.UDPAddr{IP: a.IP, Zone: a.Zone, Port: number}, nil
		}
	}
	return nil, errors.New("the socket is bound to an address of the other IP version")
}

// receiveDatagram is receive([timeout]) → data, address of the sender.
func receiveDatagram(l *lua.LState, d *datagrams) int {
	if d.reading {
		bind.Raise(l, "another task receives from this socket")
	}
	deadline := deadlineArgument(l, 2)
	d.reading = true
	defer func() { d.reading = false }()
	buf := make([]byte, d.longest+1) // one byte more, to detect a datagram that is too long
	var n int
	var from *net.UDPAddr
	err := stream.Interruptible(l, deadline, d.net.SetReadDeadline, func() (err error) {
		n, from, err = d.net.ReadFromUDP(buf)
		return err
	})
	switch {
	case err == nil && n > d.longest:
		return bind.Failf(l, "received a datagram of more than %d bytes (max)", d.longest)
	case err == nil:
		return bind.Return(l, lua.LString(buf[:n]), lua.LString(AddressText(from)))
	case d.resource.Closed():
		return bind.Failf(l, "the socket is closed")
	}
	return bind.Fail(l, Plain(err))
}
