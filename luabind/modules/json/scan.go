package json

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"
)

// plain marks the bytes that stand for themselves in an ASCII string.
var plain = func() (table [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		table[c] = c != '"' && c != '\\'
	}
	return table
}()

// string reads a string from its opening quote. Bytes that are not UTF-8
// become U+FFFD.
func (d *decoder) string(key bool) (string, error) {
	start := d.pos + 1
	i, ascii := start, true
	for i < len(d.text) {
		c := d.text[i]
		if c >= utf8.RuneSelf {
			ascii = false
		} else if !plain[c] {
			break
		}
		i++
	}
	if i < len(d.text) && d.text[i] == '"' && (ascii || utf8.ValidString(d.text[start:i])) {
		d.pos = i + 1
		// Copy the piece, so that it does not keep the whole text alive.
		if key {
			return d.shared(d.text[start:i]), nil
		}
		return strings.Clone(d.text[start:i]), nil
	}
	return d.sanitized(start)
}

// maxShared is the longest name that is cached.
const maxShared = 32

// shared returns the cached copy of a name, and caches a new one.
func (d *decoder) shared(s string) string {
	n := len(s)
	if n == 0 || n > maxShared {
		return strings.Clone(s)
	}
	slot := &d.keys[(n*31+int(s[0])*7+int(s[n/2])*3+int(s[n-1]))%len(d.keys)]
	if *slot != s {
		*slot = strings.Clone(s)
	}
	return *slot
}

// sanitized reads a string that contains escapes, or bytes that are not UTF-8.
func (d *decoder) sanitized(start int) (string, error) {
	var b strings.Builder
	for i := start; i < len(d.text); {
		switch c := d.text[i]; {
		case plain[c]:
			end := i + 1
			for end < len(d.text) && plain[d.text[end]] {
				end++
			}
			b.WriteString(d.text[i:end])
			i = end
		case c == '"':
			d.pos = i + 1
			return b.String(), nil
		case c == '\\':
			d.pos = i
			r, size := unescape(d.text[i:])
			if size == 0 {
				return "", d.errorf("an escape that JSON does not define")
			}
			b.WriteRune(r)
			i += size
		case c < ' ':
			d.pos = i
			return "", d.errorf("the control character %q has to be escaped in a string", c)
		default:
			r, size := utf8.DecodeRuneInString(d.text[i:])
			b.WriteRune(r)
			i += size
		}
	}
	d.pos = len(d.text)
	return "", d.errorf("the text ends in a string")
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape decodes the escape at the start of s, or a pair of surrogates. size
// is 0 if the escape is invalid. A lone surrogate becomes U+FFFD.
func unescape(s string) (r rune, size int) {
	if len(s) < 2 {
		return 0, 0
	}
	if c := escapes[s[1]]; c != 0 {
		return rune(c), 2
	}
	r, ok := unit(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := unit(s[6:]); ok {
			if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
				return both, 12
			}
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

// unit decodes \uXXXX.
func unit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(s[2:6]) {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// number reads a number. A number of digits alone is an integer and stays
// exact.
func (d *decoder) number() (lua.LValue, error) {
	start := d.pos
	integer := true
	if d.text[d.pos] == '-' {
		d.pos++
	}
	if d.at('0') {
		d.pos++
	} else if !d.digits() {
		return nil, d.unexpected("digit")
	}
	if d.at('.') {
		d.pos++
		integer = false
		if !d.digits() {
			return nil, d.unexpected("digit")
		}
	}
	if d.at('e') || d.at('E') {
		d.pos++
		integer = false
		if d.at('+') || d.at('-') {
			d.pos++
		}
		if !d.digits() {
			return nil, d.unexpected("digit")
		}
	}
	text := d.text[start:d.pos]
	if integer {
		n, err := strconv.ParseInt(text, 10, 64)
		if err == nil && n >= -maxExact && n <= maxExact {
			return lua.LNumber(n), nil
		}
		return d.bigint(start, text)
	}
	return d.float(start, text)
}

func (d *decoder) float(start int, text string) (lua.LValue, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		d.pos = start
		return nil, d.errorf("the number %s is too big", short(text))
	}
	return lua.LNumber(f), nil
}

// bigint returns an integer that no Lua number can represent.
func (d *decoder) bigint(start int, text string) (lua.LValue, error) {
	switch d.opts.bigints {
	case bigintString:
		return lua.LString(strings.Clone(text)), d.spend(costString + len(text))
	case bigintNumber:
		return d.float(start, text)
	}
	d.pos = start
	return nil, d.errorf("the integer %s is beyond 2^53, where Lua's numbers are not exact: decode with { bigints = \"string\" }", short(text))
}

// short shortens a number for a message.
func short(text string) string {
	if len(text) <= 40 {
		return text
	}
	return text[:37] + "..."
}

func (d *decoder) at(c byte) bool { return d.pos < len(d.text) && d.text[d.pos] == c }

// digits reads digits and reports whether there were any.
func (d *decoder) digits() bool {
	start := d.pos
	for d.pos < len(d.text) && d.text[d.pos] >= '0' && d.text[d.pos] <= '9' {
		d.pos++
	}
	return d.pos > start
}
