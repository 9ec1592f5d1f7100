// Package race tells tests whether the race detector is on. Code is then about ten times
// slower, and tests of sizes and repetitions do less.
package race

// Reduce returns full, or reduced if the race detector is on.
func Reduce[T any](full, reduced T) T {
	if Enabled {
		return reduced
	}
	return full
}
