// Package source reads and compiles Lua sources. It bounds what a source may ask of
// the parser and the code generator. They follow its nesting on Go's stack, whose
// overflow nothing catches, and look at a chain of operators once for each of
// them. Neither can be interrupted.
package source

import (
	"fmt"
	"strings"

	"github.com/yuin/gopher-lua/parse"
)

const (
	// harmless is how long a source may be without being looked at, in bytes:
	// whatever it holds takes a few megabytes of stack and a fraction of a
	// second.
	harmless = 16 << 10
	// MaxDepth is how deep blocks, brackets and expressions may stand in each
	// other.
	MaxDepth = 5000
	// maxWork bounds how long compiling takes, to a second or so.
	maxWork = 50_000_000
)

// Error is what is wrong with a source, and where.
type Error struct {
	Line int // 0: the source as a whole
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// In is the error as a message about the source called name.
func (e *Error) In(name string) string {
	if e.Line == 0 {
		return name + ": " + e.Text
	}
	return fmt.Sprintf("%s:%d: %s", name, e.Line, e.Text)
}

// Check tells whether a source may be handed to the compiler, and why not.
// Whether the source is right is for the parser to say.
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
	depth    int // levels, and the chains in them
	previous int
	work     int
}

// level is a block or a bracket that is open.
type level struct {
	// chain is how many operators, or links such as .name and (), the current
	// expression has had.
	chain   int
	elseifs int // each stands in the one before
	jumps   int // goto and labels
}

func (c *checker) top() *level { return &c.open[len(c.open)-1] }

// token returns what is too much with it, or "".
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
	case c.depth > MaxDepth:
		return fmt.Sprintf("more than %d levels of nesting", MaxDepth)
	case c.work > maxWork:
		return "too much stands too deep: compiling it would take too long"
	}
	return ""
}

func (c *checker) push(l level) {
	c.open = append(c.open, l)
	c.depth++
}

// pop leaves a level. One too many is for the parser to see.
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
	// endsExpression are tokens behind which a name begins a statement.
	endsExpression = tokens(parse.TIdent, parse.TNumber, parse.TString, parse.TNil, parse.TTrue, parse.TFalse,
		parse.T3Comma, parse.TEnd, ')', ']', '}')
	// startsStatement are tokens that no expression goes on behind.
	startsStatement = tokens(',', ';', '=', parse.TLocal, parse.TReturn, parse.TBreak, parse.TWhile, parse.TFor,
		parse.TIn, parse.TGoto, parse.TElse, parse.TThen)
	// links make an expression deeper by one.
	links = tokens('+', '-', '*', '/', '%', '^', '#', '<', '>', '.', ':', '(', '[', parse.TString, '{',
		parse.TAnd, parse.TOr, parse.TNot, parse.T2Comma, parse.TEqeq, parse.TNeq, parse.TLte, parse.TGte)
)
