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

// server is a listening server as scripts hold it. The listener and what
// answers are apart, so that one can stay while the other is replaced.
type server struct {
	address  string
	http     *http.Server
	listener stdnet.Listener
	resource *task.Resource
	endpoint atomic.Pointer[endpoint]
	closed   atomic.Bool
}

var serverClass = bind.NewClass("server", map[string]func(l *lua.LState, s *server) int{
	// close() accepts no more. What is being answered gets five seconds.
	"close": func(_ *lua.LState, s *server) int {
		_ = s.resource.Close()
		return 0
	},
}, map[string]func(l *lua.LState, s *server) lua.LValue{
	"address": func(_ *lua.LState, s *server) lua.LValue { return lua.LString(s.address) },
})

// serve is serve(address, fn [, options]) → server.
func serve(l *lua.LState) int {
	address, fn := l.CheckString(1), l.CheckFunction(2)
	o := bind.OptionsAt(l, 3, "serve")
	e := &endpoint{
		runtime: bind.RuntimeOf(l), fn: fn, owner: o.Owner(),
		maxBody: min(int64(o.Int("max_body", defaultMaxBody, 0)), bind.RuntimeOf(l).Lua.MaxString),
		limit:   o.Seconds("timeout", defaultHandlerTime),
		places:  make(chan struct{}, o.Int("max_requests", defaultMaxRequests, 1)),
		clients: defaultPatience,
	}
	secure := net.ReadCertificate(l, o)
	o.Done()
	config, err := serverTLS(secure)
	if err != nil {
		return bind.Fail(l, fmt.Errorf("TLS: %w", err))
	}
	ln, err := net.Listen(l, 1, address)
	if err != nil {
		return bind.Fail(l, cannotListen(address, err))
	}
	return bind.Return(l, serverClass.New(newServer(ln, config, e)))
}

// serverTLS is how to answer in TLS, or nil without a certificate.
func serverTLS(secure *net.TLS) (*tls.Config, error) {
	certificates, err := secure.Certificate()
	if err != nil || certificates == nil {
		return nil, err
	}
	return &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}, nil
}

// cannotListen says what to do where another process has the port: Spectrum
// starts several for one transport.
func cannotListen(address string, err error) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("cannot listen on %s: %w", address, net.Plain(err))
	}
	return fmt.Errorf("cannot listen on %s: the address is in use, by another program or by another backend process of this transport: "+
		"raise [service] users_per_backend so that one process serves all users, or let each process take a port of its own, as with port 0", address)
}

func newServer(ln stdnet.Listener, config *tls.Config, e *endpoint) *server {
	s := &server{address: net.AddressText(ln.Addr()), listener: ln}
	s.endpoint.Store(e)
	e.name = "the server on " + s.address
	s.http = &http.Server{
		Handler:           s,
		TLSConfig:         config,
		ReadHeaderTimeout: e.clients.header,
		IdleTimeout:       keptIdle,
		MaxHeaderBytes:    maxRequestHeader,
		ErrorLog:          log.New(&errorLog{log: e.runtime.Log, name: e.name}, "", 0),
	}
	s.resource = e.owner.Own(s)
	go s.run(limitConnections(ln, maxConnections))
	return s
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
	err := s.listener.Close()
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
