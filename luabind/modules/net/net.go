// Package net is the module spectrum.net: connections over TCP, TLS, Unix
// sockets and UDP, and names. Whatever waits looks like a plain call.
//
// What other modules need of it is exported: how a connection is made (Target),
// the options of TLS and of proxies, and errors fit to be shown.
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
	settings := readTLSAndALPN(l, o)
	via, err := ReadProxy(l, o, "connect")
	o.Done()
	if err := cmp.Or(err, checkSandbox(bind.RuntimeOf(l), network)); err != nil {
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

// parseAddress takes "host:port", "[::1]:port" or "unix:/path" apart.
func parseAddress(address string) (network, target string, err error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if path == "" {
			return "", "", errors.New("a path is wanted behind unix:")
		}
		return "unix", path, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" {
		if strings.Contains(address, "@") { // a URL, which may have a password
			return "", "", errors.New("it is no address: \"host:port\" or \"unix:/path\" is wanted")
		}
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

// Target is what to connect to, and how.
type Target struct {
	Network string // "tcp" or "unix"
	Address string // "host:port", or a path
	Proxy   *Proxy
	TLS     *TLS // nil: without

	step string // what is being waited for, where it is not the peer itself
}

// Connect waits for the connection. The error is fit to be shown. If the task
// is cancelled, Connect raises and leaves nothing open.
func (t *Target) Connect(l *lua.LState, timeout time.Duration) (net.Conn, error) {
	var conn net.Conn
	finished := false
	defer func() {
		if !finished && conn != nil { // made in the instant of the cancellation
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

// Dial makes the connection, once, on any goroutine. The error is fit to be
// shown.
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
