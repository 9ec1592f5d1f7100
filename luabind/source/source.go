// Package source reads and compiles Lua sources. It rejects sources that would harm the
// process: the parser and the code generator follow nested code on Go's stack, from whose
// overflow Go cannot recover, and they need quadratic time for long chains of operators.
// They cannot be interrupted.
package source

import (
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/parse"
)

const (
	// harmless is the size in bytes up to which a source is not checked. The worst
	// source of this size takes a few megabytes of stack and less than a second.
	harmless = 16 << 10
	// maxDepth is the maximum nesting of blocks, brackets and expressions.
	maxDepth = 5000
	// maxWork limits the time to compile a source to about a second.
	maxWork = 50_000_000
)

// Error is an error in a source.
type Error struct {
	Line int // 0 if the error is about the whole source
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// In returns the message for a source called name, with the position.
func (e *Error) In(name string) string {
	if e.Line == 0 {
		return name + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", name, e.Line, e.Text)
}

// Check returns an error if a source is too large or too deeply nested for the compiler.
// It does not check the syntax.
func Check(text string) *Error {
	if len(text) <= harmless {
		return nil
	}
	c := checker{open: []level{{}}}
	scanner := parse.NewScanner(strings.NewReader(text), "")
	lexer := &parse.Lexer{}
	for {
		token, err := scanner.Scan(lexer)
		if err != nil || token.Type == parse.EOF {
			return nil
		}
		lexer.PrevTokenType = token.Type
		if problem := c.token(token.Type); problem != "" {
			return &Error{token.Pos.Line, problem}
		}
		c.previous = token.Type
	}
}

// checker follows the tokens of a source.
type checker struct {
	open     []level
	depth    int // of the levels and their chains together
	previous int
	work     int
}

// level is an open block or bracket.
type level struct {
	// chain is the number of operators and links, such as .name and (), in the current
	// expression.
	chain   int
	elseifs int // each is nested in the one before
	jumps   int // number of goto statements and labels
}

func (c *checker) top() *level { return &c.open[len(c.open)-1] }

// token adds a token. It returns the limit that the token exceeds, or "".
func (c *checker) token(kind int) string {
	switch {
	case kind == parse.TIdent && endsExpression[c.previous], startsStatement[kind]:
		c.unchain()
	case links[kind]:
		c.top().chain++
		c.depth++
	}
	switch kind {
	case '(', '{', '[', parse.TFunction, parse.TDo, parse.TIf, parse.TRepeat:
		c.push(level{})
	case ')', '}', ']', parse.TEnd, parse.TUntil:
		c.pop()
	case parse.TElseIf:
		c.top().elseifs++
		c.depth++
	case parse.TGoto, parse.T2Colon:
		c.top().jumps++
		c.work += c.top().jumps >> 5
	}
	c.work += c.depth
	switch {
	case c.depth > maxDepth:
		return fmt.Sprintf("more than %d levels of nesting", maxDepth)
	case c.work > maxWork:
		return "too much stands too deep: compiling it would take too long"
	}
	return ""
}

func (c *checker) push(l level) {
	c.open = append(c.open, l)
	c.depth++
}

// pop ends a level. It ignores a closing token without an opening one: the parser reports
// it.
func (c *checker) pop() {
	if len(c.open) == 1 {
		return
	}
	c.depth -= 1 + c.top().chain + c.top().elseifs
	c.open = c.open[:len(c.open)-1]
}

// unchain ends the expression of the current level.
func (c *checker) unchain() {
	c.depth -= c.top().chain
	c.top().chain = 0
}

func tokens(kinds ...int) map[int]bool {
	set := map[int]bool{}
	for _, k := range kinds {
		set[k] = true
	}
	return set
}

var (
	// endsExpression has the tokens after which a name begins a statement.
	endsExpression = tokens(parse.TIdent, parse.TNumber, parse.TString, parse.TNil, parse.TTrue, parse.TFalse,
		parse.T3Comma, parse.TEnd, ')', ']', '}')
	// startsStatement has the tokens that end the expression before them.
	startsStatement = tokens(',', ';', '=', parse.TLocal, parse.TReturn, parse.TBreak, parse.TWhile, parse.TFor,
		parse.TIn, parse.TGoto, parse.TElse, parse.TThen)
	// links has the tokens that nest an expression one level deeper.
	links = tokens('+', '-', '*', '/', '%', '^', '#', '<', '>', '.', ':', '(', '[', parse.TString, '{',
		parse.TAnd, parse.TOr, parse.TNot, parse.T2Comma, parse.TEqeq, parse.TNeq, parse.TLte, parse.TGte)
)

// Unfinished reports whether a text that is typed line by line needs more lines: whether it
// is the beginning of an expression or of statements, but neither itself.
func Unfinished(text string) bool {
	unfinished := false
	for _, before := range []string{"return ", ""} {
		_, _, problem := Compile("", before+text)
		if problem == nil {
			return false
		}
		unfinished = unfinished || strings.Contains(problem.Text, atEnd) || strings.HasPrefix(problem.Text, unfinishedLong)
	}
	return unfinished
}
