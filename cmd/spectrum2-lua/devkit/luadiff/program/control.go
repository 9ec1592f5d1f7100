package program

import "fmt"

func (g *gen) conditional() *Node {
	g.feature("if")
	parts := []any{"if ", g.condition(2), " then", g.branch()}
	for range g.r.IntN(3) {
		g.feature("elseif")
		parts = append(parts, "elseif ", g.condition(2), " then", g.branch())
	}
	if g.chance(50) {
		g.feature("else")
		parts = append(parts, "else", g.branch())
	}
	return stmt(append(parts, "end")...)
}

// branch generates a block that may leave the loop or the function around it.
func (g *gen) branch() *Node {
	return g.blockWith(g.r.IntN(3), func() *Node {
		switch {
		case g.frame.breakable && g.chance(12):
			g.feature("break")
			return stmt("break")
		case g.frame.outer != nil && g.chance(10):
			g.feature("return in a branch")
			return stmt("return ", list(g.kept(1), g.kept(1), g.kept(1)))
		}
		return nil
	})
}

// inLoop generates the body of a loop that runs up to `times` times.
func (g *gen) inLoop(times int, body func() *Node) *Node {
	breakable := g.frame.breakable
	g.frame.breakable = true
	defer func() { g.frame.breakable = breakable }()
	return g.repeated(times, body)
}

// repeated generates code that runs up to `times` times.
func (g *gen) repeated(times int, body func() *Node) *Node {
	weight := g.frame.weight
	g.frame.weight *= times
	defer func() { g.frame.weight = weight }()
	return body()
}

// loopBody generates the body of a loop. It often begins with a dead branch.
func (g *gen) loopBody(first ...*Node) *Node {
	g.depth++
	mark := g.scope.mark()
	statements := first
	label := ""
	if g.withGoto && g.chance(50) {
		label = g.fresh("continue")
	}
	if g.chance(25) {
		g.feature("constant condition at the start of a loop's body")
		statements = append(statements, stmt("if ", g.constantCondition(), " then", g.block(g.r.IntN(2)), "end"))
	}
	var inner []*Node
	for range g.between(0, 3) {
		inner = append(inner, g.statement()...)
	}
	g.leave(mark)
	g.depth--
	if label != "" {
		g.feature("goto continue")
		jump := stmt("if ", g.condition(1), " then goto "+label+" end")
		at := g.r.IntN(len(inner) + 1)
		statements = append(statements, stmt("do", block(append(append(append([]*Node{}, inner[:at]...), jump), inner[at:]...)...), "end"), stmt("::"+label+"::"))
		return block(statements...)
	}
	return block(append(statements, inner...)...)
}

func (g *gen) loop() []*Node {
	if !g.affordable(100) {
		return []*Node{g.out()}
	}
	switch g.r.IntN(8) {
	case 0, 1:
		return []*Node{g.numericFor()}
	case 2, 3, 4:
		return g.genericFor()
	case 5:
		return g.while()
	case 6:
		g.feature("while false")
		return []*Node{stmt("while ", expr(pickOf(g, "false", "nil", "not true", "1 > 2", "not 0")), " do", g.inLoop(1, func() *Node { return g.loopBody() }), "end")}
	}
	return g.repeat()
}

func (g *gen) numericFor() *Node {
	g.feature("numeric for")
	v := &variable{name: g.fresh("i"), kind: number, fixed: true}
	times := g.between(0, 4)
	start := g.r.IntN(10) - 4
	var header string
	switch g.r.IntN(4) {
	case 0:
		g.feature("numeric for with a negative step")
		header = fmt.Sprintf("%d, %d, -%d", start, start-2*times+1, 2)
	case 1:
		g.feature("numeric for with a fractional step")
		header = fmt.Sprintf("%d, %d, %s", start, start+times/2, pickOf(g, "0.5", "0.25", "1.5"))
		times *= 2
	default:
		header = fmt.Sprintf("%d, %d%s", start, start+times-1, pickOf(g, "", "", ", 1", ", 3"))
	}
	body := g.inLoop(times+1, func() *Node {
		mark := g.scope.mark()
		g.declare(v)
		defer g.leave(mark)
		return g.loopBody()
	})
	return stmt("for "+v.name+" = "+header+" do", body, "end")
}

func (g *gen) genericFor() []*Node {
	g.feature("generic for")
	k, v := &variable{name: g.fresh("k"), kind: number, fixed: true}, &variable{name: g.fresh("v"), kind: number}
	header, times := "", 4
	names := k.name + ", " + v.name
	source := g.pickKind(sequence)
	switch {
	case source == nil || g.chance(30):
		header = g.iterator(k, v)
	case g.chance(30):
		g.feature("generic for with ipairs")
		header = "ipairs(" + source.name + ")"
	case g.chance(50):
		g.feature("generic for with next and a table")
		header = "next, " + source.name + pickOf(g, "", "", ", nil")
	default:
		g.feature("generic for with pairs")
		header = "pairs(" + source.name + ")"
	}
	if source != nil {
		times = 40
	}
	body := g.inLoop(times, func() *Node {
		mark := g.scope.mark()
		g.declare(k)
		g.declare(v)
		defer g.leave(mark)
		// A list that is changed while next goes through it has no defined order.
		if source != nil && !source.fixed {
			source.fixed, source.kind = true, nothing
			defer func() { source.fixed, source.kind = false, sequence }()
		}
		return g.loopBody()
	})
	return []*Node{stmt("for "+names+" in "+header+" do", body, "end")}
}

// iterator generates the header of a generic for without a table.
func (g *gen) iterator(k, v *variable) string {
	n := g.between(0, 4)
	switch g.r.IntN(6) {
	case 0:
		g.feature("generic for with one value")
		return fmt.Sprintf("(function() local n = 0 return function(s, c) n = n + 1 if n <= %d then return n, (c or 0) + (s == nil and 1 or 50) end end end)()", n)
	case 1:
		g.feature("generic for with one value that is no call")
		name := fmt.Sprintf("iterator%d", n)
		return name
	case 2:
		g.feature("generic for with two values")
		return fmt.Sprintf("function(s, c) c = (c or 0) + 1 if c <= s then return c, c * 2 end end, %d", n)
	case 3:
		g.feature("generic for with three values")
		return fmt.Sprintf("function(s, c) if c < s then return c + 1, c end end, %d, %d", n+2, g.r.IntN(3))
	case 4:
		g.feature("generic for with a callable table")
		return fmt.Sprintf("setmetatable({ n = %d }, { __call = function(self, s, c) self.n = self.n - 1 if self.n >= 0 then return self.n, c or 7 end end })", n)
	}
	g.feature("generic for with a coroutine")
	return fmt.Sprintf("coroutine.wrap(function() for i = 1, %d do coroutine.yield(i, i / 2) end end)", n)
}

func (g *gen) while() []*Node {
	g.feature("while")
	v := g.declare(&variable{name: g.fresh("i"), kind: number, fixed: true})
	n := g.between(0, 4)
	step := stmt(v.name + " = " + v.name + " + 1")
	header := &Node{Class: Expression, Parts: []any{fmt.Sprintf("%s < %d", v.name, n)}, level: levelCompare}
	switch g.r.IntN(4) {
	case 0:
		g.feature("while true")
		header = expr(pickOf(g, "true", "1", `"x"`, "not nil"))
	case 1:
		header = g.binary("and", header, g.condition(2))
	}
	body := g.inLoop(n+1, func() *Node {
		return g.loopBody(step, stmt(fmt.Sprintf("if %s > %d then break end", v.name, n)))
	})
	return []*Node{stmt("local " + v.name + " = 0"), stmt("while ", header, " do", body, "end")}
}

func (g *gen) repeat() []*Node {
	g.feature("repeat")
	v := g.declare(&variable{name: g.fresh("i"), kind: number, fixed: true})
	n := g.between(1, 4)
	first := stmt(v.name + " = " + v.name + " + 1")
	if g.chance(25) {
		g.feature("repeat until true")
		body := g.inLoop(1, func() *Node { return g.loopBody() })
		return []*Node{stmt("local " + v.name + " = 0"), stmt("repeat", body, "until ", expr(pickOf(g, "true", "1", "not nil")))}
	}
	inner := g.fresh("")
	scoped := stmt("local "+inner+" = ", g.kept(1))
	g.feature("until sees the body's local")
	condition := g.binary("or", &Node{Class: Expression, Parts: []any{fmt.Sprintf("%s >= %d", v.name, n)}, level: levelCompare},
		&Node{Class: Expression, Parts: []any{fmt.Sprintf("%s > %d", inner, g.r.IntN(50))}, level: levelCompare})
	var captured []*Node
	if g.chance(50) {
		g.feature("until with a captured local")
		captured = append(captured, stmt(fmt.Sprintf("kept = function() %s = %s + 1 return %s end", inner, inner, inner)))
	}
	body := g.inLoop(n, func() *Node {
		b := g.loopBody(append([]*Node{first, scoped}, captured...)...)
		return b
	})
	loop := []*Node{stmt("local " + v.name + " = 0"), stmt("repeat", body, "until ", condition)}
	if captured != nil {
		loop = append(loop, stmt("out(kept())"))
	}
	return loop
}

// jump generates a goto that is not a continue.
func (g *gen) jump() []*Node {
	if !g.withGoto {
		return g.simple()
	}
	label := g.fresh("label")
	if g.chance(50) {
		g.feature("goto backwards")
		v := g.declare(&variable{name: g.fresh("i"), kind: number, fixed: true})
		n := g.between(1, 3)
		body := g.repeated(n, func() *Node { return g.block(g.between(0, 2)) })
		return []*Node{
			stmt("local " + v.name + " = 0"), stmt("::" + label + "::"), stmt(v.name + " = " + v.name + " + 1"),
			stmt("do", body, "end"), stmt(fmt.Sprintf("if %s < %d then goto %s end", v.name, n, label)),
		}
	}
	g.feature("goto out of nested blocks")
	g.depth++
	mark := g.scope.mark()
	statements := g.statement()
	jump := stmt("do", block(stmt("if ", g.condition(1), " then goto "+label+" end")), "end")
	if g.chance(50) {
		jump = stmt("for _ = 1, 2 do", block(g.out(), jump), "end")
	}
	statements = append(statements, jump)
	statements = append(statements, g.statement()...)
	g.leave(mark)
	g.depth--
	return []*Node{stmt("do", block(stmt("do", block(statements...), "end"), stmt("::"+label+"::")), "end")}
}
