package link

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

// dialTimeout is how long the one attempt to connect may take.
const dialTimeout = 10 * time.Second

// Dial makes one attempt to connect to Spectrum at host:port. The error names
// the address; Errno finds the errno in it.
func Dial(ctx context.Context, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot connect to Spectrum at %s: %w (Spectrum gives its address with --host and --port; is it running there?)", address, err)
	}
	return conn, nil
}

// Errno is the errno that stands for a failed Dial or Run: EHOSTUNREACH for a
// host that is not found, otherwise the one in err if there is one, ETIMEDOUT for a timeout, and EIO
// for anything else.
func Errno(err error) syscall.Errno {
	var errno syscall.Errno
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns): // the errno in it is a name server's
		return syscall.EHOSTUNREACH
	case errors.As(err, &errno):
		return errno
	case errors.As(err, &timeout) && timeout.Timeout():
		return syscall.ETIMEDOUT
	}
	return syscall.EIO
}
