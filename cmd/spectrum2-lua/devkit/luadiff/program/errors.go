package program

import "fmt"

// protected generates a protected call of a function that may fail.
func (g *gen) protected() []*Node {
	g.feature("protected call")
	sig := &signature{params: g.r.IntN(3), varargs: g.chance(30), returns: 1}
	f := &frame{outer: g.frame, varargs: sig.varargs, shared: map[*variable]bool{}, weight: 1}
	g.frame = f
	mark := g.scope.mark()
	var params []string
	for range sig.params {
		params = append(params, g.declare(&variable{name: g.fresh("p"), kind: number}).name)
	}
	if sig.varargs {
		params = append(params, "...")
	}
	statements := []*Node{}
	for range g.r.IntN(3) {
		statements = append(statements, g.statement()...)
	}
	failing := g.failing()
	if g.chance(30) {
		failing = []*Node{stmt("if ", g.condition(1), " then", block(failing...), "end")}
	}
	statements = append(statements, failing...)
	statements = append(statements, g.returned(sig))
	g.leave(mark)
	g.frame = f.outer
	g.frame.cost += g.frame.weight * f.cost
	body := glue("("+join(params)+")", block(statements...), "end")
	switch g.r.IntN(3) {
	case 0:
		g.feature("xpcall")
		return []*Node{stmt("out(xpcall(function", body, ", "+pickOf(g, "message", "function(e) return message(e), 2 end", "function(e) error(e, 0) end")+"))")}
	case 1:
		g.feature("pcall in pcall")
		args := g.inside(func() *Node { return g.callArguments(sig, 1).orNil() })
		return []*Node{stmt("try(function() return both(pcall(function", body, ", ", args, ")) end)")}
	}
	return []*Node{stmt("try(function", body, ", ", g.callArguments(sig, 1).orNil(), ")")}
}

// inside generates a part of a small function that has no ... of its own.
func (g *gen) inside(part func() *Node) *Node {
	g.frame = &frame{outer: g.frame, shared: map[*variable]bool{}, weight: g.frame.weight, cost: g.frame.cost}
	defer func() { g.frame = g.frame.outer }()
	return part()
}

// orNil returns nil instead of an empty list, where a value is required.
func (n *Node) orNil() *Node {
	if len(n.Parts) == 0 {
		return expr("nil")
	}
	return n
}

// failing generates statements that raise an error.
func (g *gen) failing() []*Node {
	switch g.r.IntN(4) {
	case 0:
		return []*Node{g.raising()}
	case 1:
		g.feature("error of a library function")
		return []*Node{stmt("out(", pickOf(g, `("x"):rep({})`, `string.rep()`, `setmetatable(1, {})`, `ipairs()`, `tonumber("z", 99)`, `("x"):bad()`,
			`table.concat({ {} })`, `math.floor("a")`, `string.char(-1)`, `select(0)`, `string.format("%d", "x")`,
			`table.insert({}, 1, 2, 3)`, `(pcall(rawset, {}, nil, 1))`, `(pcall(next, {}, 1))`, `unpack()`, `coroutine.resume(1)`, `assert(false)`, `assert(nil, "why")`), ")")}
	}
	return g.mistake()
}

func (g *gen) raising() *Node {
	g.feature("error with a value")
	value := choose(g, []choice[*Node]{
		{3, func() *Node { return g.text(1) }},
		{1, func() *Node { return g.digits(1) }},
		{2, func() *Node { return expr("{ code = ", g.kept(1), " }") }},
		{1, func() *Node { return expr("nil") }},
		{1, func() *Node { return g.condition(1) }},
	})
	if g.chance(50) {
		g.feature("error with a level")
		return stmt("error(", value, ", "+pickOf(g, "0", "1", "2")+")")
	}
	return stmt("error(", value, ")")
}

// bad returns an expression whose value supports no operation, with a variable of each
// kind.
func (g *gen) bad() (before []*Node, n *Node) {
	value := pickOf(g, "nil", "nil", "true", "{}", "false")
	name := g.fresh("bad")
	switch g.r.IntN(7) {
	case 0:
		g.feature("mistake with a local")
		return []*Node{stmt("local " + name + " = " + value)}, prefix(name)
	case 1:
		g.feature("mistake with a global")
		return nil, prefix("undefined")
	case 2:
		g.feature("mistake with a field")
		return []*Node{stmt("local " + name + " = { field = { inner = " + value + " } }")}, prefix(name + pickOf(g, ".field.inner", ".missing", `["field"].inner`, ".field.none"))
	case 3:
		g.feature("mistake with an index")
		key := pickOf(g, "1", "2", "key", "true")
		return []*Node{stmt("local " + name + ", key = { [" + value + " or 1] = false }, \"k\"")}, prefix(name + "[" + key + "]")
	case 4:
		if v := g.pick(func(v *variable) bool {
			return v.owner != g.frame && !v.global && (v.kind == nothing || v.kind == boolean)
		}); v != nil {
			g.feature("mistake with an upvalue")
			return nil, prefix(v.name)
		}
	case 5:
		g.feature("mistake with a call's result")
		return nil, prefix("nothing()")
	}
	g.feature("mistake with a constant")
	return nil, paren(expr(value))
}

// mistake generates an operation that the value does not support.
func (g *gen) mistake() []*Node {
	before, bad := g.bad()
	target := "local " + g.fresh("r") + " = "
	var s *Node
	switch g.r.IntN(9) {
	case 0:
		g.feature("mistake: index")
		s = stmt(target, bad, pickOf(g, ".x", "[1]", "[out]", ".x.y"))
	case 1:
		g.feature("mistake: assignment to an index")
		if bad.Parts[0] == "(" {
			bad = prefix("undefined")
		}
		s = stmt(bad, pickOf(g, ".x", "[1]", ".x.y"), " = ", g.kept(1))
	case 2:
		g.feature("mistake: call")
		s = stmt(target, bad, "(", g.kept(1), ")")
	case 3:
		g.feature("mistake: method")
		s = stmt(target, bad, ":"+pickOf(g, "run", "x")+"(", g.kept(1), ")")
	case 4, 5:
		g.feature("mistake: arithmetic")
		op := pickOf(g, "+", "-", "*", "/", "%", "^")
		other := g.fit(g.number(1))
		if g.chance(20) {
			other = expr(pickOf(g, `"x"`, "nil", "{}"))
		}
		switch g.r.IntN(3) {
		case 0:
			s = stmt(target, g.unary("-", bad))
		case 1:
			s = stmt(target, g.binary(op, bad, other))
		default:
			s = stmt(target, g.binary(op, other, bad))
		}
	case 6:
		g.feature("mistake: concatenation")
		if g.chance(50) {
			s = stmt(target, g.binary("..", bad, g.text(1)))
		} else {
			s = stmt(target, g.binary("..", g.text(1), bad))
		}
	case 7:
		g.feature("mistake: comparison")
		other := pickOf(g, "1", `"x"`, "{}", "nil", "true", "out")
		s = stmt(target, g.binary(pickOf(g, "<", ">", "<=", ">="), bad, expr(other)))
	default:
		g.feature("mistake: numeric for")
		header := []string{"1", "2", "1"}
		header[g.r.IntN(3)] = pickOf(g, "nil", "{}", `"x"`, "undefined", "true")
		s = stmt(fmt.Sprintf("for i = %s do", join(header)), block(), "end")
	}
	if g.chance(8) {
		g.feature("mistake: length")
		before, s = nil, stmt(target, g.unary("#", expr(pickOf(g, "undefined", "5", "nil", "true"))))
	}
	return append(before, s)
}
