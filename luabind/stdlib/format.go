package stdlib

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// directive is one directive of a format, from its % to its letter.
type directive struct {
	minus, plus, space, alternate, zero bool

	width     int
	precision int // -1 if not given
	verb      byte
}

// stringFormat implements string.format. As in later versions of Lua, %s accepts any
// value.
func (lib *Library) stringFormat(c call) int {
	format := c.str(1)
	var out []byte
	arg := 1
	for i := 0; i < len(format); {
		next := strings.IndexByte(format[i:], '%')
		if next < 0 {
			next = len(format) - i
		}
		out = append(out, format[i:i+next]...)
		i += next
		switch {
		case i == len(format):
		case strings.HasPrefix(format[i:], "%%"):
			out = append(out, '%')
			i += 2
		default:
			d, end := parseDirective(c, format, i+1)
			i = end
			arg++
			out = lib.directive(c, out, d, arg)
		}
		lib.bounded(c, len(out))
	}
	return c.ret(lua.LString(out))
}

// parseDirective parses a directive. i is the index after the %. It also returns the
// index after the directive.
func parseDirective(c call, format string, i int) (directive, int) {
	d := directive{precision: -1}
	flags := map[byte]*bool{'-': &d.minus, '+': &d.plus, ' ': &d.space, '#': &d.alternate, '0': &d.zero}
	begin := i
	for i < len(format) && flags[format[i]] != nil {
		*flags[format[i]] = true
		if i++; i-begin > len(flags) {
			c.raise("invalid format (repeated flags)")
		}
	}
	if width, end := twoDigits(format, i); end > i {
		d.width, i = width, end
	}
	if i < len(format) && format[i] == '.' {
		d.precision, i = twoDigits(format, i+1)
	}
	if i < len(format) && '0' <= format[i] && format[i] <= '9' {
		c.raise("invalid format (width or precision too long)")
	}
	if i < len(format) {
		d.verb = format[i]
	}
	if d.verb == 0 || strings.IndexByte("cdiouxXeEfgGqs", d.verb) < 0 {
		c.raise("invalid option '%%%s' to 'format'", format[begin:min(i+1, len(format))])
	}
	return d, i + 1
}

// twoDigits parses a number of at most two digits.
func twoDigits(s string, i int) (n, end int) {
	for end = i; end < len(s) && end < i+2 && '0' <= s[end] && s[end] <= '9'; end++ {
		n = 10*n + int(s[end]-'0')
	}
	return n, end
}

// directive appends argument n, formatted by a directive.
func (lib *Library) directive(c call, out []byte, d directive, n int) []byte {
	if n > c.l.GetTop() {
		c.argError(n, "no value")
	}
	switch d.verb {
	case 'c':
		return d.pad(out, "", string([]byte{byte(c.integer(n))}))
	case 'd', 'i':
		return d.integer(out, c.integer(n))
	case 'o', 'u', 'x', 'X':
		return d.unsigned(out, c.number(n))
	case 'q':
		s := c.str(n)
		lib.bounded(c, len(out)+len(s))
		return quote(out, s)
	case 's':
		s, ok := c.tostring(c.l.Get(n)).(lua.LString)
		if !ok {
			c.raise("'tostring' must return a string to 'format'")
		}
		if d.precision >= 0 && d.precision < len(s) {
			s = s[:d.precision]
		}
		lib.bounded(c, len(out)+len(s))
		return d.pad(out, "", string(s))
	}
	return d.float(out, c.number(n))
}

// pad appends front, such as a sign, and text. It adds blanks or zeros up to the
// width.
func (d directive) pad(out []byte, front, text string) []byte {
	missing := max(d.width-len(front)-len(text), 0)
	blanks, zeros := missing, 0
	if d.zero && !d.minus {
		blanks, zeros = 0, missing
	}
	if !d.minus {
		out = append(out, strings.Repeat(" ", blanks)...)
	}
	out = append(out, front...)
	out = append(out, strings.Repeat("0", zeros)...)
	out = append(out, text...)
	if d.minus {
		out = append(out, strings.Repeat(" ", blanks)...)
	}
	return out
}

// sign returns the sign of a number, which may be "".
func (d directive) sign(negative bool) string {
	switch {
	case negative:
		return "-"
	case d.plus:
		return "+"
	case d.space:
		return " "
	}
	return ""
}

// digits adds leading zeros to an integer up to the precision. A precision turns the
// flag 0 off.
func (d *directive) digits(text string) string {
	if d.precision < 0 {
		return text
	}
	d.zero = false
	if d.precision == 0 && text == "0" {
		return ""
	}
	return strings.Repeat("0", max(d.precision-len(text), 0)) + text
}

func (d directive) integer(out []byte, n int) []byte {
	text := strings.TrimPrefix(strconv.Itoa(n), "-")
	text = d.digits(text)
	return d.pad(out, d.sign(n < 0), text)
}

// unsigned appends an integer without a sign. A negative one is converted to an unsigned
// integer of 64 bits.
func (d directive) unsigned(out []byte, f float64) []byte {
	var n uint64
	switch {
	case f >= 1<<64:
		n = math.MaxUint64
	case f >= 1<<63:
		n = uint64(f)
	default:
		n = uint64(truncate(f))
	}
	base, front := 10, ""
	switch d.verb {
	case 'o':
		base = 8
	case 'x', 'X':
		base = 16
		if d.alternate && n != 0 {
			front = "0" + string(rune(d.verb))
		}
	}
	text := d.digits(strconv.FormatUint(n, base))
	if d.verb == 'o' && d.alternate && !strings.HasPrefix(text, "0") {
		text = "0" + text
	}
	if d.verb == 'X' {
		text = strings.ToUpper(text)
	}
	return d.pad(out, front, text)
}

func (d directive) float(out []byte, f float64) []byte {
	front := d.sign(math.Signbit(f) && !math.IsNaN(f))
	f = math.Abs(f)
	var text string
	switch {
	case math.IsInf(f, 0), math.IsNaN(f):
		d.zero = false
		text = formatNumber(f)
		if d.verb < 'a' {
			text = strings.ToUpper(text)
		}
		return d.pad(out, front, text)
	case d.precision < 0:
		d.precision = 6
	case d.precision == 0 && d.verb|0x20 == 'g':
		d.precision = 1
	}
	if d.alternate {
		text = fmt.Sprintf("%#.*"+string(rune(d.verb)), d.precision, f)
	} else {
		text = strconv.FormatFloat(f, d.verb, d.precision, 64)
	}
	return d.pad(out, front, text)
}

// quote appends a string as a literal that Lua can read.
func quote(out []byte, s string) []byte {
	out = append(out, '"')
	for i := range len(s) {
		switch b := s[i]; b {
		case '"', '\\', '\n':
			out = append(out, '\\', b)
		case '\r':
			out = append(out, `\r`...)
		case 0:
			out = append(out, `\000`...)
		default:
			out = append(out, b)
		}
	}
	return append(out, '"')
}
