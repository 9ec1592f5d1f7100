package source

import (
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/parse"
)

// foreignWords has the words of other languages that look like a statement of Lua, with
// what Lua has instead. The error is at the token after them.
var foreignWords = map[string]string{
	"continue": "Lua has no 'continue': write 'goto continue', and '::continue::' before the 'end' of the loop",
	"elif":     "Lua writes 'elseif'",
	"elsif":    "Lua writes 'elseif'",
	"let":      "a variable is declared with 'local'",
	"var":      "a variable is declared with 'local'",
	"const":    "a variable is declared with 'local'",
	"def":      "a function is declared with 'function'",
	"func":     "a function is declared with 'function'",
	"fn":       "a function is declared with 'function'",
	"switch":   "Lua has no 'switch': write 'if' and 'elseif', or look the value up in a table of functions",
	"try":      "Lua has no 'try': write 'local ok, err = pcall(function() … end)'",
	"throw":    "an error is raised with 'error(message)'",
	"import":   "a module is loaded with 'local name = require \"name\"'",
}

// foreignSigns has the beginnings of a text at an error that are operators or comments of
// other languages, with what Lua has instead. The first one that matches counts.
var foreignSigns = []struct{ sign, hint string }{
	{"!=", "'not equal' is '~='"},
	{"!", "a condition is negated with 'not'"},
	{"&&", "'and' combines conditions"},
	{"||", "'or' combines conditions"},
	{"++", "Lua has no '++': write 'x = x + 1'"},
	{"+=", "Lua has no '+=': write 'x = x + 1'"},
	{"-=", "Lua has no '-=': write 'x = x - 1'"},
	{"*=", "Lua has no '*=': write 'x = x * 2'"},
	{"/=", "Lua has no '/=': write 'x = x / 2'"},
	{"..=", "Lua has no '..=': write 'x = x .. text'"},
	{"//", "a comment begins with '--'"},
	{"/*", "a comment over several lines is '--[[ … ]]'"},
	{"#", "a comment begins with '--'"},
	{"?", "Lua has no '?': write 'condition and a or b'"},
	{"`", "a text is in quotes, or over several lines in '[[ … ]]'"},
}

// hint says what may be wrong at a token. rest is the source from the token on. The result
// is "" if nothing is known.
func (b *blocks) hint(rest string) string {
	for _, known := range []func(rest string) string{b.foreign, b.confused, b.unbalanced, b.missing} {
		if hint := known(rest); hint != "" {
			return hint
		}
	}
	return ""
}

// foreign returns a hint about a word or a sign of another language.
func (b *blocks) foreign(rest string) string {
	before, label := b.before[0], b.before[1].Type == parse.TGoto
	if hint := foreignWords[before.Str]; hint != "" && before.Type == parse.TIdent && !label {
		return hint
	}
	for _, s := range foreignSigns {
		if strings.HasPrefix(rest, s.sign) {
			return s.hint
		}
	}
	if b.adjacent('/') && strings.HasPrefix(rest, "/") {
		return "a comment begins with '--'; a quotient without its fraction is 'math.floor(a / b)'"
	}
	if b.adjacent('+') && strings.HasPrefix(rest, "+") {
		return "Lua has no '++': write 'x = x + 1'"
	}
	return ""
}

// adjacent reports whether the last token is of a type, and directly before the error.
func (b *blocks) adjacent(kind int) bool {
	before := b.before[0]
	return before.Type == kind && before.Pos.Line == b.last.Pos.Line && before.Pos.Column == b.last.Pos.Column-1
}

// confused returns a hint about a sign or a keyword of Lua at a wrong place.
func (b *blocks) confused(string) string {
	before, top, kind := b.before[0], b.top(), b.last.Type
	switch {
	case kind == '=' && before.Type == parse.TEqeq:
		return "equality is '=='"
	case kind == '=' && (top.head == parse.TIf || top.head == parse.TWhile):
		return "a comparison is '=='"
	case kind == '{' && before.Type == ')':
		return "a block has no braces: it begins after the parameters, and ends with 'end'"
	case top.text == "{" && (kind == ':' || before.Type == ':' || b.before[1].Type == ':'):
		return "a field of a table is 'name = value'"
	case kind == parse.T2Comma && before.Type == parse.TString:
		return "put the argument into parentheses"
	case before.Type == parse.TIdent && b.before[1].Type == ':':
		return fmt.Sprintf("a method needs its arguments: write ':%s()'", before.Str)
	}
	return ""
}

// unbalanced returns a hint about a token that closes another block than the one that is
// open, or that follows a block's return.
func (b *blocks) unbalanced(string) string {
	switch b.last.Type {
	case ')', '}', ']', parse.TEnd, parse.TUntil, parse.TElse, parse.TElseIf:
		return b.wrongClosing()
	}
	top := b.top()
	if top.returned != 0 && top.returned < b.last.Pos.Line && endsExpression[b.before[0].Type] {
		return fmt.Sprintf("the 'return' of line %d must be the last statement of its block", top.returned)
	}
	return ""
}

// wrongClosing returns a hint about a token that closes a block or bracket.
func (b *blocks) wrongClosing() string {
	kind, text, top := b.last.Type, b.last.Str, b.top()
	o := b.unclosed()
	switch {
	case o == nil:
		return "no block or bracket is open here; is there one '" + text + "' too many?"
	case top.head != 0:
		return b.missingHead()
	case text == top.closing(), top.text == "if" && (kind == parse.TElse || kind == parse.TElseIf):
		return ""
	}
	_, hint := o.missing()
	return hint
}

// missingHead returns a hint about an if, while or for without then or do.
func (b *blocks) missingHead() string {
	word := "do"
	if b.top().head == parse.TIf {
		word = "then"
	}
	return "is '" + word + "' missing before it?"
}

// missing returns a hint about what may be missing before a token.
func (b *blocks) missing(string) string {
	top := b.top()
	newLine := b.last.Pos.Line > b.before[0].Pos.Line
	switch {
	case top.head != 0 && newLine:
		return b.missingHead()
	case newLine && len(b.open) > 1 && top.closing() != "end" && top.text != "repeat":
		return fmt.Sprintf("is a comma missing before it, or the '%s' for the '%s' of line %d?", top.closing(), top.text, top.line)
	case IsName(b.last.Str) && b.last.Type == parse.TIdent:
		return "is a comma or an operator missing before it?"
	}
	return ""
}
