package bytes

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// integer is an integer of -2^63 to 2^64-1.
type integer struct {
	bits     uint64 // two's complement
	negative bool
}

func (i integer) String() string {
	if i.negative {
		return strconv.FormatInt(int64(i.bits), 10) // two's complement
	}
	return strconv.FormatUint(i.bits, 10)
}

// exact reports whether every integer up to i is a Lua number.
func (i integer) exact() bool {
	if i.negative {
		return -i.bits <= maxExact
	}
	return i.bits <= maxExact
}

func (i integer) float() float64 {
	if i.negative {
		return -float64(-i.bits)
	}
	return float64(i.bits)
}

// fits returns an error if the integer does not fit into an option's size.
func (i integer) fits(it item) error {
	width := min(it.size, wordSize) * 8
	if it.kind == kindUint {
		if width < 64 && (i.negative || i.bits>>width != 0) {
			return errors.New("unsigned overflow")
		}
		return nil
	}
	limit := uint64(1) << (width - 1)
	if i.negative && -i.bits > limit || !i.negative && i.bits >= limit {
		return errors.New("integer overflow")
	}
	return nil
}

// toInteger converts a number, or a string with an integer. A number beyond 2^53 is an
// error, because it may have been rounded.
func toInteger(v lua.LValue) (integer, error) {
	switch v := v.(type) {
	case lua.LNumber:
		return fromFloat(float64(v))
	case lua.LString:
		return parse(string(v))
	}
	return integer{}, errNoNumber(v)
}

func errNoNumber(v lua.LValue) error { return fmt.Errorf("number expected, got %s", typeName(v)) }

func fromFloat(f float64) (integer, error) {
	switch {
	case f != math.Trunc(f) || math.IsInf(f, 0):
		return integer{}, errors.New("number has no integer representation")
	case math.Abs(f) > maxExact:
		return integer{}, fmt.Errorf("the number %.0f is beyond 2^53, where Lua's numbers are not exact: pass the digits as a string", f)
	}
	return integer{uint64(int64(f)), f < 0}, nil // two's complement
}

// parse reads a string as Lua 5.3 does: an integer, or a fraction whose value is an
// integer.
func parse(s string) (integer, error) {
	text := strings.Trim(s, blanks)
	digits, negative := strings.CutPrefix(text, "-")
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	base, body := 10, digits
	if len(digits) > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') {
		base, body = 16, digits[2:]
	}
	n, err := strconv.ParseUint(body, base, 64)
	switch {
	case err == nil && !negative:
		return integer{bits: n}, nil
	case err == nil && n <= 1<<63:
		return integer{bits: -n, negative: n != 0}, nil
	case err == nil || errors.Is(err, strconv.ErrRange):
		return integer{}, errors.New("the integer has more than 64 bits")
	}
	f, err := parseFloat(s)
	if err != nil {
		return integer{}, err
	}
	return fromFloat(f)
}

// blanks are the bytes that Lua allows around a number in a string.
const blanks = " \t\n\v\f\r"

func parseFloat(s string) (float64, error) {
	f, err := strconv.ParseFloat(strings.Trim(s, blanks), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || strings.ContainsAny(s, "_iInN") {
		return 0, errNoNumber(lua.LString(s))
	}
	return f, nil
}

func typeName(v lua.LValue) string {
	if v == nil {
		return "no value"
	}
	return v.Type().String()
}

// appendInteger appends an integer of size bytes.
func appendInteger(b []byte, i integer, size int, little bool) []byte {
	start := len(b)
	extension := byte(0)
	if i.negative {
		extension = 0xff
	}
	for n := range size {
		c := extension
		if n < wordSize {
			c = byte(i.bits >> (8 * n))
		}
		b = append(b, c)
	}
	if !little {
		reverse(b[start:])
	}
	return b
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

// readInteger reads an integer that takes all of data.
func readInteger(data string, little, signed bool) (integer, error) {
	size := len(data)
	at := func(n int) byte { // byte n, from the least significant one
		if little {
			return data[n]
		}
		return data[size-1-n]
	}
	var i integer
	for n := range min(size, wordSize) {
		i.bits |= uint64(at(n)) << (8 * n)
	}
	if signed {
		if unused := 64 - 8*min(size, wordSize); unused > 0 {
			i.bits = uint64(int64(i.bits<<unused) >> unused) // two's complement
		}
		i.negative = int64(i.bits) < 0 // two's complement
	}
	extension := byte(0)
	if i.negative {
		extension = 0xff
	}
	for n := wordSize; n < size; n++ {
		if at(n) != extension {
			return i, fmt.Errorf("%d-byte integer does not fit into 64 bits", size)
		}
	}
	return i, nil
}
