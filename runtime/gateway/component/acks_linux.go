package component

import (
	"net"
	"syscall"
)

// quickAck returns a function that makes the system acknowledge received data without a
// delay. Prosody leaves Nagle's algorithm on: it holds a stanza back until the previous
// one is acknowledged, up to 40 ms. The option does not last, so call the function after
// each read. Errors only mean that the delay stays.
func quickAck(conn net.Conn) func() {
	const tcpQuickAck = 0xc // of linux/tcp.h
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return func() {}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return func() {}
	}
	set := func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpQuickAck, 1)
	}
	return func() { _ = raw.Control(set) }
}
