package files

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"syscall"
)

// FillDisk leaves room for three bytes of each content, until restore.
func FillDisk() (restore func()) {
	before := toDisk
	toDisk = func(f *os.File) diskWriter { return fullDisk{f} }
	return func() { toDisk = before }
}

type fullDisk struct{ f *os.File }

func (d fullDisk) Write(p []byte) (int, error) { return short(p, d.f.Write) }

func (d fullDisk) WriteAt(p []byte, at int64) (int, error) {
	return short(p, func(p []byte) (int, error) { return d.f.WriteAt(p, at) })
}

func short(p []byte, write func([]byte) (int, error)) (int, error) {
	n, err := write(p[:min(3, len(p))])
	if err == nil && n < len(p) {
		err = syscall.ENOSPC
	}
	return n, err
}

// FillIndex lets the index have no more pages, until restore.
func (s *Service) FillIndex(ctx context.Context) (restore func(ctx context.Context) error, err error) {
	o, err := s.use()
	if err != nil {
		return nil, err
	}
	set := func(ctx context.Context, pages int) error {
		_, err := o.index.db.Exec(ctx, fmt.Sprint("PRAGMA max_page_count = ", pages))
		return err
	}
	return func(ctx context.Context) error { return set(ctx, 1<<30) }, set(ctx, 1) // the present number is the least
}

// MaxConnections is the number of clients that are served at the same time.
const MaxConnections = maxConnections

// ServeOn serves clients of a listener as Start does, until Close.
func (s *Service) ServeOn(ln net.Listener) error {
	if _, err := s.use(); err != nil {
		return err
	}
	c, err := s.certificate()
	if err != nil {
		return err
	}
	srv := s.newServer(ln, c)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server = srv
	srv.run(s, ln, closedListener{ln.Addr()})
	return nil
}

// closedListener is the listener for other processes that do not exist.
type closedListener struct{ addr net.Addr }

func (closedListener) Accept() (net.Conn, error) { return nil, http.ErrServerClosed }
func (closedListener) Close() error              { return nil }
func (l closedListener) Addr() net.Addr          { return l.addr }
