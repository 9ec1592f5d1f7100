package source

import (
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"
)

// blocks has what is open at the place of a syntax error, and the tokens before it.
type blocks struct {
	open []opening
	// before are the last two tokens before the error, the last one first. last is the
	// token at the error, if it is a token.
	before [2]ast.Token
	last   ast.Token

	line   int // of the token before
	indent int // of the current line
}

// opening is an open block or bracket.
type opening struct {
	text         string // the keyword or bracket
	line, indent int
	elseIf       int // the line of an else that an if follows, or 0
	head         int // the keyword if, while or for while its then or do is missing, or 0
	returned     int // the line of a return in this block, or 0
	// suspect is a block in this one that has no end, as far as the indentation shows: the
	// end of a block around it closed it.
	suspect *opening
}

// closing returns the text that closes a block or bracket.
func (o *opening) closing() string {
	if text := map[string]string{"(": ")", "{": "}", "[": "]", "repeat": "until"}[o.text]; text != "" {
		return text
	}
	return "end"
}

// missing says what has no end, and in which line it begins.
func (o *opening) missing() (line int, text string) {
	if o.elseIf != 0 {
		return o.elseIf, fmt.Sprintf("the 'if' after the 'else' of line %d has no 'end'; write 'elseif', which needs none", o.elseIf)
	}
	return o.line, fmt.Sprintf("the '%s' of line %d has no '%s'", o.text, o.line, o.closing())
}

// scanBlocks reads the tokens of a source until the one that ends or begins at a position,
// or to the end.
func scanBlocks(text string, until ast.Position) *blocks {
	b := &blocks{open: []opening{{}}}
	scanner := parse.NewScanner(strings.NewReader(text), until.Source)
	lexer := &parse.Lexer{}
	for {
		token, err := scanner.Scan(lexer)
		if err != nil || token.Type == parse.EOF {
			return b
		}
		lexer.PrevTokenType = token.Type
		if token.Pos == until || scanner.Pos == until {
			b.last = token
			return b
		}
		b.token(token)
	}
}

func (b *blocks) top() *opening { return &b.open[len(b.open)-1] }

// token adds a token.
func (b *blocks) token(t ast.Token) {
	first := t.Pos.Line != b.line
	if first {
		b.indent = t.Pos.Column
	}
	switch t.Type {
	case '(', '{', '[', parse.TFunction, parse.TRepeat:
		b.push(t, 0)
	case parse.TIf, parse.TWhile, parse.TFor:
		b.push(t, t.Type)
	case parse.TThen:
		b.top().head = 0
	case parse.TDo:
		if b.top().head == 0 { // a block of its own
			b.push(t, 0)
		}
		b.top().head = 0
	case parse.TElseIf:
		b.top().head, b.top().returned = parse.TIf, 0
	case parse.TElse:
		b.top().returned = 0
	case parse.TReturn:
		b.top().returned = t.Pos.Line
	case ')', '}', ']', parse.TEnd, parse.TUntil:
		b.pop(first)
	}
	b.before[1], b.before[0], b.line = b.before[0], t, t.Pos.Line
}

func (b *blocks) push(t ast.Token, head int) {
	if t.Type == parse.TIf && b.before[0].Type == parse.TElse && b.line == t.Pos.Line {
		b.top().elseIf = b.line
	}
	b.open = append(b.open, opening{text: t.Str, line: t.Pos.Line, indent: b.indent, head: head})
}

// pop closes a block. first reports whether the closing token is the first one of its line.
func (b *blocks) pop(first bool) {
	if len(b.open) == 1 {
		return // the parser has an error at this token
	}
	closed := *b.top()
	b.open = b.open[:len(b.open)-1]
	if !first || b.indent >= closed.indent || b.top().suspect != nil {
		return
	}
	b.top().suspect = &closed
	if closed.suspect != nil {
		b.top().suspect = closed.suspect
	}
}

// unclosed returns the block or bracket that has no end, or nil if none is open.
func (b *blocks) unclosed() *opening {
	if len(b.open) == 1 {
		return nil
	}
	for i := range b.open {
		if b.open[i].elseIf != 0 {
			return &b.open[i]
		}
	}
	if s := b.top().suspect; s != nil {
		return s
	}
	return b.top()
}
