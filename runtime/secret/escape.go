package secret

import (
	"html"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// layers is how many escapes may be wrapped around each other, as XML in
	// JSON in a URL.
	layers = 3
	// maxEntity is longer than any name of an entity in HTML.
	maxEntity = 32
	// nestedWithin is how near the parts of nested escapes are to each other.
	nestedWithin = 12
)

// decoded is what an escape stands for: a few bytes, or nothing, as a line
// break that quoted-printable has put in.
type decoded struct {
	bytes [utf8.UTFMax]byte
	size  uint8
	next  position
}

// introduces holds the bytes with which escapes begin, escapes those of them
// with which escapes of any character do.
var introduces, escapes = table("&%\\=+_'\"]?\r\n"), table("&%\\=")

// sextet and nibble are the values of digits in base64 and hexadecimal; -1 for
// all else.
var sextet, nibble = digits(
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
), digits("0123456789abcdef", "0123456789ABCDEF")

func table(set string) (t [256]bool) {
	for i := range len(set) {
		t[set[i]] = true
	}
	return t
}

func digits(alphabets ...string) (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for _, alphabet := range alphabets {
		for i := range len(alphabet) {
			t[alphabet[i]] = int8(i)
		}
	}
	return t
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// one reads one character at p, with escapes decoded in that many layers. It
// skips what stands for nothing.
func (m *matcher) one(p position, layer int) (decoded, bool) {
	for {
		c, next, ok := m.at(p)
		if !ok {
			return decoded{}, false
		}
		d := decoded{[utf8.UTFMax]byte{c}, 1, next}
		if escapes[c] {
			from := len(m.stack)
			for layer := layer; layer > 0 && len(m.stack) == from; layer-- {
				m.decode(p, layer, false)
			}
			if len(m.stack) > from {
				d, m.stack = m.stack[from], m.stack[:from]
			}
		}
		if d.size > 0 {
			return d, true
		}
		p = d.next
	}
}

// char is one for characters of one byte, which syntax is made of.
func (m *matcher) char(p position, layer int) (byte, position, bool) {
	d, ok := m.one(p, layer)
	return d.bytes[0], d.next, ok && d.size == 1
}

// decode pushes what an escape at p may stand for whose own characters are
// escaped in layer-1 layers. Short ones, of which texts are full without
// meaning them, count only if short is true.
func (m *matcher) decode(p position, layer int, short bool) {
	if m.budget--; m.budget < 0 {
		return
	}
	layer--
	raw, next, ok := m.at(p)
	if !ok || m.reading == plain && !m.plausible(raw, next.index) {
		return
	}
	c := raw
	if layer > 0 {
		if d, after, inner := m.char(p, layer); inner && (introduces[d] || !escapes[raw]) {
			c, next = d, after
		}
	}
	switch c {
	case '&':
		m.entity(next, layer)
	case '%':
		m.percent(next, layer)
	case '=':
		m.quotedPrintable(next, layer)
	case '\\':
		m.backslash(next, layer, short)
	case ']':
		if seam := "]]><![CDATA["; m.reading == plain && strings.HasPrefix(m.text[p.index:], seam) {
			m.push(decoded{next: position{index: p.index + len(seam)}})
		}
	}
	if short {
		m.short(c, next, layer)
	}
}

// plausible reports whether an escape may begin with c, with what follows at i.
// It is a fast answer for the many that do not.
func (m *matcher) plausible(c byte, i int) bool {
	if !escapes[c] || c == '\\' {
		return true
	}
	if i == len(m.text) {
		return false
	}
	next := m.text[i]
	return escapes[next] || next == '#' || next == 'u' || nibble[next] >= 0 || next == '\r' || next == '\n' ||
		c == '&' && (next|0x20 >= 'a' && next|0x20 <= 'z')
}

// short pushes what single characters and pairs may stand for.
func (m *matcher) short(c byte, next position, layer int) {
	switch c {
	case '+', '_': // URLs, and words in the headers of mail
		m.pushByte(' ', next)
	case '\'', '"', '%': // SQL, CSV, printf
		if again, after, ok := m.char(next, layer); ok && again == c {
			m.pushByte(c, after)
		}
		if c == '\'' && m.reading == plain {
			for _, shell := range []string{`\''`, `"'"'`} {
				if strings.HasPrefix(m.text[next.index:], shell) {
					m.pushByte(c, position{index: next.index + len(shell)})
				}
			}
		}
	case '?': // between two words in a header of mail
		if end := m.seam(next.index); end > 0 && m.reading == plain {
			m.push(decoded{next: position{index: end}})
		}
	case '\r':
		if feed, after, ok := m.char(next, layer); ok && feed == '\n' {
			m.pushByte(feed, after)
		}
	case '\n': // our own log
		if tab, after, ok := m.char(next, layer); ok && tab == '\t' {
			m.pushByte(c, after)
		}
	}
}

// seam returns the end of "?= =?utf-8?q?", of which the first byte has been
// read; 0 if it is not there.
func (m *matcher) seam(i int) int {
	if loc := seam.FindStringIndex(m.text[i:min(len(m.text), i+2*maxEntity)]); loc != nil {
		return i + loc[1]
	}
	return 0
}

var seam = regexp.MustCompile(`^=\s+=\?[\w.-]+\?[qQ]\?`)

func (m *matcher) push(d decoded) { m.stack = append(m.stack, d) }

func (m *matcher) pushByte(c byte, next position) {
	m.push(decoded{[utf8.UTFMax]byte{c}, 1, next})
}

func (m *matcher) pushRune(r rune, next position) {
	d := decoded{next: next}
	d.size = uint8(utf8.EncodeRune(d.bytes[:], r)) //nolint:gosec // at most 4
	m.push(d)
}

// number reads digits of a base, at least and at most that many.
func (m *matcher) number(p position, layer, base, least, most int) (n int, next position, ok bool) {
	next = p
	for i := range most {
		c, after, ok := m.char(next, layer)
		if !ok || nibble[c] < 0 || int(nibble[c]) >= base {
			return n, next, i >= least
		}
		n, next = min(n*base+int(nibble[c]), utf8.MaxRune+1), after
	}
	return n, next, true
}

// entity reads what follows a '&' in XML and HTML.
func (m *matcher) entity(p position, layer int) {
	c, next, ok := m.char(p, layer)
	if !ok {
		return
	}
	if c == '#' {
		base := 10
		if x, after, ok := m.char(next, layer); ok && x|0x20 == 'x' {
			base, next = 16, after
		}
		n, next, ok := m.number(next, layer, base, 1, maxEntity)
		if !ok || n > utf8.MaxRune {
			return
		}
		if end, after, ok := m.char(next, max(layer, 1)); ok && end == ';' {
			next = after
		}
		m.pushRune(rune(n), next)
		return
	}
	name := make([]byte, 1, maxEntity)
	name[0] = '&'
	for next = p; len(name) < maxEntity; name = append(name, c) {
		if c, next, ok = m.char(next, layer); !ok || c == ';' {
			break
		}
		if lower := c | 0x20; !isDigit(c) && (lower < 'a' || lower > 'z') {
			return
		}
	}
	if c != ';' {
		return
	}
	named := string(append(name, ';'))
	if text := html.UnescapeString(named); text != named && len(text) <= utf8.UTFMax {
		d := decoded{size: uint8(len(text)), next: next} //nolint:gosec // at most 4
		copy(d.bytes[:], text)
		m.push(d)
	}
}

// percent reads what follows a '%' in a URL.
func (m *matcher) percent(p position, layer int) {
	if n, next, ok := m.number(p, layer, 16, 2, 2); ok {
		m.pushByte(byte(n), next)
	}
	if u, next, ok := m.char(p, layer); ok && u|0x20 == 'u' {
		if n, next, ok := m.number(next, layer, 16, 4, 4); ok {
			m.pushRune(rune(n), next)
		}
	}
}

// quotedPrintable reads what follows a '='.
func (m *matcher) quotedPrintable(p position, layer int) {
	if n, next, ok := m.number(p, layer, 16, 2, 2); ok {
		m.pushByte(byte(n), next)
	}
	c, next, ok := m.char(p, layer)
	if ok && c == '\r' {
		c, next, ok = m.char(next, layer)
	}
	if ok && c == '\n' {
		m.push(decoded{next: next})
	}
}

// controls are what letters behind a backslash stand for, in JSON, Go, Lua, and
// the tags of IRC.
var controls = map[byte]byte{
	'n': '\n', 't': '\t', 'r': '\r', 'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v', 'e': 0x1b, 's': ' ', ':': ';',
}

// backslash reads what follows one.
func (m *matcher) backslash(p position, layer int, short bool) {
	c, next, ok := m.char(p, layer)
	if !ok {
		return
	}
	switch c {
	case 'u':
		m.unicode(next, layer)
	case 'U':
		if n, next, ok := m.number(next, layer, 16, 8, 8); ok && n <= utf8.MaxRune {
			m.pushRune(rune(n), next)
		}
	case 'x':
		if n, next, ok := m.number(next, layer, 16, 2, 2); ok {
			m.pushByte(byte(n), next)
		}
	case '\n':
		m.push(decoded{next: next})
	}
	if control, ok := controls[c]; ok {
		m.pushByte(control, next)
	}
	if n, next, ok := m.number(p, layer, 10, 1, 3); ok && n < 256 { // Lua
		m.pushByte(byte(n), next)
	}
	if n, next, ok := m.number(p, layer, 8, 1, 3); ok && n < 256 { // C, Go
		m.pushByte(byte(n), next)
	}
	if n, next, ok := m.number(p, layer, 16, 2, 2); ok { // names in XMPP
		m.pushByte(byte(n), next)
	}
	if lower := c | 0x20; !short && lower >= 'a' && lower <= 'z' {
		return
	}
	m.pushByte(c, next)
}

// unicode reads what follows "\u", with the second half of a pair.
func (m *matcher) unicode(p position, layer int) {
	if c, next, ok := m.char(p, layer); ok && c == '{' {
		n, next, ok := m.number(next, layer, 16, 1, 8)
		if c, after, closed := m.char(next, layer); ok && closed && c == '}' && n <= utf8.MaxRune {
			m.pushRune(rune(n), after)
		}
		return
	}
	n, next, ok := m.number(p, layer, 16, 4, 4)
	if !ok {
		return
	}
	r := rune(n)
	if utf16.IsSurrogate(r) {
		c1, after, ok1 := m.char(next, layer)
		c2, after, ok2 := m.char(after, layer)
		low, after, ok3 := m.number(after, layer, 16, 4, 4)
		if !ok1 || !ok2 || !ok3 || c1 != '\\' || c2 != 'u' {
			return
		}
		r, next = utf16.DecodeRune(r, rune(low)), after
	}
	m.pushRune(r, next)
}
