// Package net implements the module spectrum.net: connections over TCP, TLS
// and Unix sockets, UDP sockets, and name lookups. A call that waits suspends
// the task and lets other tasks and handlers run.
//
// It exports what other modules need: Target makes connections, TLS and Proxy
// read their options, and Plain, Explain and EndText turn errors into messages
// for scripts.
package net

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.net.
var Module = bind.Module{Name: "spectrum.net", Open: open}

// defaultTimeout limits the time to connect, all steps together (lookup,
// proxy, TLS). The option timeout overrides it.
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
	settings := readTLSAndALPN(l, o)
	via, err := ReadProxy(l, o, "connect")
	o.Done()
	if err := cmp.Or(err, bind.RuntimeOf(l).Policy.CheckNetwork(network)); err != nil {
		return bind.Fail(l, err)
	}
	t := &Target{Network: network, Address: target, Proxy: via}
	if secure {
		t.TLS = settings
	}
	conn, err := t.Connect(l, timeout)
	if err != nil {
		return bind.Fail(l, fmt.Errorf("cannot connect to %s: %w", address, err))
	}
	return bind.Return(l, newConn(conn, owner, settings, t.host()))
}

// parseAddress splits "host:port", "[::1]:port" or "unix:/path".
func parseAddress(address string) (network, target string, err error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if path == "" {
			return "", "", errors.New("unix: needs a path, as in unix:/path")
		}
		return "unix", path, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		if strings.Contains(address, "@") { // probably a URL; do not repeat its password
			return "", "", errors.New("not an address: write \"host:port\" or \"unix:/path\"")
		}
		return "", "", fmt.Errorf("%q is not an address: write \"host:port\" or \"unix:/path\"", address)
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

// Target says where to connect to, and how.
type Target struct {
	Network string // "tcp" or "unix"
	Address string // "host:port", or a path
	Proxy   *Proxy
	TLS     *TLS // nil: no TLS

	step string // the current step, for the message of a timeout; "" while connecting to the peer
}

// Connect waits for the connection. Its errors are ready to be shown to a
// script. Connect raises if the task is cancelled, and leaves nothing open.
func (t *Target) Connect(l *lua.LState, timeout time.Duration) (net.Conn, error) {
	var conn net.Conn
	finished := false
	defer func() {
		if !finished && conn != nil { // the connection succeeded as the task was cancelled
			_ = conn.Close()
		}
	}()
	err := bind.WaitTimeout(l, timeout, func(ctx context.Context) (err error) {
		conn, err = t.Dial(ctx)
		return err
	})
	finished = true
	if t.step != "" && errors.Is(err, bind.ErrTimeout) {
		return nil, fmt.Errorf("%w (%s)", bind.ErrTimeout, t.step)
	}
	if err != nil {
		return nil, err
	}
	return conn, nil
}

func (t *Target) host() string {
	if t.Network == "unix" {
		return ""
	}
	return hostOf(t.Address)
}

// Dial connects once, on any goroutine. Its errors are ready to be shown to a
// script.
func (t *Target) Dial(ctx context.Context) (net.Conn, error) {
	conn, err := t.dial(ctx)
	if err != nil || t.TLS == nil {
		return conn, err
	}
	t.step = "TLS"
	secure, err := t.TLS.Handshake(ctx, conn, t.host())
	if err != nil {
		return nil, err
	}
	return secure, nil
}

func (t *Target) dial(ctx context.Context) (net.Conn, error) {
	via := t.Proxy.For(t.host())
	if via == nil || t.Network == "unix" {
		conn, err := (&net.Dialer{}).DialContext(ctx, t.Network, t.Address)
		if err != nil {
			return nil, Plain(err)
		}
		return conn, nil
	}
	t.step = "the proxy " + via.Host
	conn, err := dialProxy(ctx, via, t.Address)
	if err != nil {
		return nil, ByProxy(via, Plain(err))
	}
	return conn, nil
}
