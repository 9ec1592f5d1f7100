package claim

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"spectrumlua/runtime/config"
)

// takeSocket listens on a socket in Linux's abstract namespace, which has a name but no
// file. It stops processes with different working directories. Nothing is sent over it:
// a connection only tells the process id of the other end.
func takeSocket(c *config.Config) (io.Closer, error) {
	name := fmt.Sprintf("@spectrum2-lua.serve.%x", sha256.Sum256([]byte(c.JID()+" at "+address(c))))
	l, err := net.Listen("unix", name)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &TakenError{JID: c.JID(), Process: peer(name)}
	case err != nil:
		return nil, fmt.Errorf("claiming %s: %w", c.JID(), err)
	}
	return l, nil
}

// peer describes the process that listens on a socket.
func peer(name string) string {
	const unknown = "another process of spectrum2-lua serve"
	conn, err := net.Dial("unix", name)
	if err != nil {
		return unknown
	}
	defer conn.Close() //nolint:errcheck // nothing was sent
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return unknown
	}
	pid := 0
	_ = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			pid = int(cred.Pid)
		}
	})
	switch pid {
	case 0: // a process in another container
		return unknown
	case os.Getpid():
		return "this process, with another config file"
	}
	return describe(pid)
}
