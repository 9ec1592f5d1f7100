package program

import "fmt"

// class is a table of metamethods.
type class struct {
	name string
	has  map[string]bool
}

var operators = map[string]string{"+": "__add", "-": "__sub", "*": "__mul", "/": "__div", "%": "__mod", "^": "__pow"}

// objects generates a class and some of its objects, which out shows with tostring.
func (g *gen) objects() []*Node {
	g.feature("metatable")
	name := g.fresh("C")
	c := &class{name: name, has: map[string]bool{}}
	event := func(metamethod, params, body string) *Node {
		c.has[metamethod] = true
		return stmt(fmt.Sprintf("%s.%s = function(%s) %s end", name, metamethod, params, body))
	}
	statements := []*Node{stmt("local " + name + " = {}")}
	for _, op := range []string{"+", "-", "*", "/", "%", "^"} {
		if g.chance(60) {
			statements = append(statements, event(operators[op], "a, b", fmt.Sprintf("return (val(a) * 2 + val(b) * 3 + %d) %% 100", len(statements))))
		}
	}
	maybe := func(percent int, metamethod, params, body string) {
		if g.chance(percent) {
			statements = append(statements, event(metamethod, params, body))
		}
	}
	maybe(60, "__concat", "a, b", `return "<" .. val(a) .. "," .. val(b) .. ">"`)
	maybe(50, "__unm", "a", "return val(a) % 50 + 1")
	maybe(50, "__eq", "a, b", pickOf(g, "return val(a) == val(b)", "return val(a)", "return nil"))
	maybe(50, "__lt", "a, b", pickOf(g, "return val(a) < val(b)", "return val(a) < val(b) and 1 or nil"))
	maybe(40, "__le", "a, b", "return val(a) <= val(b)")
	maybe(50, "__call", "self, ...", `return (val(self) + select("#", ...)) % 100, ...`)
	maybe(30, "__metatable", "", "")
	if c.has["__metatable"] {
		statements[len(statements)-1] = stmt(name + `.__metatable = "locked"`)
	}
	maybe(40, "__newindex", "t, k, v", pickOf(g, "rawset(t, k, (tonumber(v) or 0) % 10)", "rawset(t, \"v\", val(v))"))
	statements = append(statements, event("__tostring", "a", fmt.Sprintf(`return "%s:" .. val(a)`, name)))
	if g.chance(50) {
		g.feature("__index is a function")
		statements = append(statements, event("__index", "t, k", `if k == "method" then return function(self, x) return (val(self) + x) % 100 end end return #tostring(k)`))
	} else {
		g.feature("__index is a table")
		statements = append(statements, stmt(fmt.Sprintf("%s.__index = setmetatable({ method = function(self, x) return (val(self) - x) %% 100 end }, { __index = function(t, k) return 3 end })", name)))
	}
	for metamethod := range c.has {
		g.feature(metamethod)
	}
	for range g.between(1, 2) {
		o := g.fresh("o")
		statements = append(statements, stmt(fmt.Sprintf("local %s = setmetatable({ v = %d }, %s)", o, g.r.IntN(9), name)))
		g.declare(&variable{name: o, kind: object, fixed: true, class: c})
	}
	return append(statements, g.objectOperations()...)
}

// objectOperations generates operations on an object. They fail if its class lacks the
// metamethod.
func (g *gen) objectOperations() []*Node {
	var statements []*Node
	for range g.between(1, 3) {
		statements = append(statements, g.inside(g.objectOperation))
	}
	return statements
}

// objectOperation generates one operation. The function around it must have no `...`.
func (g *gen) objectOperation() *Node {
	o := g.pickKind(object)
	other := prefix(o.name)
	if o2 := g.pickKind(object); g.chance(50) {
		other = prefix(o2.name)
	} else if g.chance(50) {
		other = g.kept(1)
	}
	a, b := prefix(o.name), other
	if g.chance(40) {
		a, b = b, a
	}
	var value *Node
	switch g.r.IntN(8) {
	case 0:
		value = g.binary(pickOf(g, "==", "~=", "<", "<=", ">", ">="), a, b)
	case 1:
		value = g.binary("..", a, g.binary("..", g.text(1), b))
	case 2:
		value = expr(o.name, "(", g.arguments(g.r.IntN(3), 1), ")")
	case 3:
		return stmt("try(function() "+o.name+"."+g.fieldName()+" = ", g.kept(1), " return rawget("+o.name+`, "x") end)`)
	case 4:
		value = g.unary(pickOf(g, "-", "#"), prefix(o.name))
	case 5:
		value = expr(o.name + ".missing, " + o.name + "[1], " + o.name + ":method(3), getmetatable(" + o.name + `) == "locked", tostring(` + o.name + ")")
	case 6:
		value = expr("(pcall(setmetatable, " + o.name + ", getmetatable(" + o.name + ")))")
	default:
		value = g.binary(pickOf(g, "+", "-", "*", "/", "%", "^"), a, b)
	}
	return stmt("try(function() return ", value, " end)")
}

// objectNumber generates arithmetic on an object whose class has the metamethod.
func (g *gen) objectNumber(depth int) numeric {
	o := g.pickKind(object)
	if o == nil {
		return g.leafNumber()
	}
	for _, op := range []string{"+", "-", "*", "/", "%", "^"} {
		if o.class.has[operators[op]] && g.chance(50) {
			a, b := prefix(o.name), g.fit(g.number(depth-1))
			if g.chance(40) {
				a, b = b, a
			}
			return numeric{g.binary(op, a, b), 100, fractionKept}
		}
	}
	return numeric{prefix(o.name + ":method(2)"), 100, fractionKept}
}

func (g *gen) objectCondition(depth int) *Node {
	o := g.pickKind(object)
	if o == nil || !o.class.has["__lt"] {
		return g.condition(depth - 1)
	}
	return g.binary(pickOf(g, "<", ">", "<=", ">="), prefix(o.name), prefix(o.name))
}

func (g *gen) objectText(depth int) *Node {
	o := g.pickKind(object)
	if o == nil || !o.class.has["__concat"] {
		return g.text(depth - 1)
	}
	return g.binary("..", prefix(o.name), g.text(depth-1))
}

// environment generates code that loads other code, or that runs a function in its own
// environment.
func (g *gen) environment() []*Node {
	n := g.r.IntN(9)
	switch g.r.IntN(3) {
	case 0:
		g.feature("loadstring")
		return []*Node{stmt(fmt.Sprintf(`out(loadstring("local a, b = ... return a, (b or %d), ...")(`, n), g.arguments(2, 1), "))")}
	case 1:
		g.feature("setfenv")
		f := g.fresh("e")
		return []*Node{stmt(fmt.Sprintf("local %s = setfenv(function(n) x = n return x, out end, { x = %d })", f, n)), stmt(fmt.Sprintf("out(%s(%d), getfenv(%s).x)", f, n, f))}
	}
	g.feature("syntax error")
	return []*Node{stmt(`out(loadstring("` + pickOf(g, "x =", "for", "return return", "local 1", "if x then", "x.y", "f(", "goto = ", "a.b:c = 1", "break", "local function f() break end") + `") == nil)`)}
}
