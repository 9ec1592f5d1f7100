package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFailedDialHasTheAddressAndAnErrno(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := listener.Addr().String()
	listener.Close()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	late, cancelLate := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancelLate()
	cases := []struct {
		name    string
		ctx     context.Context
		address string
		errno   syscall.Errno
	}{
		{"nobody listens", t.Context(), nobody, syscall.ECONNREFUSED},
		{"no such host", t.Context(), "spectrum..invalid:10000", syscall.EHOSTUNREACH}, // an invalid name, so that no name server is asked
		{"canceled", canceled, nobody, syscall.EIO},
		{"timeout", late, nobody, syscall.ETIMEDOUT},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			conn, err := Dial(c.ctx, c.address)
			if err == nil {
				conn.Close()
				t.Fatal("Dial succeeds")
			}
			if !strings.Contains(err.Error(), "cannot connect to Spectrum at "+c.address+": ") {
				t.Errorf("%q does not name the address", err)
			}
			if errno := Errno(err); errno != c.errno {
				t.Errorf("%v is %d (%v), want %d (%v)", err, errno, errno, c.errno, c.errno)
			}
		})
	}
}

func TestErrnoOfErrors(t *testing.T) {
	cases := []struct {
		name string
		err  error
		want syscall.Errno
	}{
		{"an errno", syscall.EPIPE, syscall.EPIPE},
		{"a wrapped errno", fmt.Errorf("writing: %w", &net.OpError{Op: "write", Err: os.NewSyscallError("write", syscall.ECONNRESET)}), syscall.ECONNRESET},
		{"a timeout", fmt.Errorf("late: %w", os.ErrDeadlineExceeded), syscall.ETIMEDOUT},
		{"a context's deadline", fmt.Errorf("late: %w", context.DeadlineExceeded), syscall.ETIMEDOUT},
		{"a host that is not found", &net.DNSError{Err: "no such host", IsNotFound: true}, syscall.EHOSTUNREACH},
		{"a name server that refuses", &net.DNSError{Err: "refused", UnwrapErr: os.NewSyscallError("read", syscall.ECONNREFUSED)}, syscall.EHOSTUNREACH},
		{"a name server that is late", &net.DNSError{Err: "timeout", IsTimeout: true}, syscall.EHOSTUNREACH},
		{"anything else", io.ErrUnexpectedEOF, syscall.EIO},
		{"several", errors.Join(io.ErrUnexpectedEOF, syscall.EPIPE), syscall.EPIPE},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Errno(c.err); got != c.want {
				t.Errorf("%d (%v), want %d (%v)", got, got, c.want, c.want)
			}
		})
	}
}
