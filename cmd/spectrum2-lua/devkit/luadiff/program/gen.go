package program

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Program is a generated program.
type Program struct {
	Root *Node
	// Goto reports whether the program uses goto, which Lua 5.1 does not have.
	Goto bool
	// Features are what the program uses, each once and sorted.
	Features []string
}

// gen is the state of a generator.
type gen struct {
	r        *rand.Rand
	scope    scope
	frame    *frame
	withGoto bool
	names    int
	budget   int // statements that may still be generated
	depth    int // of blocks
	flat     int // how many enclosing expressions must stay on one line
	features map[string]bool
}

// Generate returns program number index of a seed.
func Generate(seed, index uint64) *Program {
	g := &gen{r: rand.New(rand.NewPCG(seed, index)), features: map[string]bool{}} //nolint:gosec // not a secret
	g.withGoto = g.chance(20)
	g.budget = 10 + g.r.IntN(40)
	g.frame = &frame{shared: map[*variable]bool{}, weight: 1}
	var statements []*Node
	if g.chance(4) {
		statements = append(statements, g.large()...)
	}
	for g.budget > 0 {
		statements = append(statements, g.statement()...)
	}
	statements = append(statements, g.outAll())
	return &Program{Root: block(statements...), Goto: g.withGoto, Features: slices.Sorted(keys(g.features))}
}

func keys(m map[string]bool) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// chance returns true in percent of all cases.
func (g *gen) chance(percent int) bool { return g.r.IntN(100) < percent }

// between returns a number from low to high.
func (g *gen) between(low, high int) int { return low + g.r.IntN(high-low+1) }

func pickOf[T any](g *gen, of ...T) T { return of[g.r.IntN(len(of))] }

func (g *gen) feature(name string) { g.features[name] = true }

// name returns a new name, or the name of a variable, which it then shadows.
func (g *gen) name() string {
	if n := len(g.scope.visible); n > 0 && g.chance(10) {
		if v := g.scope.visible[g.r.IntN(n)]; !v.global && v.kind != function && v.kind != object && !v.fixed {
			g.feature("shadowing")
			return v.name
		}
	}
	return g.fresh("")
}

func (g *gen) fresh(prefix string) string {
	g.names++
	if prefix == "" {
		prefix = string(rune('a' + g.r.IntN(6)))
	}
	return fmt.Sprint(prefix, g.names)
}

// choice is one of the things that can be generated.
type choice[T any] struct {
	weight int
	make   func() T // returns the zero value if this choice is not possible here
}

func choose[T any](g *gen, choices []choice[T]) T {
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	n := g.r.IntN(total)
	for _, c := range choices {
		if n -= c.weight; n < 0 {
			return c.make()
		}
	}
	panic("program: no choice")
}

func join(names []string) string { return strings.Join(names, ", ") }
