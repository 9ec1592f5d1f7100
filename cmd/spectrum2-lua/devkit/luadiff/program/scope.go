package program

import "slices"

// kind is the type of values that a variable has for all of its life.
type kind int

const (
	number kind = iota // a multiple of 1/8, not beyond ±1024
	text               // a short string
	boolean
	sequence // a list of numbers without holes, with one to forty elements
	record   // a table of numbers by names
	function // see signature
	object   // a table with a metatable and a number in v
	nothing  // nil
)

// signature describes a function: it takes numbers and returns numbers.
type signature struct {
	params  int
	varargs bool
	returns int // the minimum number of results
	cost    int // about how many statements a call runs
	self    bool
}

type variable struct {
	name   string
	kind   kind
	fixed  bool // reports whether it is never assigned, like a counter or a function
	global bool
	sig    *signature
	class  *class
	owner  *frame
}

// frame is a function that is being generated.
type frame struct {
	outer   *frame
	varargs bool
	// yields reports whether the function runs directly in a coroutine.
	yields bool
	locals int // the number of active locals, which must stay below Lua's limit
	shared map[*variable]bool
	cost   int
	weight int // how often the current statement runs for each call
	// breakable reports whether the statement stands in a loop of this function.
	breakable bool
}

// scope is a stack of the visible variables.
type scope struct{ visible []*variable }

func (s *scope) mark() int { return len(s.visible) }

// leave removes the variables that were declared after a mark.
func (g *gen) leave(mark int) {
	for _, v := range g.scope.visible[mark:] {
		if !v.global {
			v.owner.locals--
		}
	}
	g.scope.visible = g.scope.visible[:mark]
}

func (g *gen) declare(v *variable) *variable {
	v.owner = g.frame
	if !v.global {
		g.frame.locals++
	}
	g.scope.visible = append(g.scope.visible, v)
	return v
}

const (
	maxLocals   = 150
	maxUpvalues = 50
)

// pick chooses a visible variable, more often a recent one.
func (g *gen) pick(fits func(v *variable) bool) *variable {
	seen := map[string]bool{}
	var found []*variable
	for _, v := range slices.Backward(g.scope.visible) {
		if !seen[v.name] && fits(v) && g.reachable(v) {
			found = append(found, v)
		}
		seen[v.name] = true
	}
	if len(found) == 0 {
		return nil
	}
	i := g.r.IntN(len(found))
	if g.chance(50) {
		i = g.r.IntN(i + 1)
	}
	g.capture(found[i])
	return found[i]
}

// reachable reports whether using v leaves each function below Lua's limit of
// upvalues.
func (g *gen) reachable(v *variable) bool {
	if v.global {
		return true
	}
	for f := g.frame; f != nil && f != v.owner; f = f.outer {
		if !f.shared[v] && len(f.shared) >= maxUpvalues {
			return false
		}
	}
	return true
}

func (g *gen) capture(v *variable) {
	if v.global {
		return
	}
	for f := g.frame; f != nil && f != v.owner; f = f.outer {
		f.shared[v] = true
		if f.outer != v.owner {
			g.feature("upvalue of an upvalue")
		} else {
			g.feature("upvalue")
		}
	}
}

func (g *gen) pickKind(k kind) *variable {
	return g.pick(func(v *variable) bool { return v.kind == k })
}

func (g *gen) pickAssignable(k kind) *variable {
	return g.pick(func(v *variable) bool { return v.kind == k && !v.fixed })
}
