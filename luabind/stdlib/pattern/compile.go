package pattern

import "errors"

// The errors of a pattern, with Lua's texts.
var (
	errEndsWithPercent = errors.New("malformed pattern (ends with '%')")
	errMissingBracket  = errors.New("malformed pattern (missing ']')")
	errFrontier        = errors.New("missing '[' after '%f' in pattern")
	errUnbalanced      = errors.New("unbalanced pattern")
	errUnfinished      = errors.New("unfinished capture")
	errClose           = errors.New("invalid pattern capture")
	errIndex           = errors.New("invalid capture index")
	errTooMany         = errors.New("too many captures")
)

// Compile compiles a pattern. With anchors, a leading ^ ties the match to the start of the
// search. Without anchors, as in gmatch, it matches itself. Compile reports all malformed
// patterns, while Lua reports some only when a match reaches the malformed part.
func Compile(source string, anchors bool) (*Pattern, error) {
	c := compiler{source: source, p: &Pattern{}}
	if anchors && c.peek() == '^' && source != "" {
		c.p.anchored = true
		c.at++
	}
	for c.at < len(source) {
		if err := c.item(); err != nil {
			return nil, err
		}
	}
	if len(c.open) > 0 {
		return nil, errUnfinished
	}
	c.p.finish()
	return c.p, nil
}

// compiler compiles a pattern. source[at:] is the rest to read.
type compiler struct {
	source string
	at     int
	p      *Pattern
	open   []byte // captures that have begun
	closed [maxCaptures]bool
}

// peek returns the next byte, or 0 at the end.
func (c *compiler) peek() byte {
	if c.at < len(c.source) {
		return c.source[c.at]
	}
	return 0
}

func (c *compiler) add(it item) { c.p.items = append(c.p.items, it) }

func (c *compiler) item() error {
	b := c.source[c.at]
	switch b {
	case '(':
		return c.begin()
	case ')':
		return c.end()
	case '$':
		if c.at+1 == len(c.source) {
			c.at++
			c.add(item{kind: kindEnd})
			return nil
		}
	case '%':
		if done, err := c.special(); done || err != nil {
			return err
		}
	}
	it, err := c.single()
	if err != nil {
		return err
	}
	switch r := c.peek(); r {
	case '*', '+', '-', '?':
		it.repeat = r
		c.at++
	}
	c.add(it)
	return nil
}

func (c *compiler) begin() error {
	if c.p.captures == maxCaptures {
		return errTooMany
	}
	index := byte(c.p.captures)
	c.p.captures++
	c.at++
	if c.peek() == ')' {
		c.at++
		c.closed[index] = true
		c.add(item{kind: kindPosition, a: index})
		return nil
	}
	c.open = append(c.open, index)
	c.add(item{kind: kindOpen, a: index})
	return nil
}

func (c *compiler) end() error {
	n := len(c.open)
	if n == 0 {
		return errClose
	}
	index := c.open[n-1]
	c.open = c.open[:n-1]
	c.closed[index] = true
	c.at++
	c.add(item{kind: kindClose, a: index})
	return nil
}

// special reads %b, %f or %1 to %9. It returns false if something else is next.
func (c *compiler) special() (bool, error) {
	rest := c.source[c.at+1:]
	if rest == "" {
		return true, errEndsWithPercent
	}
	switch b := rest[0]; {
	case b == 'b':
		if len(rest) < 3 {
			return true, errUnbalanced
		}
		c.at += 4
		c.add(item{kind: kindBalance, a: rest[1], b: rest[2]})
	case b == 'f':
		if len(rest) < 2 || rest[1] != '[' {
			return true, errFrontier
		}
		c.at += 2
		s, err := c.set()
		if err != nil {
			return true, err
		}
		c.add(item{kind: kindFrontier, set: s})
	case isDigit(b):
		index := b - '1'
		if b == '0' || int(index) >= c.p.captures || !c.closed[index] {
			return true, errIndex
		}
		c.at += 2
		c.add(item{kind: kindBack, a: index})
	default:
		return false, nil
	}
	return true, nil
}

// single reads an item that matches one byte.
func (c *compiler) single() (item, error) {
	b := c.source[c.at]
	switch b {
	case '.':
		c.at++
		return item{kind: kindAny}, nil
	case '[':
		s, err := c.set()
		return item{kind: kindSet, set: s}, err
	case '%':
		b = c.source[c.at+1] // special has checked that it exists
		c.at += 2
		if s := classes[b]; s != nil {
			return item{kind: kindSet, set: s}, nil
		}
		return item{kind: kindByte, a: b}, nil
	}
	c.at++
	return item{kind: kindByte, a: b}, nil
}

// set reads a [set]. A ] as the first character of a set means itself.
func (c *compiler) set() (*set, error) {
	s := &set{}
	c.at++
	inverted := c.peek() == '^'
	if inverted {
		c.at++
	}
	for plain, next := true, false; ; plain, next = next, false { // a plain ] does not end the set
		if c.at >= len(c.source) {
			return nil, errMissingBracket
		}
		b := c.source[c.at]
		switch {
		case b == ']' && !plain:
			c.at++
			if inverted {
				s.invert()
			}
			return s, nil
		case b == '%':
			if c.at+1 >= len(c.source) {
				return nil, errMissingBracket
			}
			c.class(s, c.source[c.at+1])
			c.at += 2
		case c.isRange():
			for x := int(b); x <= int(c.source[c.at+2]); x++ {
				s[x] = true
			}
			next = c.source[c.at+2] == '%' // Lua treats it as an escape when it looks for the end
			c.at += 3
		default:
			s[b] = true
			c.at++
		}
	}
}

// isRange reports whether a range such as a-z is next. a-] is not a range.
func (c *compiler) isRange() bool {
	rest := c.source[c.at:]
	return len(rest) > 3 && rest[1] == '-' && rest[2] != ']'
}

func (c *compiler) class(s *set, b byte) {
	if class := classes[b]; class != nil {
		s.add(class)
		return
	}
	s[b] = true
}
