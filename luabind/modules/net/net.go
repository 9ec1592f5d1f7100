// Package net is the module spectrum.net: connections over TCP, TLS, Unix
// sockets and UDP, and names. Whatever waits looks like a plain call.
package net

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.net.
var Module = bind.Module{Name: "spectrum.net", Open: open}

// defaultTimeout is how long a connection may take to be made, in every step
// together, unless the option timeout says otherwise.
const defaultTimeout = 30 * time.Second

func open(*bind.Runtime) *lua.LTable {
	return bind.NewModule("spectrum.net", bind.Functions{
		"connect": connect,
		"listen":  listen,
		"udp":     openUDP,
		"resolve": resolve,
		"srv":     lookupSRV,
	})
}

// connect is connect(address [, options]) → conn.
func connect(l *lua.LState) int {
	address := l.CheckString(1)
	network, target, err := parseAddress(address)
	if err != nil {
		l.ArgError(1, err.Error())
	}
	o := bind.OptionsAt(l, 2, "connect")
	timeout := o.Seconds("timeout", defaultTimeout)
	owner := o.Owner()
	secure := o.Bool("tls", false)
	settings := readTLS(l, o)
	via, err := readProxy(l, o)
	o.Done()
	if err != nil {
		return bind.Fail(l, err)
	}
	var conn net.Conn
	err = bind.WaitTimeout(l, timeout, func(ctx context.Context) (err error) {
		if conn, err = dial(ctx, via, network, target); err != nil || !secure {
			return err
		}
		if conn, err = handshake(ctx, conn, settings, hostOf(target)); err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		return bind.Fail(l, fmt.Errorf("cannot connect to %s: %w", address, plain(err)))
	}
	return bind.Return(l, newConn(conn, owner, settings, hostOf(target)))
}

// parseAddress takes "host:port", "[::1]:port" or "unix:/path" apart.
func parseAddress(address string) (network, target string, err error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if path == "" {
			return "", "", errors.New("a path is wanted behind unix:")
		}
		return "unix", path, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return "", "", fmt.Errorf("%q is no address: \"host:port\" or \"unix:/path\" is wanted", address)
	}
	return "tcp", net.JoinHostPort(host, port), nil
}

func hostOf(target string) string {
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		return ""
	}
	return host
}

// plain takes from an error what its reader knows already, such as the
// addresses that net.OpError repeats.
func plain(err error) error {
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, bind.ErrTimeout), errors.Is(err, context.DeadlineExceeded):
		return bind.ErrTimeout
	case errors.As(err, &dns):
		if dns.IsNotFound {
			return fmt.Errorf("there is no host %s", dns.Name)
		}
		if dns.IsTimeout {
			return fmt.Errorf("looking up %s: timeout", dns.Name)
		}
		return fmt.Errorf("looking up %s: %s", dns.Name, dns.Err)
	case errors.As(err, &op):
		var system *os.SyscallError
		if errors.As(op.Err, &system) {
			return system.Err
		}
		return op.Err
	}
	return err
}
