package net

import (
	"context"
	"net"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// lookupTimeout is how long the name server may take, unless the option
// timeout says otherwise.
const lookupTimeout = 10 * time.Second

// resolve is resolve(name [, options]) → a list of addresses.
func resolve(l *lua.LState) int {
	name := l.CheckString(1)
	o := bind.OptionsAt(l, 2, "resolve")
	timeout := o.Seconds("timeout", lookupTimeout)
	o.Done()
	var addresses []string
	err := bind.WaitTimeout(l, timeout, func(ctx context.Context) (err error) {
		addresses, err = net.DefaultResolver.LookupHost(ctx, name)
		return err
	})
	if err != nil {
		return bind.Fail(l, plain(err))
	}
	list := bind.NewTable()
	for _, a := range addresses {
		list.Append(lua.LString(a))
	}
	return bind.Return(l, list)
}

// lookupSRV is srv(service, proto, name [, options]) → a list of { target,
// port, priority, weight }, in the order in which to try them (RFC 2782).
func lookupSRV(l *lua.LState) int {
	service, proto, name := l.CheckString(1), l.CheckString(2), l.CheckString(3)
	o := bind.OptionsAt(l, 4, "srv")
	timeout := o.Seconds("timeout", lookupTimeout)
	o.Done()
	var records []*net.SRV
	err := bind.WaitTimeout(l, timeout, func(ctx context.Context) (err error) {
		_, records, err = net.DefaultResolver.LookupSRV(ctx, service, proto, name)
		return err
	})
	if err != nil {
		return bind.Fail(l, plain(err))
	}
	list := bind.NewTable()
	for _, r := range records {
		entry := bind.NewTable()
		entry.RawSetString("target", lua.LString(strings.TrimSuffix(r.Target, ".")))
		entry.RawSetString("port", lua.LNumber(r.Port))
		entry.RawSetString("priority", lua.LNumber(r.Priority))
		entry.RawSetString("weight", lua.LNumber(r.Weight))
		list.Append(entry)
	}
	return bind.Return(l, list)
}
