package link

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// pending reports whether conn has received data that is not read yet, and whether
// Spectrum's system has not confirmed all data that was written. The sending side must
// be closed. Both are true if the system cannot tell.
func pending(conn net.Conn) (unread, unsent bool) {
	unread, unsent = true, true
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCINQ); err == nil {
			unread = n > 0
		}
		// The end of the stream counts as one byte until it is confirmed.
		if n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ); err == nil {
			unsent = n > 1
		}
	})
	return
}
