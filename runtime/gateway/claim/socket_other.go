//go:build !linux

package claim

import (
	"io"

	"spectrumlua/runtime/config"
)

// takeSocket does nothing: only Linux has such sockets.
func takeSocket(*config.Config) (io.Closer, error) { return nil, nil }
