package bytes

import (
	"math"
	"slices"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// FuzzRoundTrip unpacks any data by any format. The values must survive packing: the
// bytes may differ only in padding.
func FuzzRoundTrip(f *testing.F) {
	for _, seed := range []string{"", "<bBhHlLjJT", ">!4 i3 I5 d", "zs1s2s8", "c3xXi4f", "!16 i16 n", "=!i9", "c2147483639", "X", "b8"} {
		f.Add(seed, "\x01\x02\x03\xff\xfe\x00\x80\x7f\x00\x00\x00\x00\x00\x00\x00\x00\x00\x05hello\x00", 0)
	}
	f.Fuzz(func(t *testing.T, format, data string, start int) {
		if start < 0 || start > len(data) || len(format) > 1000 {
			return
		}
		values, end, err := unpack(format, data, start, bigintString)
		if err != nil {
			return
		}
		if end < start || end > len(data) {
			t.Fatalf("%q: %d to %d of %d bytes", format, start, end, len(data))
		}
		packed, err := pack(format, values, math.MaxInt32)
		if err != nil {
			t.Fatalf("%q: %v: %v", format, values, err)
		}
		again, size, err := unpack(format, string(packed), 0, bigintString)
		if err != nil || size != len(packed) || !slices.EqualFunc(values, again, equal) {
			t.Fatalf("%q: %v, then %v, %d of %d bytes: %v", format, values, again, size, len(packed), err)
		}
		if fixed, err := packSize(format); err == nil && fixed != size {
			t.Fatalf("%q takes %d bytes, not %d", format, size, fixed)
		}
	})
}

func equal(a, b lua.LValue) bool {
	m, isNumber := a.(lua.LNumber)
	n, _ := b.(lua.LNumber)
	return a == b || isNumber && math.IsNaN(float64(m)) && math.IsNaN(float64(n))
}

// FuzzPack packs numbers and texts of every kind: an integer that pack accepts comes
// back as the same integer.
func FuzzPack(f *testing.F) {
	for _, seed := range []string{"0", "-1", "255", "0x80", "9223372036854775807", "18446744073709551615", "1e3", " 7 ", "-0", "1e400", "x"} {
		f.Add(seed, "<i8", 1.5)
		f.Add(seed, ">I3", -200.0)
	}
	f.Fuzz(func(t *testing.T, text, format string, number float64) {
		for _, v := range []lua.LValue{lua.LString(text), lua.LNumber(number)} {
			packed, err := pack(format, []lua.LValue{v}, 1<<20)
			if err != nil {
				continue
			}
			values, _, err := unpack(format, string(packed), 0, bigintString)
			if err != nil {
				t.Fatalf("%q: %v is %q: %v", format, v, packed, err)
			}
			if i, err := toInteger(v); err == nil && len(values) == 1 && format == "<i8" {
				if back, err := toInteger(values[0]); err != nil || back != i {
					t.Fatalf("%v is %v: %v", v, values[0], err)
				}
			}
		}
	})
}
