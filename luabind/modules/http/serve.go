package http

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	stdnet "net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"
	"golang.org/x/net/netutil"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// Limits for clients, unless the options set others.
const (
	defaultMaxBody     = 1 << 20
	defaultMaxRequests = 64
	defaultHandlerTime = 60 * time.Second
	maxRequestHeader   = 64 << 10
	maxConnections     = 256
	keptIdle           = 60 * time.Second
	closingTime        = 5 * time.Second // for running requests, after close
)

// patience holds the time limits for a client: to send its header, to send its
// body, and to make progress in reading the answer.
type patience struct{ header, body, answer time.Duration }

// defaultPatience is the patience of all servers. Tests shorten it.
var defaultPatience = patience{header: 10 * time.Second, body: 30 * time.Second, answer: 30 * time.Second}

// server is a listening server. A reload whose script serves on the same
// address keeps the server with its connections and replaces the endpoint.
type server struct {
	address     string
	http        *http.Server
	socket      *net.Socket
	resource    *task.Resource
	endpoint    atomic.Pointer[endpoint]
	certificate atomic.Pointer[tls.Certificate] // nil: no TLS
	closed      atomic.Bool
}

// serving is a server as one generation of the script holds it. The script
// lock guards it.
type serving struct {
	server   *server
	endpoint *endpoint
	closed   bool
}

// Opened implements bind.Opened.
func (s *serving) Opened() *task.Resource { return s.server.resource }

// Unattended implements bind.Unattended.
func (s *serving) Unattended() {}

var serverClass = bind.NewClass("server", map[string]func(l *lua.LState, s *serving) int{
	// close() stops accepting connections. Running requests get five seconds.
	// close does nothing if a newer script has taken over the server.
	"close": func(_ *lua.LState, s *serving) int {
		s.closed = true
		if s.server.endpoint.Load() == s.endpoint {
			_ = s.server.resource.Close()
		}
		return 0
	},
}, map[string]func(l *lua.LState, s *serving) lua.LValue{
	"address": func(_ *lua.LState, s *serving) lua.LValue { return lua.LString(s.server.address) },
})

// serve is serve(address, fn [, options]) → server.
func serve(l *lua.LState) int {
	address, fn := l.CheckString(1), l.CheckFunction(2)
	o := bind.OptionsAt(l, 3, "serve")
	e := &endpoint{
		runtime: bind.RuntimeOf(l), fn: fn, owner: o.Owner(),
		maxBody: min(int64(o.Int("max_body", defaultMaxBody, 0)), bind.RuntimeOf(l).Settings.MaxString),
		limit:   o.Seconds("timeout", defaultHandlerTime),
		places:  make(chan struct{}, o.Int("max_requests", defaultMaxRequests, 1)),
		clients: defaultPatience,
	}
	secure := net.ReadCertificate(l, o)
	o.Done()
	certificate, err := serverCertificate(secure)
	if err != nil {
		return bind.Fail(l, fmt.Errorf("TLS: %w", err))
	}
	place := net.PlaceOf(l, 1, address, e.owner)
	if s := olderServer(place, e.runtime, certificate != nil); s != nil {
		return bind.Return(l, serverClass.New(s.handOver(e, certificate)))
	}
	socket, err := place.Listen(l)
	if err != nil {
		return bind.Fail(l, cannotListen(address, err))
	}
	return bind.Return(l, serverClass.New(&serving{server: newServer(socket, certificate, e), endpoint: e}))
}

// olderServer returns the server of an older generation that a new one can
// take over, or nil.
func olderServer(place net.Place, rt *bind.Runtime, secure bool) *server {
	socket := place.Older(rt)
	if socket == nil {
		return nil
	}
	if s, ok := socket.Server.(*server); ok && secure == (s.certificate.Load() != nil) {
		return s
	}
	return nil
}

// handOver replaces the endpoint: at once or, while a script loads, when it
// takes over. The old endpoint finishes the requests that it has begun.
func (s *server) handOver(e *endpoint, certificate *tls.Certificate) *serving {
	e.name = "the server on " + s.address
	taking := &serving{server: s, endpoint: e}
	s.socket.Retain(e.runtime, func() {
		s.certificate.Store(certificate)
		s.endpoint.Store(e)
		s.holds(e)
		if taking.closed {
			_ = s.resource.Close()
		}
	})
	return taking
}

// serverCertificate returns the server's certificate, or nil for a server
// without TLS.
func serverCertificate(secure *net.TLS) (*tls.Certificate, error) {
	certificates, err := secure.Certificate()
	if err != nil || len(certificates) == 0 {
		return nil, err
	}
	return &certificates[0], nil
}

// cannotListen adds advice if the port is in use. Spectrum may start several
// processes for one transport, and only one of them can listen on the port.
func cannotListen(address string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return net.CannotListen(address, err)
	}
	return fmt.Errorf("cannot listen on %s: the address is in use, by another program or by another backend process of this transport: "+
		"raise [service] users_per_backend so that one process serves all users, or let each process take a port of its own, as with port 0", address)
}

func newServer(socket *net.Socket, certificate *tls.Certificate, e *endpoint) *server {
	s := &server{address: net.AddressText(socket.Addr()), socket: socket}
	s.endpoint.Store(e)
	s.certificate.Store(certificate)
	e.name = "the server on " + s.address
	s.http = &http.Server{
		Handler:           s,
		ReadHeaderTimeout: e.clients.header,
		IdleTimeout:       keptIdle,
		MaxHeaderBytes:    maxRequestHeader,
		ErrorLog:          log.New(&errorLog{log: e.runtime.Log, name: e.name}, "", 0),
	}
	// HTTP/2 is off: one connection could carry hundreds of slow requests, and
	// the limits of connections and headers would not apply to them.
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	if certificate != nil {
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return s.certificate.Load(), nil
		}}
	}
	s.holds(e)
	socket.Server = s
	s.resource = socket.Own(e.runtime, e.owner, s)
	e.runtime.Defer(func() { go s.run(netutil.LimitListener(socket, maxConnections)) })
	return s
}

// holds records that the server keeps an endpoint's VM in memory for as long
// as the endpoint answers.
func (s *server) holds(e *endpoint) {
	e.runtime.HeldBy(e.name, func() bool { return s.closed.Load() || s.endpoint.Load() != e })
}

func (s *server) run(ln stdnet.Listener) {
	defer crash.Guard()
	if s.http.TLSConfig != nil {
		_ = s.http.ServeTLS(ln, "", "") // it returns when the listener is closed
		return
	}
	_ = s.http.Serve(ln)
}

// Close frees the address at once. It does not wait for running requests.
func (s *server) Close() error {
	s.closed.Store(true)
	err := s.socket.Close()
	s.http.SetKeepAlivesEnabled(false)
	go func() {
		defer crash.Guard()
		ctx, cancel := context.WithTimeout(context.Background(), closingTime)
		defer cancel()
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close()
		}
	}()
	return err
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.closed.Load() { // the request came on a connection that was kept alive
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	s.endpoint.Load().serve(w, r)
}

// errorLog writes net/http's messages to the runtime's log. Most of them are
// about clients, so their level is debug.
type errorLog struct {
	log  logrus.FieldLogger
	name string
}

func (e *errorLog) Write(p []byte) (int, error) {
	text := strings.TrimRight(string(p), "\n")
	if strings.Contains(text, "Accept error") || strings.Contains(text, "panic") {
		e.log.Warnf("%s: %s", e.name, text)
	} else {
		e.log.Debugf("%s: %s", e.name, text)
	}
	return len(p), nil
}
