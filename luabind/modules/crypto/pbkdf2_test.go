package crypto

import (
	"bytes"
	"context"
	gopbkdf2 "crypto/pbkdf2"
	"errors"
	"fmt"
	"testing"
)

// TestPBKDF2 holds it to Go's own.
func TestPBKDF2(t *testing.T) {
	for _, a := range algorithms {
		for _, test := range []struct {
			password, salt     string
			iterations, length int
		}{{"", "", 1, 1}, {"password", "salt", 1, a.new().Size()}, {"password", "salt", 3, 200}, {string(make([]byte, 300)), "s", turnRounds + 2, 5}} {
			t.Run(fmt.Sprintf("%s/%d/%d", a.name, test.iterations, test.length), func(t *testing.T) {
				want, err := gopbkdf2.Key(a.new, test.password, []byte(test.salt), test.iterations, test.length)
				if err != nil {
					t.Fatal(err)
				}
				got, err := pbkdf2(nil, a, test.password, test.salt, test.iterations, test.length)
				if err != nil || !bytes.Equal(got, want) {
					t.Errorf("got %x, %v, want %x", got, err, want)
				}
			})
		}
	}
}

// TestCancel ends a computation, and one that waits for its turn.
func TestCancel(t *testing.T) {
	why := errors.New("because")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	running := &turn{ctx: ctx}
	busy <- struct{}{}
	running.has = true
	if _, err := pbkdf2(running, algorithms[0], "p", "s", maxWork, 16); !errors.Is(err, why) {
		t.Errorf("a computation ended with %v", err)
	}
	if running.has || len(busy) != 0 {
		t.Error("the turn was kept")
	}
	if _, err := sum(running, algorithms[0].new(), string(make([]byte, 2*longText))); !errors.Is(err, why) {
		t.Errorf("a digest ended with %v", err)
	}
	for range cap(busy) {
		busy <- struct{}{}
	}
	if err := (&turn{ctx: ctx}).take(); !errors.Is(err, why) {
		t.Errorf("a wait for a turn ended with %v", err)
	}
	for range cap(busy) {
		<-busy
	}
}
