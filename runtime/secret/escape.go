package secret

import (
	"html"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"spectrumlua/runtime/lazy"
)

const (
	// layers is the maximum number of nested escapes, as in XML in JSON in a URL.
	layers = 3
	// maxEntity is longer than the name of any HTML entity.
	maxEntity = 32
	// nestedWithin is the maximum distance between the parts of nested escapes.
	nestedWithin = 12
)

// decoded is the result of decoding an escape: a few bytes, or no bytes for an escape
// that stands for nothing, for example a soft line break in quoted-printable.
type decoded struct {
	bytes [utf8.UTFMax]byte
	size  uint8
	next  position
}

// introduces holds all bytes that begin an escape. escapes holds only those that begin
// escapes of any character, for example "%41".
var introduces, escapes = table("&%\\=+_'\"]?\r\n"), table("&%\\=")

// sextet and nibble hold the values of digits in base64 and hexadecimal, and -1 for
// other bytes.
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

// one reads one character at p. It decodes up to layer nested escapes, and skips
// escapes that stand for nothing.
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

// char is one for a character of a single byte. The syntax of escapes consists of such
// characters.
func (m *matcher) char(p position, layer int) (byte, position, bool) {
	d, ok := m.one(p, layer)
	return d.bytes[0], d.next, ok && d.size == 1
}

// decode pushes each character that an escape at p may stand for. The characters of the
// escape may themselves be escaped, in layer-1 layers. decode includes short escapes
// only if short is true: ordinary texts are full of characters that look like them.
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

// plausible reports whether an escape may begin with c if the text continues at i. It
// quickly rejects most characters that do not begin one.
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

// short pushes the characters that single characters and pairs may stand for.
func (m *matcher) short(c byte, next position, layer int) {
	switch c {
	case '+', '_': // URLs, and encoded words in mail headers
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
	case '?': // between two encoded words in a mail header
		if end := m.seam(next.index); end > 0 && m.reading == plain {
			m.push(decoded{next: position{index: end}})
		}
	case '\r':
		if feed, after, ok := m.char(next, layer); ok && feed == '\n' {
			m.pushByte(feed, after)
		}
	case '\n': // our own log indents continued lines
		if tab, after, ok := m.char(next, layer); ok && tab == '\t' {
			m.pushByte(c, after)
		}
	}
}

// seam returns the end of "?= =?utf-8?q?", whose first byte stands before i. It returns
// 0 if the text does not continue like that.
func (m *matcher) seam(i int) int {
	if loc := seam().FindStringIndex(m.text[i:min(len(m.text), i+2*maxEntity)]); loc != nil {
		return i + loc[1]
	}
	return 0
}

var seam = lazy.Regexp(`^=\s+=\?[\w.-]+\?[qQ]\?`)

func (m *matcher) push(d decoded) { m.stack = append(m.stack, d) }

func (m *matcher) pushByte(c byte, next position) {
	m.push(decoded{[utf8.UTFMax]byte{c}, 1, next})
}

func (m *matcher) pushRune(r rune, next position) {
	d := decoded{next: next}
	d.size = uint8(utf8.EncodeRune(d.bytes[:], r)) //nolint:gosec // at most 4
	m.push(d)
}

// number reads at least least and at most most digits of a base.
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

// entity reads an XML or HTML entity or reference after its '&'.
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

// percent reads a URL escape after its '%'.
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

// quotedPrintable reads a quoted-printable escape after its '='.
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

// controls holds the characters that letters after a backslash stand for in JSON, Go,
// Lua and the tags of IRC.
var controls = map[byte]byte{
	'n': '\n', 't': '\t', 'r': '\r', 'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v', 'e': 0x1b, 's': ' ', ':': ';',
}

// backslash reads an escape after its backslash.
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
	if n, next, ok := m.number(p, layer, 16, 2, 2); ok { // escaped JIDs
		m.pushByte(byte(n), next)
	}
	if lower := c | 0x20; !short && lower >= 'a' && lower <= 'z' {
		return
	}
	m.pushByte(c, next)
}

// unicode reads an escape after its "\u". It also reads the second half of a surrogate
// pair.
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
