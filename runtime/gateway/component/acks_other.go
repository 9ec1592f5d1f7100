//go:build !linux

package component

import "net"

// quickAck returns a function that does nothing: only Linux can turn the delay off.
func quickAck(net.Conn) func() { return func() {} }
