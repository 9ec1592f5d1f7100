package stdlib

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

// blanks has the characters for which C's isspace is true.
const blanks = " \t\n\v\f\r"

// formatNumber formats a number as tostring does. An integer has all its digits, since
// it may be an identifier. A fraction has 14 significant digits.
func formatNumber(f float64) string {
	switch {
	case f == math.Trunc(f) && math.Abs(f) < 1<<63:
		return strconv.FormatInt(int64(f), 10)
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	return strconv.FormatFloat(f, 'g', 14, 64)
}

// parseNumber parses a numeral as Lua's scanner and C's strtod do. It ignores blanks
// around the numeral. It does not accept "inf" and "nan".
func parseNumber(s string) (float64, bool) {
	s = strings.Trim(s, blanks)
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" {
		return 0, false
	}
	allowed := "0123456789.eE+-"
	if len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		allowed = "0123456789abcdefABCDEFxX.pP+-"
		if !strings.ContainsAny(digits, "pP") {
			s += "p0"
		}
	}
	for i := range len(digits) {
		if strings.IndexByte(allowed, digits[i]) < 0 {
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) && f != 0 {
		return 0, false
	}
	if err != nil && !isRange(err) {
		return 0, false
	}
	return f, true
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError) //nolint:errorlint // ParseFloat returns nothing else
	return ok && errors.Is(e, strconv.ErrRange)
}

// parseInteger parses an integer in a base from 2 to 36.
func parseInteger(s string, base int) (float64, bool) {
	s = strings.Trim(s, blanks)
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(s, "-")
	if base == 16 && len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
	}
	if s == "" {
		return 0, false
	}
	f := 0.0
	for i := range len(s) {
		d := digit(s[i])
		if d < 0 || d >= base {
			return 0, false
		}
		f = f*float64(base) + float64(d)
	}
	if negative {
		f = -f
	}
	return f, true
}

func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'z':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// truncate drops the fraction of a number. A number beyond the range of int becomes the
// nearest int, and NaN becomes the smallest int.
func truncate(f float64) int {
	switch {
	case math.IsNaN(f):
		return math.MinInt64
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int(f)
}
