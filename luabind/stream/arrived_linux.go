package stream

import (
	"crypto/tls"
	"syscall"

	"golang.org/x/sys/unix"
)

// Arrived reports, without waiting, whether a socket has something to read or to accept, or has
// ended. With TLS, that is the socket below. It returns false if nobody can tell.
func Arrived(socket any) (arrived bool) {
	if secure, ok := socket.(*tls.Conn); ok {
		socket = secure.NetConn()
	}
	conn, ok := socket.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Control(func(fd uintptr) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		arrived = err == nil && n > 0
	})
	return arrived || err != nil // it is closed
}
