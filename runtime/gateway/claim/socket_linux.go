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
)

// takeSockets listens on sockets in Linux's abstract namespace, which have names but no
// files: one for each name of the XMPP server. They stop processes with different working
// directories. Nothing is sent over them: a connection only tells the process id of the other
// end.
func takeSockets(id identity) ([]io.Closer, error) {
	var all []io.Closer
	for _, server := range id.servers {
		name := fmt.Sprintf("@spectrum2-lua.serve.%x", sha256.Sum256([]byte(id.jid+" at "+server)))
		l, err := net.Listen("unix", name)
		if err == nil {
			all = append(all, l)
			continue
		}
		closeAll(all)
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil, &TakenError{JID: id.jid, Process: peer(name)}
		}
		return nil, fmt.Errorf("claiming %s: %w", id.jid, err)
	}
	return all, nil
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
		return "this process"
	}
	return describe(pid)
}
