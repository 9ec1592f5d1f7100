package logging

import (
	"os"
	"testing"
)

// TestLinesAreCountedBeforeTheLimits logs more lines than the limits let through, and one
// below the level.
func TestLinesAreCountedBeforeTheLimits(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	l := Open(Options{Stderr: null})
	defer func() { _ = l.Close() }()
	for range 100 {
		l.Category("backend").WithField("user", "alice").Warn("again")
	}
	l.Category("backend").Debug("not written")
	l.Category("backend").Error("once")
	if got := l.Lines(); got["warn"] != 100 || got["debug"] != 0 || got["error"] != 1 {
		t.Errorf("%v", got)
	}
}
