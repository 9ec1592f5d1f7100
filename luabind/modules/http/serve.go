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

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// What a client may take, unless the options say otherwise.
const (
	defaultMaxBody     = 1 << 20
	defaultMaxRequests = 64
	defaultHandlerTime = 60 * time.Second
	maxRequestHeader   = 64 << 10
	maxConnections     = 256
	keptIdle           = 60 * time.Second
	closingTime        = 5 * time.Second // for answers that are on their way at the end
)

// patience is how long a client may take for its header, its body, and to take
// some of the answer.
type patience struct{ header, body, answer time.Duration }

// defaultPatience is made shorter by tests.
var defaultPatience = patience{header: 10 * time.Second, body: 30 * time.Second, answer: 30 * time.Second}

// server is a listening server. The listener and what answers are apart: when
// the script is loaded anew and serves on the same address, the one stays, with
// its connections, and the other is replaced.
type server struct {
	address     string
	http        *http.Server
	socket      *net.Socket
	resource    *task.Resource
	endpoint    atomic.Pointer[endpoint]
	certificate atomic.Pointer[tls.Certificate] // nil: without TLS
	closed      atomic.Bool
}

// serving is a server as a generation of the script holds it. The script lock guards
// it.
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
	// close() accepts no more. What is being answered gets five seconds. It does
	// nothing once a newer script serves there.
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

// olderServer is the server of an older generation of the script that a new one
// can take over, or nil.
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

// handOver has another endpoint answer: at once or, while its script is being
// loaded, when that has taken over. What the old one answers it finishes.
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

// serverCertificate is what to answer with in TLS, or nil to do without.
func serverCertificate(secure *net.TLS) (*tls.Certificate, error) {
	certificates, err := secure.Certificate()
	if err != nil || len(certificates) == 0 {
		return nil, err
	}
	return &certificates[0], nil
}

// cannotListen says what to do where another process has the port: Spectrum
// starts several for one transport.
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
	// In HTTP/2, one connection may bring hundreds of requests, and take its time
	// for each: the bounds of connections and of their header would bound nothing.
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
	e.runtime.Defer(func() { go s.run(limitConnections(socket, maxConnections)) })
	return s
}

// holds notes that the server keeps the VM of an endpoint in memory while that
// answers.
func (s *server) holds(e *endpoint) {
	e.runtime.HeldBy(e.name, func() bool { return s.closed.Load() || s.endpoint.Load() != e })
}

func (s *server) run(ln stdnet.Listener) {
	defer crash.Guard()
	if s.http.TLSConfig != nil {
		_ = s.http.ServeTLS(ln, "", "") // its error is that of the listener's end
		return
	}
	_ = s.http.Serve(ln)
}

// Close frees the address at once, and does not wait for what is being
// answered.
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
	if s.closed.Load() { // it came on a connection that was kept
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	s.endpoint.Load().serve(w, r)
}

// errorLog writes what net/http has to say into the runtime's log. Most of it
// is about clients, of whom anybody may be one.
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
