package baseline

import (
	"errors"
	"net"
	"slices"
)

// Dial connects to the Spectrum that a backend's arguments name with --host and --port.
func Dial(args []string) (net.Conn, error) {
	host, port := flagValue(args, "--host"), flagValue(args, "--port")
	if host == "" || port == "" {
		return nil, errors.New("--host and --port are missing")
	}
	return net.Dial("tcp", net.JoinHostPort(host, port))
}

// flagValue returns the argument after a flag, or "".
func flagValue(args []string, flag string) string {
	i := slices.Index(args, flag)
	if i < 0 || i+1 == len(args) {
		return ""
	}
	return args[i+1]
}
