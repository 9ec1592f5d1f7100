package store

import (
	"os"
	"strings"
	"time"
)

func init() { rounds = 1000 } // more would be slow with the race detector

// SetClock replaces the clock.
func (s *Store) SetClock(now func() time.Time) { s.now = now }

// DropOldKeys removes all keys but the first one from a file.
func DropOldKeys(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.SplitAfter(strings.TrimPrefix(string(data), keyFileHead), "\n")
	return os.WriteFile(path, []byte(keyFileHead+lines[0]), 0o600)
}
