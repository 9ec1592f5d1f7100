// Package dashboard serves a page that shows running transports and reloads them. It asks
// their processes through the admin sockets, and keeps the figures of an hour itself.
//
// The page needs no JavaScript; with it, server-sent events keep the page up to date. Guard
// says which requests are accepted.
package dashboard

import (
	"context"
	"errors"
	"io"
	stdlog "log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"spectrumlua/runtime/crash"
)

// Limits of the server.
const (
	maxConnections = 64
	maxHeader      = 16 << 10 // bytes
	maxForm        = 4 << 10  // bytes
	headerTime     = 10 * time.Second
	answerTime     = 30 * time.Second // for a request, or a part of a stream
	idleTime       = time.Minute
)

// DefaultEvery is how often a dashboard asks the processes.
const DefaultEvery = 5 * time.Second

// Options configure a Dashboard. Files is required.
type Options struct {
	// Files are the config files of the transports.
	Files []string
	// Public is how other machines reach the page.
	Public Public
	// Every is how often the processes are asked. The default is DefaultEvery.
	Every time.Duration
}

// Dashboard collects the figures of transports and serves the page. It is safe for
// concurrent use.
type Dashboard struct {
	opts  Options
	guard *guard
	// token opens the page, and form protects its buttons.
	token, form string
	// sampling allows one sample at a time.
	sampling sync.Mutex
	again    chan struct{} // holds a token if a sample is wanted at once

	// mu guards the fields below.
	mu      sync.Mutex
	state   state
	viewed  time.Time                  // when somebody last looked
	streams map[chan struct{}]struct{} // each gets a token after a sample
}

// New returns a dashboard. Run starts it.
func New(o Options) *Dashboard {
	if o.Every <= 0 {
		o.Every = DefaultEvery
	}
	o.Files = unique(o.Files)
	d := &Dashboard{
		opts: o, token: secretText(), form: secretText(), again: make(chan struct{}, 1),
		streams: map[chan struct{}]struct{}{},
	}
	d.guard = &guard{token: d.token, session: secretText(), public: o.Public}
	d.state.transports = map[string]*history{}
	return d
}

// unique returns the different texts of a list, in their order.
func unique(all []string) []string {
	var kept []string
	for _, text := range all {
		if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	return kept
}

// ErrNotLoopback is the error of Listen for an address that other machines reach.
var ErrNotLoopback = errors.New("the page has no encryption, so it is for this machine only: listen on 127.0.0.1 and use an SSH tunnel, " +
	"or name with --public the address of a proxy with TLS")

// Listen listens on an address. Without Options.Public, only an address of this machine is
// accepted.
func (d *Dashboard) Listen(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if d.opts.Public.host == "" && host == "localhost" {
		_, port, _ := net.SplitHostPort(address)
		address = net.JoinHostPort("127.0.0.1", port)
	} else if ip := net.ParseIP(host); d.opts.Public.host == "" && (ip == nil || !ip.IsLoopback()) {
		return nil, ErrNotLoopback
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	d.guard.listen(l.Addr())
	return l, nil
}

// URL returns the address that opens the page, after Listen.
func (d *Dashboard) URL() string {
	return d.guard.url() + "?" + tokenKey + "=" + d.token
}

// Run samples and serves until ctx is done. It closes the listener.
func (d *Dashboard) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: d.handler(), ReadHeaderTimeout: headerTime, ReadTimeout: answerTime, WriteTimeout: answerTime,
		IdleTimeout: idleTime, MaxHeaderBytes: maxHeader, ErrorLog: stdlog.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	var running sync.WaitGroup
	defer running.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	running.Go(func() {
		defer crash.Guard()
		d.watch(ctx)
	})
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	err := server.Serve(netutil.LimitListener(l, maxConnections))
	if errors.Is(err, http.ErrServerClosed) && ctx.Err() != nil {
		return nil
	}
	return err
}

// watch samples at once, and then regularly.
func (d *Dashboard) watch(ctx context.Context) {
	every := time.NewTicker(d.opts.Every)
	defer every.Stop()
	for {
		d.sample(ctx)
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		case <-d.again:
		}
	}
}

// handler returns the routes behind the guard.
func (d *Dashboard) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.page)
	mux.HandleFunc("GET /events", d.events)
	mux.HandleFunc("POST /reload", d.act(reload))
	mux.HandleFunc("POST /log-level", d.act(setLevel))
	for name, kind := range assets {
		mux.HandleFunc("GET /"+name, asset(name, kind))
	}
	return d.guard.protect(mux)
}
