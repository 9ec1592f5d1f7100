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

// Spectrum listens for backends. It is safe for concurrent use, except that only one
// goroutine at a time may call Accept or AcceptConn.
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

// address returns host and port in the form that Spectrum passes to a backend.
func (s *Spectrum) address() (host, port string) {
	tcp := s.listener.Addr().(*net.TCPAddr)
	return tcp.IP.String(), strconv.Itoa(tcp.Port)
}

// Addr returns the address that backends connect to, as host:port.
func (s *Spectrum) Addr() string { return s.listener.Addr().String() }

// Args returns the arguments with which Spectrum starts its next backend, without the
// executable. Each call increments service.backend_id. The arguments of Spectrum itself,
// by default `-n CONFIG`, come last.
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

// Accept waits for the next backend, at most Options.Timeout.
func (s *Spectrum) Accept(ctx context.Context) (*Backend, error) {
	conn, err := s.AcceptConn(ctx)
	if err != nil {
		return nil, err
	}
	return s.attach(conn)
}

// attach returns a Backend that Close closes.
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

// AcceptConn is like Accept, but returns the connection, which the caller owns.
func (s *Spectrum) AcceptConn(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, s.opts.Timeout, fmt.Errorf("no backend connected to %s within %v", s.Addr(), s.opts.Timeout))
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
