package pattern

import (
	"context"
	"strings"
)

// patience is the number of steps between two checks of the context. They take less than
// a millisecond.
const patience = 1 << 14

// smallChoices is the number of choices for which a Matcher allocates no memory.
const smallChoices = 12

// Matcher matches a pattern against a text. Reset prepares it for the next use. Capture
// and Whole return parts of the last match. It is not safe for concurrent use.
type Matcher struct {
	p    *Pattern
	text string
	ctx  context.Context
	// budget is the number of steps until the next check of the context.
	budget int

	start, end [maxCaptures + 1]int // the last is the whole match
	few        [smallChoices]choice
	many       []choice
}

// whole is the index of the whole match among the captures.
const whole = maxCaptures

// choice is the state of an item that can match in several ways.
type choice struct {
	item  int // index in Pattern.items
	least int // a greedy item must end here or later
	at    int // where the item ends now
	below int // the previous choice that is still open, or -1
}

// Reset prepares the matcher for p and text. When ctx is done, a search returns the error
// of ctx.
func (m *Matcher) Reset(ctx context.Context, p *Pattern, text string) {
	m.p, m.text, m.ctx = p, text, ctx
	m.budget = patience
	if p.choices > smallChoices && len(m.many) < p.choices {
		m.many = make([]choice, p.choices)
	}
}

// Clear drops the references to the pattern, the text and the context.
func (m *Matcher) Clear() { m.p, m.text, m.ctx = nil, "", nil }

// Find returns the start and the end of the first match from index at on, or -1, -1.
func (m *Matcher) Find(at int) (start, end int, err error) {
	if m.p.isLiteral {
		i := strings.Index(m.text[at:], m.p.literal)
		if i < 0 {
			return -1, -1, nil
		}
		m.start[whole], m.end[whole] = at+i, at+i+len(m.p.literal)
		return m.start[whole], m.end[whole], nil
	}
	for ; at <= len(m.text); at++ {
		if !m.p.anchored {
			if at = m.candidate(at); at < 0 {
				break
			}
		}
		end, err := m.Match(at)
		if end >= 0 || err != nil {
			return at, end, err
		}
		switch {
		case m.p.anchored:
			return -1, -1, nil
		case m.p.run != nil:
			// The rest of the pattern did not match after any end of the run. A
			// run that begins later has no other ends.
			at = max(at, m.span(m.p.run, at)-1)
		}
	}
	return -1, -1, nil
}

// candidate returns the next index at which a match can begin, or -1.
func (m *Matcher) candidate(at int) int {
	switch {
	case m.p.prefix != "":
		i := strings.Index(m.text[at:], m.p.prefix)
		if i < 0 {
			return -1
		}
		return at + i
	case m.p.first != nil:
		for at < len(m.text) && !m.p.first[m.text[at]] {
			at++
		}
		if at == len(m.text) {
			return -1
		}
	}
	return at
}

// Match returns the end of a match that begins at index at, or -1.
func (m *Matcher) Match(at int) (end int, err error) {
	items := m.p.items
	top := -1 // the choice to change when an item does not match
	s := at
	for i := 0; i < len(items); {
		if m.budget--; m.budget < 0 {
			if err := m.look(); err != nil {
				return -1, err
			}
		}
		it := &items[i]
		var ok bool
		switch {
		case it.kind > kindSet:
			s, ok = m.special(it, s)
		case it.repeat == 0:
			ok = s < len(m.text) && it.has(m.text[s])
			s++
		default:
			s, top, ok = m.repeated(i, s, top)
		}
		if ok {
			i++
			continue
		}
		if s, i, top = m.another(top); top == noMatch {
			return -1, nil
		}
	}
	m.start[whole], m.end[whole] = at, s
	return s, nil
}

// noMatch is the result newTop of another when no choice is left.
const noMatch = -2

// look returns the error of the context if it is done.
func (m *Matcher) look() error {
	m.budget = patience
	return m.ctx.Err()
}

// has reports whether the item matches a byte.
func (it *item) has(b byte) bool {
	switch it.kind {
	case kindByte:
		return it.a == b
	case kindSet:
		return it.set[b]
	}
	return true
}

func (m *Matcher) choice(n int) *choice {
	if m.p.choices <= smallChoices {
		return &m.few[n]
	}
	return &m.many[n]
}

// repeated matches item i, which can repeat, from s on for the first time.
func (m *Matcher) repeated(i, s, top int) (at, newTop int, ok bool) {
	it := &m.p.items[i]
	least, at := s, s
	switch it.repeat {
	case '*':
		at = m.span(it, s)
	case '+':
		if at = m.span(it, s); at == s {
			return s, top, false
		}
		least++
	case '?':
		if s < len(m.text) && it.has(m.text[s]) {
			at++
		}
	}
	if at == least && it.repeat != '-' {
		return at, top, true
	}
	*m.choice(it.choice) = choice{item: i, least: least, at: at, below: top}
	return at, it.choice, true
}

// span returns the end of the longest run of bytes from s on that an item matches.
func (m *Matcher) span(it *item, s int) int {
	text, at := m.text, s
	switch it.kind {
	case kindAny:
		at = len(text)
	case kindByte:
		for at < len(text) && text[at] == it.a {
			at++
		}
	default:
		set := it.set
		for at < len(text) && set[text[at]] {
			at++
		}
	}
	if it.kind != kindAny {
		m.budget -= (at - s) >> 2
	}
	return at
}

// another changes the latest choice that can match in another way. It returns the
// index of the next item and where to match it.
func (m *Matcher) another(top int) (s, i, newTop int) {
	for top >= 0 {
		c := m.choice(top)
		it := &m.p.items[c.item]
		var ok bool
		if it.repeat == '-' {
			ok = m.longer(it, c)
		} else {
			ok = m.shorter(it, c)
		}
		if ok {
			return c.at, c.item + 1, top
		}
		top = c.below
	}
	return 0, 0, noMatch
}

// shorter makes the match of a greedy item shorter: by one byte, or by as many as
// needed for the next item to match.
func (m *Matcher) shorter(it *item, c *choice) bool {
	if c.at--; c.at < c.least {
		return false
	}
	if !it.before {
		return true
	}
	i := strings.LastIndexByte(m.text[c.least:min(c.at+1, len(m.text))], it.next)
	if i < 0 {
		m.budget -= (c.at - c.least) >> 3
		return false
	}
	m.budget -= (c.at - c.least - i) >> 3
	c.at = c.least + i
	return true
}

// longer makes the match of a lazy item longer: by one byte, or by as many as needed
// for the next item to match.
func (m *Matcher) longer(it *item, c *choice) bool {
	from := c.at
	for {
		if c.at >= len(m.text) || !it.has(m.text[c.at]) {
			m.budget -= (c.at - from) >> 2
			return false
		}
		c.at++
		if !it.before || c.at < len(m.text) && m.text[c.at] == it.next {
			m.budget -= (c.at - from) >> 2
			return true
		}
		if it.kind == kindAny {
			i := strings.IndexByte(m.text[c.at:], it.next)
			if i < 0 {
				return false
			}
			c.at += i
			m.budget -= i >> 3
			return true
		}
	}
}

// special matches an item that does not match one byte.
func (m *Matcher) special(it *item, s int) (at int, ok bool) {
	switch it.kind {
	case kindOpen:
		m.start[it.a] = s
	case kindClose:
		m.end[it.a] = s
	case kindPosition:
		m.start[it.a], m.end[it.a] = s, position
	case kindBack:
		return m.again(it.a, s)
	case kindBalance:
		return m.balance(it, s)
	case kindFrontier:
		return s, !it.set[m.byteAt(s-1)] && it.set[m.byteAt(s)]
	case kindEnd:
		return s, s == len(m.text)
	}
	return s, true
}

// byteAt returns a byte of the text, or 0 before its start and after its end.
func (m *Matcher) byteAt(i int) byte {
	if i < 0 || i >= len(m.text) {
		return 0
	}
	return m.text[i]
}

// again matches the text of a capture.
func (m *Matcher) again(index byte, s int) (at int, ok bool) {
	if m.end[index] == position {
		return s, false
	}
	same := m.text[m.start[index]:m.end[index]]
	m.budget -= len(same) >> 4
	return s + len(same), strings.HasPrefix(m.text[s:], same)
}

// balance matches from an opening byte to the closing byte that belongs to it.
func (m *Matcher) balance(it *item, s int) (at int, ok bool) {
	if s >= len(m.text) || m.text[s] != it.a {
		return s, false
	}
	depth := 1
	for at = s + 1; at < len(m.text); at++ {
		switch m.text[at] {
		case it.b:
			if depth--; depth == 0 {
				m.budget -= (at - s) >> 2
				return at + 1, true
			}
		case it.a:
			depth++
		}
	}
	m.budget -= (at - s) >> 2
	return s, false
}

// position marks a capture that is a position.
const position = -1

// Capture returns capture n of the last match, counted from 0. For a position capture,
// isPosition is true, and at is the position counted from 1.
func (m *Matcher) Capture(n int) (text string, at int, isPosition bool) {
	if m.end[n] == position {
		return "", m.start[n] + 1, true
	}
	return m.text[m.start[n]:m.end[n]], 0, false
}

// Whole returns the text of the last match.
func (m *Matcher) Whole() string { return m.text[m.start[whole]:m.end[whole]] }
