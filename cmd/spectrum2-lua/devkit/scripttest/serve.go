package scripttest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind"
	"spectrumlua/luabind/bind"
	netmodule "spectrumlua/luabind/modules/net"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/task"
)

// peer is a server of a test. The script lock guards it.
type peer struct {
	world    *world
	listener net.Listener
	host     string      // on which the server listens
	names    []string    // further names in the certificate
	tls      bool        // all connections use TLS
	made     *tls.Config // the certificate; nil before its first use
	handler  *lua.LFunction
	runtime  *bind.Runtime
	owner    *task.Owner

	conns  *lua.LTable   // the metatable of connections
	count  int           // connections so far
	busy   int           // connections that are being served
	change chan struct{} // closed when count or busy changes; nil if nobody waits
}

var peerClass = bind.NewClass("peer", map[string]func(l *lua.LState, p *peer) int{
	// close() refuses new connections; open ones remain.
	"close": func(_ *lua.LState, p *peer) int { _ = p.listener.Close(); return 0 },
	// wait([connections [, seconds]]) waits until fn has returned for this number of
	// connections, by default 1.
	"wait": waitPeer,
}, map[string]func(l *lua.LState, p *peer) lua.LValue{
	"address": func(_ *lua.LState, p *peer) lua.LValue { return lua.LString(p.listener.Addr().String()) },
	"host":    func(_ *lua.LState, p *peer) lua.LValue { return lua.LString(p.at().IP.String()) },
	"port":    func(_ *lua.LState, p *peer) lua.LValue { return lua.LNumber(p.at().Port) },
	"count":   func(_ *lua.LState, p *peer) lua.LValue { return lua.LNumber(p.count) },
	"ca": func(l *lua.LState, p *peer) lua.LValue {
		if _, err := p.certificate(); err != nil {
			bind.Raise(l, "ca: %v", err)
		}
		return lua.LString(p.ca())
	},
})

func (p *peer) at() *net.TCPAddr { return p.listener.Addr().(*net.TCPAddr) }

// ca returns the path of the certificate.
func (p *peer) ca() string {
	return filepath.Join(p.world.dir, fmt.Sprintf("peer-%d.pem", p.at().Port))
}

// certificate returns the server's side of TLS. The first call creates the certificate.
func (p *peer) certificate() (_ *tls.Config, err error) {
	if p.made == nil {
		p.made, err = certificate(p.host, p.names, p.ca())
	}
	return p.made, err
}

// serve implements t:serve(fn [, options]) → peer. It runs fn(conn, n) in its own task for
// each connection, counted from 1, and closes the connection when fn returns. With tls =
// true it accepts TLS; otherwise fn may call conn:starttls. peer.ca is the file to trust.
func serve(l *lua.LState, w *world) int {
	fn := l.CheckFunction(2)
	o := bind.OptionsAt(l, 3, "serve")
	secure, host := o.Bool("tls", false), o.String("host", "127.0.0.1")
	port, names := o.Int("port", 0, 0), o.Strings("names")
	o.Done()
	listener, err := net.Listen("tcp", net.JoinHostPort(host, fmt.Sprint(port)))
	if err != nil {
		bind.Raise(l, "serve: %v", err)
	}
	p := &peer{world: w, listener: listener, host: host, names: names, tls: secure, handler: fn, runtime: bind.RuntimeOf(l), owner: bind.RuntimeOf(l).Process}
	p.conns = connMetatable(p)
	p.owner.Own(listener)
	if secure {
		if _, err := p.certificate(); err != nil {
			bind.Raise(l, "serve: %v", err)
		}
	}
	p.owner.Spawn("", p.accept)
	return bind.Return(l, peerClass.New(p))
}

// accept accepts connections until the listener is closed.
func (p *peer) accept(t *task.Task) {
	for {
		var conn net.Conn
		err := t.Wait(func(ctx context.Context) (err error) {
			defer context.AfterFunc(ctx, func() { _ = p.listener.Close() })()
			defer t.Input(func() bool { return stream.Arrived(p.listener) })()
			conn, err = p.listener.Accept()
			return err
		})
		if conn == nil {
			return
		}
		if err != nil {
			_ = conn.Close()
			return
		}
		p.count++
		p.busy++
		n := p.count
		p.owner.Spawn("", func(t *task.Task) { p.talk(t, conn, n) })
	}
}

// talk runs the test's function for one connection.
func (p *peer) talk(t *task.Task, conn net.Conn, n int) {
	defer func() {
		p.busy--
		if p.change != nil {
			close(p.change)
			p.change = nil
		}
	}()
	if p.tls {
		secure := tls.Server(conn, p.made)
		err := t.Wait(func(ctx context.Context) error { return secure.HandshakeContext(ctx) })
		if err != nil {
			_ = conn.Close() // a script may reject the certificate
			return
		}
		conn = secure
	}
	ud := netmodule.NewConn(conn, p.owner)
	ud.Metatable = p.conns
	err := p.runtime.Call(t, p.handler, []lua.LValue{ud, lua.LNumber(n)}, nil)
	closeConn(p.runtime, t, ud)
	if err == nil || t.Err() != nil {
		return
	}
	text := err.Error()
	var problem *luabind.ScriptError
	if errors.As(err, &problem) {
		text = problem.Message + calls(problem.Traceback)
	}
	p.world.fail(fmt.Sprintf("%s\n  (in the function of t:serve, connection %d)", text, n))
}

// closeConn calls the method close of the connection.
func closeConn(rt *bind.Runtime, t *task.Task, ud *lua.LUserData) {
	fn := bind.Function("close", func(l *lua.LState) int { return callMethod(l, ud, "close", 0) })
	_ = rt.Call(t, fn, nil, nil) // it fails only if the task is cancelled
}

// waitPeer implements peer:wait([connections [, seconds]]).
func waitPeer(l *lua.LState, p *peer) int {
	wanted := l.OptInt(2, 1)
	late, stop := p.world.after(p.world.limit(l, 3))
	defer stop()
	for p.count < wanted || p.busy > 0 {
		if p.change == nil {
			p.change = make(chan struct{})
		}
		change := p.change
		err := waitFor(late, l, func(ctx context.Context) error {
			select {
			case <-change:
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		})
		if err != nil {
			bind.Raise(l, "the peer is not done: %d of %d connections have arrived, and %d are open%s",
				p.count, wanted, p.busy, p.world.seen(nil))
		}
	}
	return 0
}

// freePort implements t:free_port(). It returns an unused port of this machine, for a script
// that listens.
func freePort(l *lua.LState, _ *world) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		bind.Raise(l, "free_port: %v", err)
	}
	defer func() { _ = listener.Close() }()
	return bind.Return(l, lua.LNumber(listener.Addr().(*net.TCPAddr).Port))
}
