package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// dialTimeout is the time limit for connecting.
const dialTimeout = 10 * time.Second

// Dial tries once to connect to Spectrum at host:port. Errno returns the errno of
// its error.
func Dial(ctx context.Context, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to Spectrum at %s: %w (Spectrum gives its address with --host and --port; is it running there?)", address, err)
	}
	return conn, nil
}

// Errno returns the errno for an error of Dial or Run: EHOSTUNREACH if the host is
// not found, otherwise the errno in err, otherwise ETIMEDOUT for a timeout and EIO
// for all other errors.
func Errno(err error) syscall.Errno {
	var errno syscall.Errno
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns): // an errno in it would be about the name server
		return syscall.EHOSTUNREACH
	case errors.As(err, &errno):
		return errno
	case errors.As(err, &timeout) && timeout.Timeout():
		return syscall.ETIMEDOUT
	}
	return syscall.EIO
}
