package crypto

import (
	"bytes"
	"context"
	gopbkdf2 "crypto/pbkdf2"
	"errors"
	"fmt"
	"testing"

	"spectrumlua/luabind/bind"
)

// TestPBKDF2 compares keys with those of Go's implementation.
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

// TestCancel cancels long computations.
func TestCancel(t *testing.T) {
	why := errors.New("because")
	cases := map[string]func(*bind.Turn) ([]byte, error){
		"a key": func(t *bind.Turn) ([]byte, error) { return pbkdf2(t, algorithms[0], "p", "s", maxWork, 16) },
		"a digest": func(t *bind.Turn) ([]byte, error) {
			return sum(t, algorithms[0].new(), string(make([]byte, 2*longText)))
		},
	}
	for name, compute := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			err := busy.Run(ctx, func(turn *bind.Turn) error {
				cancel(why)
				_, err := compute(turn)
				return err
			})
			if !errors.Is(err, why) {
				t.Errorf("the computation ended with %v", err)
			}
		})
	}
}
