// Package files shares files under addresses that nobody can guess, over HTTP or HTTPS. It
// keeps them in a folder until they expire.
//
// All processes of a transport use the same folder and listen on the same port
// (SO_REUSEPORT), so each of them answers for each file. A file that a function makes
// belongs to one process; the others ask that process over a Unix socket in the folder
// (peers.go). The folder has:
//
//	index.sqlite      what is known about each file, and what counts for the quotas
//	data/TOKEN        the content of a file
//	run/ID.lock       locked by a process while it lives
//	run/ID.sock       where a process answers for its functions
package files

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/database"
)

// Errors of Service. They may be shown to users.
var (
	ErrOff       = errors.New("files are not shared: set [files] listen and public_url in the config")
	ErrClosed    = errors.New("the file server has been closed")
	ErrQuota     = errors.New("the files of the transport have reached their limit ([files] quota)")
	ErrUserQuota = errors.New("the files of this user have reached their limit ([files] user_quota)")
	ErrManySlots = errors.New("too many uploads of this user have not begun yet")
	ErrTooLarge  = errors.New("the file is too large ([files] max_size)")
	ErrFull      = errors.New("the disk is full")
	ErrSize      = errors.New("the file has another size than announced")
)

// sweepEvery is how often expired files and leftovers are removed.
const sweepEvery = time.Minute

// Options are the parts of a Service. Log is required.
type Options struct {
	Settings Settings
	Log      logrus.FieldLogger
	// Clock is the clock for the expiry. The default is clock.Real.
	Clock clock.Clock
}

// Service keeps and serves the files of a transport. It is safe for concurrent use.
type Service struct {
	settings Settings
	log      logrus.FieldLogger
	clock    clock.Clock
	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	running  sync.WaitGroup
	demands  demands

	mu     sync.Mutex
	open   *opened // nil until the folder is used
	server *server // nil until Start
	sweep  clock.Timer
	closed bool
}

// opened is the folder of a service that is in use.
type opened struct {
	index    *index
	folder   string
	instance *instance
}

// New returns a service. It does nothing until it is used.
func New(o Options) *Service {
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	s := &Service{settings: o.Settings, log: o.Log, clock: o.Clock, demands: newDemands()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Settings returns the settings.
func (s *Service) Settings() Settings { return s.settings }

// On reports whether the config has a file server.
func (s *Service) On() bool { return s != nil && s.settings.On() }

// use opens the folder if it is not open.
func (s *Service) use() (*opened, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.useLocked()
}

func (s *Service) useLocked() (*opened, error) {
	switch {
	case !s.settings.On():
		return nil, ErrOff
	case s.closed:
		return nil, ErrClosed
	case s.open != nil:
		return s.open, nil
	}
	o, err := openFolder(s.ctx, s.settings.Folder)
	if err != nil {
		return nil, fmt.Errorf("opening the folder of [files]: %w", plain(err))
	}
	s.open = o
	return o, nil
}

func openFolder(ctx context.Context, folder string) (_ *opened, err error) {
	for _, dir := range []string{folder, filepath.Join(folder, dataDir), filepath.Join(folder, runDir)} {
		if err := database.MakeFolder(dir); err != nil {
			return nil, err
		}
		if err := os.Chmod(dir, 0o700); err != nil { // users' files are nobody else's business
			return nil, err
		}
	}
	o := &opened{folder: folder}
	if o.index, err = openIndex(ctx, folder); err != nil {
		return nil, err
	}
	if o.instance, err = newInstance(filepath.Join(folder, runDir)); err != nil {
		return nil, errors.Join(err, o.index.close())
	}
	return o, nil
}

func (o *opened) close() error { return errors.Join(o.instance.close(), o.index.close()) }

// Start listens, if it does not listen yet. Files can be added before that.
func (s *Service) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.useLocked()
	if err != nil || s.server != nil {
		return err
	}
	certificate, err := s.certificate()
	if err != nil {
		return err
	}
	ln, err := s.listen(o)
	if err != nil {
		return s.failed(err)
	}
	local, err := o.instance.listen()
	if err != nil {
		_ = ln.Close()
		return s.failed(err)
	}
	s.server = s.newServer(ln, certificate)
	s.server.run(s, ln, local)
	s.schedule()
	return nil
}

func (s *Service) failed(err error) error {
	return fmt.Errorf("%s: [files] listen: %w", s.settings.where, err)
}

// certificate loads the certificate. It returns nil without TLS.
func (s *Service) certificate() (*certificate, error) {
	if s.settings.Cert == "" {
		return nil, nil
	}
	c := &certificate{cert: s.settings.Cert, key: s.settings.Key}
	if _, err := c.get(time.Now()); err != nil {
		return nil, fmt.Errorf("%s: [files] cert and key: %w", s.settings.where, err)
	}
	return c, nil
}

// schedule plans the next sweep. s.mu is held.
func (s *Service) schedule() {
	s.sweep = s.clock.AfterFunc(0, func() { s.background(s.sweepAgain) })
}

func (s *Service) sweepAgain() {
	s.Sweep(s.ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.sweep.Reset(sweepEvery)
	}
}

// background runs f on a goroutine that Close waits for. It returns false after Close.
func (s *Service) background(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.backgroundLocked(f)
}

func (s *Service) backgroundLocked(f func()) bool {
	if s.closed {
		return false
	}
	s.running.Go(func() {
		defer crash.Guard()
		f()
	})
	return true
}

// Close stops the server and ends running downloads. Files stay for the next process.
func (s *Service) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	server, open := s.server, s.open
	if s.sweep != nil {
		s.sweep.Stop()
	}
	s.mu.Unlock()
	s.cancel()
	if server != nil {
		server.close()
	}
	s.demands.close()
	s.running.Wait()
	if open != nil {
		return open.close()
	}
	return nil
}

// base returns the beginning of all addresses.
func (s *Service) base() (string, error) {
	if s.settings.PublicURL != "" {
		return s.settings.PublicURL, nil
	}
	if err := s.Start(); err != nil { // the port may be 0
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.server.address, nil
}

// Check reports whether the folder can be used and, unless another process of the transport
// does so, the port.
func Check(settings Settings) error {
	s := New(Options{Settings: settings, Log: logrus.New()})
	defer func() { _ = s.Close() }()
	o, err := s.use()
	if err != nil {
		return err
	}
	if _, err := s.certificate(); err != nil {
		return err
	}
	ln, err := s.listen(o)
	if err != nil {
		return s.failed(err)
	}
	return ln.Close()
}

// certificate is a certificate that is loaded again when its file changes.
type certificate struct {
	cert, key string

	mu      sync.Mutex
	loaded  *tls.Certificate
	changed time.Time
	checked time.Time
}

// certificateEvery is how often the file of the certificate is looked at.
const certificateEvery = time.Minute

func (c *certificate) get(now time.Time) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded != nil && now.Sub(c.checked) < certificateEvery {
		return c.loaded, nil
	}
	c.checked = now
	info, err := os.Stat(c.cert)
	if err == nil && (c.loaded == nil || !info.ModTime().Equal(c.changed)) {
		var pair tls.Certificate
		if pair, err = tls.LoadX509KeyPair(c.cert, c.key); err == nil {
			c.loaded, c.changed = &pair, info.ModTime()
		}
	}
	if c.loaded != nil { // a renewal may be in progress
		return c.loaded, nil
	}
	return nil, err
}

// Limits for clients.
const (
	maxConnections = 512
	headerTime     = 10 * time.Second
	idleTime       = 60 * time.Second
	maxHeader      = 16 << 10
)

// server is the HTTP server of a service.
type server struct {
	http    *http.Server
	address string // http://host:port
}

func (s *Service) newServer(ln net.Listener, c *certificate) *server {
	srv := &server{address: "http://" + ln.Addr().String(), http: &http.Server{
		Handler:           http.HandlerFunc(s.serve),
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          quiet(s.log),
	}}
	// HTTP/2 is off: one connection could carry hundreds of slow requests.
	srv.http.Protocols = new(http.Protocols)
	srv.http.Protocols.SetHTTP1(true)
	if c != nil {
		srv.address = "https://" + ln.Addr().String()
		srv.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return c.get(time.Now())
		}}
	}
	return srv
}

// run serves clients and other processes. s.mu is held.
func (srv *server) run(s *Service, ln, local net.Listener) {
	s.backgroundLocked(func() {
		if srv.http.TLSConfig != nil {
			_ = srv.http.ServeTLS(limit(ln), "", "") // it returns when the listener is closed
			return
		}
		_ = srv.http.Serve(limit(ln))
	})
	peers := &http.Server{
		Handler: http.HandlerFunc(s.servePeer), ReadHeaderTimeout: headerTime, IdleTimeout: idleTime,
		ErrorLog: srv.http.ErrorLog,
	}
	context.AfterFunc(s.ctx, func() { _ = peers.Close() })
	s.backgroundLocked(func() { _ = peers.Serve(limit(local)) })
}

func (srv *server) close() { _ = srv.http.Close() }

// plain returns ErrFull for the errors that mean it.
func plain(err error) error {
	if full(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
