package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// Spectrum listens for backends, as a Spectrum does. Its methods may be called
// from any goroutine; Accept and AcceptConn by one at a time.
type Spectrum struct {
	opts     Options
	listener *net.TCPListener

	mu       sync.Mutex
	lastID   int
	closed   bool
	accepted []*Backend
}

// Loopback addresses for Listen; the system chooses the port.
const (
	IPv4 = "127.0.0.1:0"
	IPv6 = "[::1]:0"
)

// Listen opens a port for backends; an empty address means IPv4.
func Listen(address string, o Options) (*Spectrum, error) {
	if address == "" {
		address = IPv4
	}
	tcp, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", tcp)
	if err != nil {
		return nil, err
	}
	return &Spectrum{opts: o.withDefaults(), listener: listener}, nil
}

// Host and port, as Spectrum tells them to a backend.
func (s *Spectrum) address() (host, port string) {
	tcp := s.listener.Addr().(*net.TCPAddr)
	return tcp.IP.String(), strconv.Itoa(tcp.Port)
}

// Addr is where backends connect to, as host:port.
func (s *Spectrum) Addr() string { return s.listener.Addr().String() }

// Args is the argument vector, without the executable, with which Spectrum
// starts its next backend: each call counts on service.backend_id. What
// Spectrum has on its own command line, by default `-n CONFIG`, comes last.
func (s *Spectrum) Args(configFile string, ownArgs ...string) []string {
	s.mu.Lock()
	s.lastID++
	id := s.lastID
	s.mu.Unlock()
	if ownArgs == nil {
		ownArgs = []string{"-n", configFile}
	}
	host, port := s.address()
	args := []string{"--host", host, "--port", port, "--service.backend_id=" + strconv.Itoa(id)}
	return append(args, ownArgs...)
}

// Accept waits for the next backend to connect, for no longer than
// Options.Timeout.
func (s *Spectrum) Accept(ctx context.Context) (*Backend, error) {
	conn, err := s.AcceptConn(ctx)
	if err != nil {
		return nil, err
	}
	return s.attach(conn)
}

// attach makes a Backend that Close closes.
func (s *Spectrum) attach(conn net.Conn) (*Backend, error) {
	b := Attach(conn, s.opts)
	s.mu.Lock()
	closed := s.closed
	if !closed {
		s.accepted = append(s.accepted, b)
	}
	s.mu.Unlock()
	if closed {
		b.Close()
		return nil, net.ErrClosed
	}
	return b, nil
}

// AcceptConn is Accept for those who want to speak the protocol themselves.
// The connection is the caller's.
func (s *Spectrum) AcceptConn(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Timeout, fmt.Errorf("no backend has connected to %s within %v", s.Addr(), s.opts.Timeout))
	defer cancel()
	if err := s.listener.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = s.listener.SetDeadline(time.Now())
		close(interrupted)
	})
	conn, err := s.listener.AcceptTCP()
	if !stop() {
		<-interrupted
	}
	switch {
	case err == nil:
		return conn, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, context.Cause(ctx)
	}
	return nil, err
}

// Close stops listening and closes the connections of all accepted backends.
func (s *Spectrum) Close() {
	s.mu.Lock()
	s.closed = true
	accepted := s.accepted
	s.accepted = nil
	s.mu.Unlock()
	_ = s.listener.Close()
	for _, b := range accepted {
		b.Close()
	}
}
