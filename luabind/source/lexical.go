package source

import (
	"fmt"
	"strings"

	"spectrumlua/luabind/codegen"
	"spectrumlua/runtime/shorten"
)

// prepared is a source for gopher-lua's scanner, which then reads it as Lua 5.1 would.
type prepared struct {
	// text is the source with blanks instead of comments, because gopher-lua's scanner
	// rejects comments such as --[==.
	text string
	// methodLines are the lines of the arguments of each method call and each
	// method definition. The syntax tree lacks them.
	methodLines []int
}

// prepare checks the tokens of a source. It returns an error for a wrong token that
// gopher-lua's scanner accepts. It reports an unfinished string or comment at the line on
// which it begins.
func prepare(text string) (prepared, *Error) {
	p := preparer{text: text, out: []byte(text), line: 1}
	for p.pos < len(text) {
		if problem := p.token(); problem != nil {
			return prepared{}, problem
		}
	}
	return prepared{string(p.out), p.methodLines}, nil
}

type preparer struct {
	text string
	out  []byte
	pos  int
	line int

	method      methodState
	methodLines []int
}

// methodState is how much of "object:name(" has been read.
type methodState int

const (
	noMethod methodState = iota
	afterColon
	afterName
)

// token reads one token, comment or blank.
func (p *preparer) token() *Error {
	c := p.text[p.pos]
	switch {
	case c == '\n' || c == '\r':
		p.newline()
		return nil
	case c == ' ' || c == '\t' || c == '\v' || c == '\f':
		p.out[p.pos] = ' ' // gopher-lua knows neither \v nor \f
		p.pos++
		return nil
	case strings.HasPrefix(p.text[p.pos:], "--"):
		return p.comment()
	}
	p.follow(c)
	switch {
	case c == '"' || c == '\'':
		return p.quoted(c)
	case c == '[' && p.longOpening() > 0:
		return p.long("string")
	case isDigit(c) || c == '.' && p.pos+1 < len(p.text) && isDigit(p.text[p.pos+1]):
		return p.number()
	case isName(c):
		for p.pos < len(p.text) && isName(p.text[p.pos]) {
			p.pos++
		}
	case strings.HasPrefix(p.text[p.pos:], "::"), strings.HasPrefix(p.text[p.pos:], ".."):
		p.pos += 2
	default:
		p.pos++
	}
	return nil
}

// follow notes the line of the token after the name of a method.
func (p *preparer) follow(c byte) {
	switch {
	case c == ':' && !strings.HasPrefix(p.text[p.pos:], "::"):
		p.method = afterColon
	case p.method == afterColon && isName(c):
		p.method = afterName
	case p.method == afterName:
		p.methodLines = append(p.methodLines, p.line)
		p.method = noMethod
	default:
		p.method = noMethod
	}
}

// newline reads the end of a line: one or two characters.
func (p *preparer) newline() {
	c := p.text[p.pos]
	p.pos++
	if p.pos < len(p.text) {
		if next := p.text[p.pos]; next != c && (next == '\n' || next == '\r') {
			p.pos++
		}
	}
	p.line++
}

// comment replaces a comment with blanks.
func (p *preparer) comment() *Error {
	start := p.pos
	p.pos += 2
	if p.pos < len(p.text) && p.text[p.pos] == '[' && p.longOpening() > 0 {
		if problem := p.long("comment"); problem != nil {
			return problem
		}
	} else if end := strings.IndexAny(p.text[p.pos:], "\r\n"); end >= 0 {
		p.pos += end
	} else {
		p.pos = len(p.text)
	}
	for i := start; i < p.pos; i++ {
		if c := p.text[i]; c != '\n' && c != '\r' {
			p.out[i] = ' '
		}
	}
	return nil
}

// longOpening returns the length of [[ or [=[ at the current place, or 0.
func (p *preparer) longOpening() int {
	i := p.pos + 1
	for i < len(p.text) && p.text[i] == '=' {
		i++
	}
	if i < len(p.text) && p.text[i] == '[' {
		return i + 1 - p.pos
	}
	return 0
}

// long reads a long string or comment from its brackets on.
func (p *preparer) long(what string) *Error {
	start, line, opening := p.pos, p.line, p.longOpening()
	closing := "]" + strings.Repeat("=", opening-2) + "]"
	end := strings.Index(p.text[start+opening:], closing)
	if end < 0 {
		return &Error{line, fmt.Sprintf(unfinishedLong+"%s: the %s that closes %s is missing",
			what, closing, p.text[start:start+opening])}
	}
	end += start + opening + len(closing)
	for p.pos < end {
		if c := p.text[p.pos]; c == '\n' || c == '\r' {
			p.newline()
		} else {
			p.pos++
		}
	}
	return nil
}

// quoted reads a string in quotes.
func (p *preparer) quoted(quote byte) *Error {
	start, line := p.pos, p.line
	p.pos++
	for p.pos < len(p.text) {
		switch c := p.text[p.pos]; {
		case c == quote:
			p.pos++
			return nil
		case c == '\n' || c == '\r':
			return p.unfinished(start, line)
		case c == '\\':
			if problem := p.escape(line); problem != nil {
				return problem
			}
		default:
			p.pos++
		}
	}
	return p.unfinished(start, line)
}

func (p *preparer) unfinished(start, line int) *Error {
	text := p.text[start:p.pos]
	if end := strings.IndexAny(text, "\r\n"); end >= 0 {
		text = text[:end]
	}
	const most = 40
	text = shorten.Ellipsis(text, most)
	return &Error{line, fmt.Sprintf("unfinished string near '%s': the closing %c is missing", text, p.text[start])}
}

// escape reads a backslash and what it escapes.
func (p *preparer) escape(line int) *Error {
	p.pos++
	if p.pos == len(p.text) {
		return nil
	}
	switch c := p.text[p.pos]; {
	case c == '\n' || c == '\r':
		p.newline()
	case isDigit(c):
		start, value := p.pos, 0
		for p.pos < len(p.text) && p.pos < start+3 && isDigit(p.text[p.pos]) {
			value = value*10 + int(p.text[p.pos]-'0')
			p.pos++
		}
		if value > 255 {
			return &Error{line, fmt.Sprintf("escape sequence too large near '\\%s': a character has a number up to 255",
				p.text[start:p.pos])}
		}
	default:
		p.pos++
	}
	return nil
}

// number reads the characters that Lua's scanner takes as one number, even if they are
// malformed.
func (p *preparer) number() *Error {
	start := p.pos
	for p.pos < len(p.text) && (isDigit(p.text[p.pos]) || p.text[p.pos] == '.') {
		p.pos++
	}
	if p.pos+1 < len(p.text) && p.text[p.pos]|0x20 == 'e' {
		p.pos++
		if c := p.text[p.pos]; c == '+' || c == '-' {
			p.pos++
		}
	}
	for p.pos < len(p.text) && isName(p.text[p.pos]) {
		p.pos++
	}
	if text := p.text[start:p.pos]; !wellFormed(text) {
		return &Error{p.line, fmt.Sprintf("malformed number near '%s'", text)}
	}
	return nil
}

func wellFormed(text string) bool {
	_, err := codegen.ParseNumber(text)
	return err == nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isName(c byte) bool {
	return c == '_' || isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z'
}
