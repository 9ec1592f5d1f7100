package websocket

import (
	"testing"
)

// FuzzFrames looks at bytes at once and one by one, which must come to the same.
func FuzzFrames(f *testing.F) {
	for _, seed := range []string{"\x81\x01a", "\x01\x02\xc3\xa4\x80\x01\xff", "\x88\x04\x03\xe8ab\xff", "\x82\x7e\x00\x01x\x89\x80", "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole, single := &frames{}, &frames{}
		good, err := whole.look(b)
		var bytewise *violation
		for i := range b {
			n, wrong := single.look(b[i : i+1])
			if wrong != nil {
				bytewise = wrong
				break
			}
			if n != 1 {
				t.Fatalf("%q is held back, which nothing is wrong with", b[i:i+1])
			}
		}
		switch {
		case (err == nil) != (bytewise == nil), err != nil && *err != *bytewise:
			t.Errorf("%q: %v at once, %v one by one", b, err, bytewise)
		case err == nil && good != len(b) || good > len(b):
			t.Errorf("%q: %d bytes are good", b, good)
		case err != nil && len(err.text) > 123:
			t.Errorf("%q does not fit into a close frame", err.text)
		}
	})
}
