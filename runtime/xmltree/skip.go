package xmltree

import (
	"bytes"
	"errors"
)

// skipFactor is how many times the size limit is skipped of one element.
const skipFactor = 64

// skipper finds the end of an element without storing any of it. It checks no names,
// because the server at the other end of the stream has checked them.
type skipper struct {
	depth int // of open elements, from the one to skip
	most  int // bytes to skip
	state skipState
	quote byte // the open quotation mark
	end   bool // the tag is an end tag
	slash bool // the last character of the tag is a slash
	match int  // how much of the mark has been seen
}

type skipState int

const (
	skipText    skipState = iota
	skipOpening           // behind <
	skipTag
	skipMarkup // behind <!
	skipData   // in <![CDATA[
)

const (
	dataBegin = "[CDATA["
	dataEnd   = "]]>"
)

// skips reports whether the error is about a limit and the element can be skipped. It
// then begins to skip it, from the start of the current token.
func (p *Parser) skips(err error) bool {
	if err == nil || p.skipped == nil || p.root == nil {
		return false
	}
	if limit := (limitError{}); !errors.As(err, &limit) {
		return false
	}
	p.skip = &skipper{depth: len(p.open) - p.level, most: skipFactor * p.limits.Size}
	var node *Node
	if len(p.open) > p.level {
		e := p.open[p.level]
		node = e.node
		node.Children = nil
		clear(p.open[p.level:])
		p.open = p.open[:p.level]
		p.scope.Leave(e.declared)
	}
	p.text, p.cr, p.scanned, p.quote = p.text[:0], false, 0, 0
	p.skipped(node, err)
	return true
}

// skipPart skips input up to the end of the element.
func (p *Parser) skipPart(b []byte) (int, error) {
	n, over, err := p.skip.skip(b)
	p.line += bytes.Count(b[:n], newline)
	switch {
	case err != nil:
		return n, p.wrong("%v", err)
	case over:
		p.skip = nil
	}
	return n, nil
}

// skip skips input and returns the number of bytes. It reports whether the element has
// ended.
func (s *skipper) skip(b []byte) (n int, over bool, err error) {
	if s.most -= len(b); s.most < 0 {
		return 0, false, errors.New("an element does not end")
	}
	for i := 0; i < len(b); i++ {
		switch s.state {
		case skipText:
			next := bytes.IndexByte(b[i:], '<')
			if next < 0 {
				return len(b), false, nil
			}
			i += next
			s.state = skipOpening
		case skipOpening:
			if err := s.opening(b[i]); err != nil {
				return i, false, err
			}
		case skipTag:
			if s.tag(b[i]) && s.depth <= 0 {
				return i + 1, true, nil
			}
		case skipMarkup:
			if b[i] != dataBegin[s.match] {
				return i, false, errors.New("a comment or a document type, which XMPP forbids")
			}
			if s.match++; s.match == len(dataBegin) {
				s.state, s.match = skipData, 0
			}
		case skipData:
			s.data(b[i])
		}
	}
	return len(b), false, nil
}

// opening handles the character behind <.
func (s *skipper) opening(c byte) error {
	switch c {
	case '?':
		return errors.New("a processing instruction, which XMPP forbids")
	case '!':
		s.state, s.match = skipMarkup, 0
	default:
		s.state, s.end, s.slash, s.quote = skipTag, c == '/', false, 0
	}
	return nil
}

// tag handles a character of a tag. It reports whether the tag has ended.
func (s *skipper) tag(c byte) bool {
	switch {
	case s.quote != 0:
		if c == s.quote {
			s.quote = 0
		}
		return false
	case c == '"' || c == '\'':
		s.quote = c
	case c == '>':
		switch {
		case s.end:
			s.depth--
		case !s.slash:
			s.depth++
		}
		s.state = skipText
		return true
	}
	s.slash = c == '/'
	return false
}

// data handles a character of a CDATA section.
func (s *skipper) data(c byte) {
	switch {
	case c == dataEnd[s.match]:
		if s.match++; s.match == len(dataEnd) {
			s.state, s.match = skipText, 0
		}
	case c == ']' && s.match == 2: // ]]] ends with the same two
	case c == ']':
		s.match = 1
	default:
		s.match = 0
	}
}
