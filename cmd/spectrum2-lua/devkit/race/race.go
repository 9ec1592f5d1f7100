// Package race reports whether the race detector is on. Code is then about ten times
// slower, so that some tests do less work.
package race

// Reduce returns full, or reduced if the race detector is on.
func Reduce[T any](full, reduced T) T {
	if Enabled {
		return reduced
	}
	return full
}
