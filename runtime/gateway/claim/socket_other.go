//go:build !linux

package claim

import "io"

// takeSockets does nothing: only Linux has such sockets.
func takeSockets(identity) ([]io.Closer, error) { return nil, nil }
