package files

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"strings"
	"syscall"

	"github.com/sirupsen/logrus"
	"golang.org/x/net/netutil"
	"golang.org/x/sys/unix"
)

// errForeign is the error for a port that a process with another folder uses. Requests
// would reach either process by chance.
var errForeign = errors.New("the address is in use by another program, or by a transport with another [files] folder: choose another port, or give both the same folder")

// listen listens on the port of the settings, together with the other processes that use
// the folder.
func (s *Service) listen(o *opened) (net.Listener, error) {
	alone, err := net.Listen("tcp", s.settings.Listen)
	switch {
	case err == nil && s.settings.AnyPort():
		return alone, nil
	case err == nil:
		_ = alone.Close()
	case !errors.Is(err, syscall.EADDRINUSE):
		return nil, unwrapped(err)
	case !o.instance.hasPeers():
		return nil, errForeign
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		return errors.Join(err, failed)
	}}
	ln, err := config.Listen(context.Background(), "tcp", s.settings.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, errForeign
	}
	return ln, unwrapped(err)
}

// unwrapped removes the address from an error of net.Listen, which names it twice.
func unwrapped(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// limit bounds the number of connections. Further clients wait in the system's queue.
func limit(ln net.Listener) net.Listener { return netutil.LimitListener(ln, maxConnections) }

// quiet writes net/http's messages to a log. They are about clients, so their level is
// debug.
func quiet(to logrus.FieldLogger) *log.Logger { return log.New(lines{to}, "", 0) }

type lines struct{ log logrus.FieldLogger }

var _ io.Writer = lines{}

func (l lines) Write(p []byte) (int, error) {
	l.log.Debugf("the file server: %s", strings.TrimRight(string(p), "\n"))
	return len(p), nil
}
