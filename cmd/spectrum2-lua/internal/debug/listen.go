package debug

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"spectrumlua/luabind/debugger/dap"
	"spectrumlua/runtime/crash"
)

// Listener serves the clients of an address, one after the other.
type Listener struct {
	listener net.Listener
	opts     dap.Options
	report   func(error)
	ready    chan struct{}
	once     sync.Once
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

// Listen serves clients at an address: HOST:PORT on the loopback interface, or the path of
// a Unix socket, which only the own user can open. report is called with the errors of
// clients. The caller must call Close.
func Listen(ctx context.Context, address string, o dap.Options, report func(error)) (*Listener, error) {
	l, err := listen(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Listener{listener: l, opts: o, report: report, ready: make(chan struct{}), cancel: cancel}
	s.opts.Ready = func() { s.once.Do(func() { close(s.ready) }) }
	s.running.Go(func() {
		defer crash.Guard()
		s.accept(ctx)
	})
	return s, nil
}

func listen(address string) (net.Listener, error) {
	if strings.Contains(address, "/") {
		_ = os.Remove(address + ".new")
		l, err := net.Listen("unix", address+".new")
		if err != nil {
			return nil, err
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		// Nobody finds the socket before it has its mode.
		if err = os.Chmod(address+".new", 0o600); err == nil {
			err = os.Rename(address+".new", address)
		}
		if err != nil {
			_ = l.Close()
			return nil, err
		}
		return l, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("%q is neither HOST:PORT nor the path of a socket, which contains a slash: %w", address, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("%s is not an address of this machine only: use 127.0.0.1, because who connects can run code", address)
	}
	return net.Listen("tcp", address)
}

// Address returns the address of the listener.
func (l *Listener) Address() string {
	if l.listener.Addr().Network() == "unix" {
		return strings.TrimSuffix(l.listener.Addr().String(), ".new")
	}
	return l.listener.Addr().String()
}

// WaitReady waits until a client has set its breakpoints.
func (l *Listener) WaitReady(ctx context.Context) error {
	select {
	case <-l.ready:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// acceptPause is the pause after an error of the listener.
const acceptPause = 100 * time.Millisecond

func (l *Listener) accept(ctx context.Context) {
	for ctx.Err() == nil {
		conn, err := l.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			l.report(err)
			select {
			case <-time.After(acceptPause):
			case <-ctx.Done():
			}
			continue
		}
		l.running.Go(func() {
			defer crash.Guard()
			if err := dap.Serve(ctx, conn, l.opts); errors.Is(err, dap.ErrGarbage) {
				l.report(err)
			}
		})
	}
}

// Close ends the clients and the listener.
func (l *Listener) Close() {
	l.cancel()
	_ = l.listener.Close()
	if path := l.Address(); strings.Contains(path, "/") {
		_ = os.Remove(path)
	}
	l.running.Wait()
}
