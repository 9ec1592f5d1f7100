package source

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/codegen"
)

// Parts of the messages about sources that end too early.
const (
	atEnd          = " at the end of the file"
	unfinishedLong = "unfinished long "
)

// syntaxError converts an error of the parser or the code generator. text is what the
// parser has read.
func syntaxError(text string, err error) *Error {
	var p *parse.Error
	var c *codegen.Error
	switch {
	case errors.As(err, &p) && p.Pos.Line == parse.EOF:
		return unexpectedEnd(text, p.Message)
	case errors.As(err, &p):
		return unexpected(text, p)
	case errors.As(err, &c):
		return &Error{c.Line, c.Message}
	}
	return &Error{0, err.Error()}
}

// unexpectedEnd returns the error about a source that ends too early, at the line of the
// block that has no end.
func unexpectedEnd(text, message string) *Error {
	b := scanBlocks(text, ast.Position{})
	o := b.unclosed()
	if o == nil {
		last := 1 + strings.Count(strings.TrimRight(text, "\n"), "\n")
		return &Error{last, message + atEnd + ": the last statement is incomplete"}
	}
	line, hint := o.missing()
	return &Error{line, message + atEnd + ": " + hint}
}

// unexpected returns the error about a token where the parser expects another one.
func unexpected(text string, p *parse.Error) *Error {
	at, token := p.Pos, p.Token
	b := scanBlocks(text, at)
	if b.last.Type != 0 {
		at = b.last.Pos // the parser has the place of the token's end
	}
	shown, hint := "'"+token+"'", ""
	switch rest := text[offset(text, at):]; {
	case token == "\x00":
		shown, hint = `'\0'`, "is the file UTF-16? Save it as UTF-8"
	case len(token) == 1 && token[0] >= utf8.RuneSelf: // the parser knows only the first byte
		shown, hint = foreignCharacter(rest)
	default:
		hint = b.hint(rest)
	}
	if hint != "" {
		hint = ": " + hint
	}
	message := strings.Replace(p.Message, "parse error", "syntax error", 1) // the parser has both
	return &Error{at.Line, fmt.Sprintf("%s near %s (column %d)%s", message, shown, at.Column, hint)}
}

// offset returns the byte of a text at a position, whose column counts bytes from 1.
func offset(text string, at ast.Position) int {
	p := preparer{text: text, line: 1}
	for p.line < at.Line && p.pos < len(text) {
		if c := text[p.pos]; c == '\n' || c == '\r' {
			p.newline()
		} else {
			p.pos++
		}
	}
	return min(p.pos+max(at.Column-1, 0), len(text))
}
