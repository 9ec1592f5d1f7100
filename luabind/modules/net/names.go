package net

import (
	"context"
	"net"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/crash"
)

// lookupTimeout limits a lookup. The option timeout overrides it.
const lookupTimeout = 10 * time.Second

// resolve is resolve(name [, options]) → a list of addresses.
func resolve(l *lua.LState) int {
	name := l.CheckString(1)
	o := bind.OptionsAt(l, 2, "resolve")
	timeout := o.Seconds("timeout", lookupTimeout)
	o.Done()
	var addresses []net.IPAddr
	err := bind.WaitTimeout(l, timeout, func(ctx context.Context) (err error) {
		addresses, err = net.DefaultResolver.LookupIPAddr(ctx, name)
		return err
	})
	if err != nil {
		return bind.Fail(l, Plain(err))
	}
	list := bind.NewTable()
	for _, a := range addresses {
		list.Append(lua.LString(a.String()))
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
		records, err = cancellableSRV(ctx, service, proto, name)
		return err
	})
	switch {
	case len(records) == 1 && records[0].Target == ".": // RFC 2782 says so
		return bind.Failf(l, "%s does not offer %s", name, service)
	case err != nil && len(records) == 0: // else some are malformed, and left out
		return bind.Fail(l, Plain(err))
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

// cancellableSRV is LookupSRV that returns as soon as ctx is done. The lookup
// itself then ends on its own.
func cancellableSRV(ctx context.Context, service, proto, name string) ([]*net.SRV, error) {
	type answer struct {
		records []*net.SRV
		err     error
	}
	done, resolver := make(chan answer, 1), net.DefaultResolver
	go func() {
		defer crash.Guard()
		_, records, err := resolver.LookupSRV(ctx, service, proto, name)
		done <- answer{records, err}
	}()
	select {
	case a := <-done:
		return a.records, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
