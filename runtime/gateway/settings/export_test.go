package settings

import "spectrumlua/runtime/config"

// KeysRead returns the keys that Read reads.
func KeysRead(c *config.Config) []string {
	r := &reader{config: c}
	r.settings()
	return r.keys
}
