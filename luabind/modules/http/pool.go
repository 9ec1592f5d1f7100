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

// Limits of the connections that are kept for later requests.
const (
	maxTransports  = 32 // one for each set of options
	maxIdle        = 64 // connections of each transport
	maxIdlePerHost = 16
	idleTimeout    = 60 * time.Second
)

// Limits of the steps that a request's own timeout does not end. Go completes
// a connection for later requests even after its request has ended.
const (
	stepTimeout      = 30 * time.Second
	maxHeader        = 256 << 10 // bytes of an answer's header
	maxStreamBuffer  = 512 << 10 // bytes of an HTTP/2 stream that wait to be read
	maxSharedBuffer  = 8 << 20
	pingAfter        = 30 * time.Second // of silence in HTTP/2
	pingTimeout      = 15 * time.Second
	expectContinue   = time.Second
	tcpKeepAliveIdle = 30 * time.Second
)

// pools holds the pool of each process. A program has one process; its tests
// have several.
var pools sync.Map // *task.Owner → *pool

// pool keeps connections for later requests. It ends with the process's owner.
// Its methods are safe for concurrent use.
type pool struct {
	process *task.Owner
	ctx     context.Context // ends all connections
	cancel  context.CancelFunc

	mu         sync.Mutex
	transports map[string]*http.Transport
	order      []string // ids, the least recently used first
	conns      map[*pooled]struct{}
}

// poolOf returns the process's pool and creates it if needed. The caller holds
// the script lock.
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

// Close closes all connections. Requests that are running fail.
func (p *pool) Close() error {
	pools.Delete(p.process)
	p.cancel()
	p.mu.Lock()
	transports, conns := p.transports, p.conns
	p.transports, p.conns = nil, nil
	p.mu.Unlock()
	for _, t := range transports { // without mu, which the connections' Close takes
		t.CloseIdleConnections()
	}
	for conn := range conns {
		_ = conn.Conn.Close()
	}
	return nil
}

// transport returns the transport for these options and creates it if needed.
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
		evicted.CloseIdleConnections() // its running requests continue
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

// find returns the transport with this id and marks it as the last one used. It
// returns nil if the pool has no transport with the id.
func (p *pool) find(id string) *http.Transport {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.transports[id]
	if t != nil {
		p.order = append(slices.DeleteFunc(p.order, func(other string) bool { return other == id }), id)
	}
	return t
}

// add adds a transport. It returns the transport that had to make way for it,
// or nil.
func (p *pool) add(id string, t *http.Transport) (evicted *http.Transport) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.transports == nil { // the pool has ended; the caller's task ends too
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

// checkTunnel marks the proxy's refusal of a tunnel as an error of the proxy.
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

// pooled is a connection that belongs to a pool.
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
