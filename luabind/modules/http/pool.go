package http

import (
	"context"
	"crypto/tls"
	stdnet "net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/runtime/task"
)

// Bounds of what is kept open for the next requests.
const (
	maxTransports  = 32 // with different options
	maxIdle        = 64 // connections, of each
	maxIdlePerHost = 16
	idleTimeout    = 60 * time.Second
)

// Limits of steps that a request's own timeout does not end: Go finishes a
// connection for later requests even if nobody waits for it.
const (
	stepTimeout      = 30 * time.Second
	maxHeader        = 256 << 10 // of an answer, in bytes
	maxStreamBuffer  = 512 << 10 // of HTTP/2, what a stream takes that nobody reads
	maxSharedBuffer  = 8 << 20
	pingAfter        = 30 * time.Second // of silence in HTTP/2
	pingTimeout      = 15 * time.Second
	expectContinue   = time.Second
	tcpKeepAliveIdle = 30 * time.Second
)

// pools are the connections of each process's scripts: one in a program, more
// in its tests.
var pools sync.Map // *task.Owner → *pool

// pool keeps connections for the next requests. It ends with the owner of what
// belongs to no user. Its methods may be called from any goroutine.
type pool struct {
	process *task.Owner
	ctx     context.Context // of the connections
	cancel  context.CancelFunc

	mu         sync.Mutex
	transports map[string]*http.Transport
	order      []string // the longest unused first
	conns      map[*pooled]struct{}
}

// poolOf is called with the script lock.
func poolOf(rt *bind.Runtime) *pool {
	if p, ok := pools.Load(rt.Process); ok {
		return p.(*pool)
	}
	p := &pool{process: rt.Process, transports: map[string]*http.Transport{}, conns: map[*pooled]struct{}{}}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	pools.Store(rt.Process, p)
	rt.Process.Own(p)
	return p
}

// Close closes all connections. Requests that are under way fail.
func (p *pool) Close() error {
	pools.Delete(p.process)
	p.cancel()
	p.mu.Lock()
	transports, conns := p.transports, p.conns
	p.transports, p.conns = nil, nil
	p.mu.Unlock()
	for _, t := range transports { // not with mu, which the connections' Close takes
		t.CloseIdleConnections()
	}
	for conn := range conns {
		_ = conn.Conn.Close()
	}
	return nil
}

// transport is the one for these options.
func (p *pool) transport(secure *net.TLS, proxy *net.Proxy) (*http.Transport, error) {
	id := secure.ID() + proxy.ID()
	if t := p.find(id); t != nil {
		return t, nil
	}
	config, err := secure.Config()
	if err != nil {
		return nil, err
	}
	t := p.newTransport(config, proxy)
	if evicted := p.add(id, t); evicted != nil {
		evicted.CloseIdleConnections() // what it has under way goes on
	}
	return t, nil
}

func (p *pool) newTransport(config *tls.Config, proxy *net.Proxy) *http.Transport {
	return &http.Transport{
		Proxy:                  func(r *http.Request) (*url.URL, error) { return proxy.For(r.URL.Hostname()), nil },
		OnProxyConnectResponse: checkTunnel,
		DialContext:            p.dial,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    stepTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
		ExpectContinueTimeout:  expectContinue,
		MaxResponseHeaderBytes: maxHeader,
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: pingAfter, PingTimeout: pingTimeout,
			MaxReceiveBufferPerStream: maxStreamBuffer, MaxReceiveBufferPerConnection: maxSharedBuffer,
		},
	}
}

// find finds the transport of an id, which is then the one used last, or nil.
func (p *pool) find(id string) *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.transports[id]
	if t != nil {
		p.order = append(slices.DeleteFunc(p.order, func(other string) bool { return other == id }), id)
	}
	return t
}

// add keeps a transport and returns the one that has no place any more, if
// there is one.
func (p *pool) add(id string, t *http.Transport) (evicted *http.Transport) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.transports == nil { // the pool has ended, and with it whoever asks
		return nil
	}
	p.transports[id] = t
	p.order = append(p.order, id)
	if len(p.order) <= maxTransports {
		return nil
	}
	oldest := p.order[0]
	evicted = p.transports[oldest]
	delete(p.transports, oldest)
	p.order = p.order[1:]
	return evicted
}

// checkTunnel says of a proxy's refusal whose it is.
func checkTunnel(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return net.ByProxy(proxy, net.ProxyRefusal(answer))
}

// dial makes a connection that the pool can close.
func (p *pool) dial(ctx context.Context, network, address string) (stdnet.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	stop := context.AfterFunc(p.ctx, cancel)
	defer stop()
	conn, err := (&stdnet.Dialer{KeepAliveConfig: stdnet.KeepAliveConfig{Enable: true, Idle: tcpKeepAliveIdle}}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &pooled{Conn: conn, pool: p}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		_ = conn.Close()
		return nil, stdnet.ErrClosed
	}
	p.conns[c] = struct{}{}
	return c, nil
}

// pooled is a connection of the pool's.
type pooled struct {
	stdnet.Conn
	pool *pool
}

func (c *pooled) Close() error {
	c.pool.mu.Lock()
	delete(c.pool.conns, c)
	c.pool.mu.Unlock()
	return c.Conn.Close()
}
