package websocket

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// One large message fills the inbox, and so do many small ones.
func TestInboxIsFull(t *testing.T) {
	over, cancel := context.WithCancel(t.Context())
	cancel() // put does not wait then
	for _, c := range []struct {
		name        string
		count, size int
		full        bool
	}{
		{"a few", maxWaiting - 1, 1, false},
		{"many", maxWaiting, 1, true},
		{"not so big", 1, maxWaitingBytes - 1, false},
		{"big", 1, maxWaitingBytes, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := newInbox()
			for range c.count {
				i.put(over, message{data: make([]byte, c.size)})
			}
			if i.blocked() != c.full {
				t.Errorf("full: %v", i.blocked())
			}
			if _, err := i.take(); err != nil || i.isFull() {
				t.Errorf("full when one is taken, or %v", err)
			}
		})
	}
}

// TestAPeerThatTakesNothing ends the write after a minute.
func TestAPeerThatTakesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		began := time.Now()
		_, err := (&watched{Conn: ours}).Write([]byte("x"))
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took != stall {
			t.Errorf("%v after %v", err, took)
		}
	})
}
