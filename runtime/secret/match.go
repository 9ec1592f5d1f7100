package secret

import (
	"slices"
	"strings"
)

// Limits of a search, in steps. A text that needs more steps is hidden completely:
// only a text that was made to slow the search down needs that many.
const (
	budgetPerByte = 112
	budgetBase    = 1 << 16
	budgetMost    = 2 << 20
)

// span is a part of a text.
type span struct{ start, end int }

// reading is a way to decode bytes from a text.
type reading uint8

const (
	plain   reading = iota // the text's bytes
	base64                 // base64 in any alphabet, at any of its three alignments
	hex                    // two digits for each byte
	decimal                // one number for each byte, as Go prints a []byte
)

// position is a place in a text. In base64, the first bit bits of the character at
// index have been read.
type position struct {
	index int
	bit   uint8
}

// matcher compares one text with a trie. From each position it walks down the trie in
// each reading. At a character that may begin an escape, it tries both the character
// itself and each character that the escape may stand for.
type matcher struct {
	trie    *trie
	text    string
	reading reading
	start   int
	end     int // the end of the longest match from start, or 0 if nothing matches
	budget  int
	stack   []decoded // the results of decode; each caller removes its own
}

// find returns the positions of secrets in order. Secrets that overlap or touch become
// one span.
func (m *matcher) find() []span {
	var found []span
	for i := range len(m.text) {
		m.start, m.end = i, 0
		m.from(i)
		if m.budget < 0 {
			return []span{{0, len(m.text)}}
		}
		if m.end == 0 {
			continue
		}
		if n := len(found); n > 0 && found[n-1].end >= i {
			found[n-1].end = max(found[n-1].end, m.end)
		} else {
			found = append(found, span{i, m.end})
		}
	}
	return found
}

// from tries all readings from one position. It checks the first byte before it calls
// walk, because nearly every walk would end there.
func (m *matcher) from(i int) {
	c := m.text[i]
	if m.trie.kids[c] != nil || introduces[c] {
		m.walk(state{}, position{index: i}, true)
	}
	switch {
	case sextet[c] >= 0 && i+1 < len(m.text) && sextet[m.text[i+1]] >= 0:
		pair := uint(sextet[c])<<6 | uint(sextet[m.text[i+1]])
		for bit := uint8(0); bit <= 4; bit += 2 {
			if m.mayBegin(byte(pair >> (4 - bit))) { //nolint:gosec // the byte is meant
				m.in(base64, position{i, bit})
			}
		}
	case sextet[c] >= 0 || escapes[c]:
		if _, _, ok := m.digitAt(i, &sextet); ok {
			for bit := uint8(0); bit <= 4; bit += 2 {
				m.in(base64, position{i, bit})
			}
		}
	}
	if nibble[c] >= 0 || escapes[c] {
		if b, _, ok := m.hexAt(position{index: i}); ok && m.mayBegin(b) {
			m.in(hex, position{index: i})
		}
	}
	if isDigit(c) {
		if b, _, ok := m.decimalAt(position{index: i}); ok && m.mayBegin(b) {
			m.in(decimal, position{index: i})
		}
	}
}

// in walks from p in a reading.
func (m *matcher) in(r reading, p position) {
	m.reading = r
	m.walk(state{}, p, true)
	m.reading = plain
}

func (m *matcher) mayBegin(c byte) bool { return m.trie.kids[c] != nil || introduces[c] }

// walk goes down the trie from s as long as the text matches, and notes where words
// end. first is true if no byte has been read yet.
func (m *matcher) walk(s state, p position, first bool) {
	for {
		if s.ends() {
			m.note(s, p)
		}
		if m.budget--; m.budget < 0 {
			return
		}
		c, next, ok := m.at(p)
		if !ok {
			return
		}
		if introduces[c] {
			m.walkEscapes(s, p, first)
		}
		after, ok := m.trie.step(s, c)
		if !ok {
			m.noteCut(s, p)
			return
		}
		s, p, first = after, next, false
	}
}

// walkEscapes continues the walk with each character that an escape at p may stand for.
func (m *matcher) walkEscapes(s state, p position, first bool) {
	from := len(m.stack)
	for layer := m.nested(p); layer > 0; layer-- {
		m.decode(p, layer, true)
	}
	to := len(m.stack)
	for i := from; i < to; i++ {
		d := m.stack[i]
		if slices.Contains(m.stack[from:i], d) || d.size == 0 && first {
			continue
		}
		if after, ok := m.stepAll(s, d); ok {
			m.walk(after, d.next, false)
		}
	}
	m.stack = m.stack[:from]
}

// nested returns the number of nested escapes to try at p: one, or layers if the next
// few bytes may contain another escape.
func (m *matcher) nested(p position) int {
	if m.reading != plain {
		return layers
	}
	if !escapes[m.text[p.index]] {
		return 1
	}
	if d, ok := m.one(p, 1); ok && d.next.index > p.index+1 {
		end := d.next.index
		open := (m.text[p.index] == '&' || m.text[p.index] == '\\') && m.text[end-1] != ';' // more digits may follow
		if introduces[d.bytes[0]] || open && end < len(m.text) && escapes[m.text[end]] {
			return layers
		}
		return 1
	}
	for i := p.index + 1; i < len(m.text) && i < p.index+nestedWithin; i++ {
		if escapes[m.text[i]] {
			return layers
		}
	}
	return 1
}

func (m *matcher) stepAll(s state, d decoded) (state, bool) {
	for _, c := range d.bytes[:d.size] {
		var ok bool
		if s, ok = m.trie.step(s, c); !ok {
			return s, false
		}
	}
	return s, true
}

// note notes a match that ends at p. The match includes the whole base64 character
// that contains its last bit.
func (m *matcher) note(s state, p position) {
	end := p.index
	if p.bit > 0 {
		_, after, _ := m.digitAt(p.index, &sextet)
		end = after
	}
	if s.node.open {
		end = len(m.text)
	}
	m.end = max(m.end, end)
}

// noteCut notes a match at p if the text was truncated in the middle of a secret: "…"
// or "..." follows.
func (m *matcher) noteCut(s state, p position) {
	if m.reading != plain || p.index-m.start < MinLength || s.node == nil {
		return
	}
	if rest := m.text[p.index:]; strings.HasPrefix(rest, "…") || strings.HasPrefix(rest, "...") {
		m.end = max(m.end, p.index)
	}
}

// at returns the byte at p and the position after it.
func (m *matcher) at(p position) (byte, position, bool) {
	switch m.reading {
	case base64:
		return m.base64At(p)
	case hex:
		return m.hexAt(p)
	case decimal:
		return m.decimalAt(p)
	}
	if p.index >= len(m.text) {
		return 0, p, false
	}
	return m.text[p.index], position{index: p.index + 1}, true
}

func (m *matcher) base64At(p position) (byte, position, bool) {
	first, after, ok := m.digitAt(p.index, &sextet)
	if !ok {
		return 0, p, false
	}
	second, end, ok := m.digitAt(after, &sextet)
	if !ok {
		return 0, p, false
	}
	c := byte((uint(first)<<6 | uint(second)) >> (4 - p.bit)) //nolint:gosec // the byte is meant
	if p.bit == 4 {
		return c, position{index: end}, true
	}
	return c, position{after, p.bit + 2}, true
}

// digitAt reads a digit of base64 or hexadecimal, which may be escaped. It skips line
// breaks before the digit.
func (m *matcher) digitAt(i int, values *[256]int8) (value int8, next int, ok bool) {
	for i < len(m.text) {
		c := m.text[i]
		switch {
		case values[c] >= 0:
			return values[c], i + 1, true
		case c == '\r' || c == '\n' || c == '\t':
			i++
			continue
		case !escapes[c]:
			return 0, i, false
		}
		was := m.reading
		m.reading = plain
		d, ok := m.one(position{index: i}, layers)
		m.reading = was
		if !ok || d.size > 1 || d.next.index == i+1 {
			return 0, i, false
		}
		if b := d.bytes[0]; b != '\r' && b != '\n' {
			return values[b], d.next.index, values[b] >= 0
		}
		i = d.next.index
	}
	return 0, i, false
}

// hexAt reads two digits, and skips a separator after them.
func (m *matcher) hexAt(p position) (byte, position, bool) {
	high, i, ok := m.digitAt(p.index, &nibble)
	if !ok {
		return 0, p, false
	}
	low, i, ok := m.digitAt(i, &nibble)
	if !ok {
		return 0, p, false
	}
	if i+2 < len(m.text) && strings.IndexByte(": -", m.text[i]) >= 0 && nibble[m.text[i+1]] >= 0 && nibble[m.text[i+2]] >= 0 {
		i++
	}
	return byte(high<<4 | low), position{index: i}, true //nolint:gosec // two digits make a byte
}

// decimalAt reads a number below 256, and skips blanks and commas before the next
// number. It returns false for a part of a longer number.
func (m *matcher) decimalAt(p position) (byte, position, bool) {
	i, n := p.index, 0
	if i > 0 && isDigit(m.text[i-1]) {
		return 0, p, false
	}
	for ; i < len(m.text) && isDigit(m.text[i]) && i < p.index+3; i++ {
		n = 10*n + int(m.text[i]-'0')
	}
	if i == p.index || n > 255 || i < len(m.text) && isDigit(m.text[i]) {
		return 0, p, false
	}
	end := i
	for end < len(m.text) && (m.text[end] == ' ' || m.text[end] == ',') {
		end++
	}
	if end < len(m.text) && isDigit(m.text[end]) {
		return byte(n), position{index: end}, true
	}
	return byte(n), position{index: i}, true
}
