package admin

import (
	"net"

	"golang.org/x/sys/unix"
)

// credentials reports whether the system tells who is on the other side of a socket.
const credentials = true

// peerOf returns the user id of the process on the other side of a Unix socket. known is
// false if the system does not tell.
func peerOf(conn net.Conn) (uid int, known bool) {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, false
	}
	err = raw.Control(func(fd uintptr) {
		if cred, err := unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED); err == nil {
			uid, known = int(cred.Uid), true
		}
	})
	return uid, known && err == nil
}
