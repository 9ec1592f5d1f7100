// Package regexp implements the module spectrum.regexp: RE2 patterns. The time
// of a match grows linearly with the text. Long texts are matched without the
// script lock.
package regexp

import (
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.regexp.
var Module = bind.Module{Name: "spectrum.regexp", Open: open}

const (
	// maxPattern is how long a pattern may be, maxSize how many instructions it
	// may come to: a repetition multiplies what it repeats.
	maxPattern = 16 << 10
	maxSize    = 20_000
	// cached is how many patterns the functions of the module keep.
	cached = 64
)

func open(*bind.Runtime) *lua.LTable {
	cache := &cache{patterns: map[string]*pattern{}}
	functions := bind.Functions{
		// compile(pattern) is a pattern, or nil and what is wrong with it.
		"compile": func(l *lua.LState) int {
			p, err := compile(l.CheckString(1))
			if err != nil {
				return bind.Fail(l, err)
			}
			return bind.Return(l, class.New(p))
		},
		// quote(text) is a pattern that matches the text and nothing else.
		"quote": func(l *lua.LState) int {
			s := l.CheckString(1)
			bound(l, 2*len(s))
			return bind.Return(l, lua.LString(regexp.QuoteMeta(s)))
		},
	}
	for name, method := range methods {
		functions[name] = func(l *lua.LState) int { return method(l, cache.get(l)) }
	}
	return bind.NewModule("spectrum.regexp", functions)
}

// pattern is a compiled pattern. It is immutable.
type pattern struct {
	re *regexp.Regexp
	// cost is the worst-case cost of a byte of text, in steps of about 5 ns.
	cost int
}

// methods are the methods of a pattern. Argument 1 is the pattern: an object
// or, for the functions of the module, a string.
var methods = map[string]func(*lua.LState, *pattern) int{
	"test":     test,
	"match":    match,
	"find":     find,
	"captures": captures,
	"find_all": findAll,
	"gmatch":   gmatch,
	"replace":  replace,
	"split":    split,
}

var class = newClass()

func newClass() *bind.Class[*pattern] {
	c := bind.NewClass("regexp", methods, map[string]func(*lua.LState, *pattern) lua.LValue{
		"pattern": func(_ *lua.LState, p *pattern) lua.LValue { return lua.LString(p.re.String()) },
	})
	c.Metatable().RawSetString("__tostring", bind.Function("regexp", func(l *lua.LState) int {
		p := c.Check(l, 1)
		return bind.Return(l, lua.LString("regexp: "+p.re.String()))
	}))
	return c
}

func compile(text string) (*pattern, error) {
	if len(text) > maxPattern {
		return nil, fmt.Errorf("a pattern of %d bytes is too long", len(text))
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("a pattern that does not compile: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	size := size(tree)
	if size > maxSize {
		return nil, fmt.Errorf("a pattern that is too big: its repetitions come to %d steps", size)
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("a pattern that does not compile: %w", err)
	}
	return &pattern{re: re, cost: size * (8 + re.NumSubexp()) / 8}, nil
}

// size returns the approximate number of instructions that a pattern compiles
// to.
func size(tree *syntax.Regexp) int {
	sum := 1
	if tree.Op == syntax.OpLiteral {
		sum = len(tree.Rune)
	}
	for _, sub := range tree.Sub {
		sum += size(sub)
	}
	if tree.Op == syntax.OpRepeat {
		sum *= max(1, tree.Min, tree.Max)
	}
	return min(sum, math.MaxInt32)
}

// cache keeps compiled patterns for one VM. The script lock guards it.
type cache struct {
	patterns map[string]*pattern
	order    []string
}

// get returns argument 1, a pattern or its text, as a compiled pattern.
func (c *cache) get(l *lua.LState) *pattern {
	if p, ok := class.Of(l.Get(1)); ok {
		return p
	}
	text := l.CheckString(1)
	if p := c.patterns[text]; p != nil {
		return p
	}
	p, err := compile(text)
	if err != nil {
		l.ArgError(1, err.Error())
	}
	if len(c.order) == cached {
		delete(c.patterns, c.order[0])
		c.order = c.order[1:]
	}
	c.patterns[text] = p
	c.order = append(c.order, text)
	return p
}
