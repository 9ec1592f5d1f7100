package scripttest

import (
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
)

// TestLimitsFollowTheTimeout asks for limits with an argument and without one.
func TestLimitsFollowTheTimeout(t *testing.T) {
	for timeout, want := range map[time.Duration][2]time.Duration{
		time.Second:     {5 * time.Second, 3 * time.Second},
		DefaultTimeout:  {5 * time.Second, 3 * time.Second},
		5 * time.Minute: {50 * time.Second, 30 * time.Second},
	} {
		w := &world{timeout: timeout}
		l := lua.NewState()
		if got := [2]time.Duration{w.limit(l, 1), w.peerLimit(l, 1)}; got != want {
			t.Errorf("%v: %v, want %v", timeout, got, want)
		}
		l.Push(lua.LNumber(2))
		if got := w.limit(l, 1); got != 2*time.Second {
			t.Errorf("%v: %v, want the argument", timeout, got)
		}
		l.Close()
	}
}
