package program

import (
	"fmt"
	"strings"
)

// large is code at the limits that Lua 5.1 has.
func (g *gen) large() []*Node {
	switch g.r.IntN(9) {
	case 0:
		g.feature("200 locals")
		return g.manyLocals(g.between(150, 200))
	case 1:
		g.feature("60 upvalues")
		return g.manyUpvalues(g.between(40, 60))
	case 2:
		g.feature("250 arguments")
		return g.manyArguments(g.between(150, 225))
	case 3:
		g.feature("more than 512 constants")
		return g.manyConstants(g.between(250, 600))
	case 4:
		g.feature("large constructor")
		return g.largeConstructor(g.between(51, 700))
	case 5:
		g.feature("long jumps")
		return g.longJumps()
	case 6:
		g.feature("deep expression")
		return g.deepExpression(g.between(20, 70))
	case 7:
		g.feature("nested functions")
		return g.nestedFunctions(g.between(5, 12))
	}
	g.feature("long concatenation")
	return []*Node{stmt("out(#(" + strings.Repeat("\"a\" .. 1 .. ", g.between(20, 70)) + "\"\"))")}
}

func (g *gen) manyLocals(n int) []*Node {
	var body []*Node
	for i := 0; i < n; i++ {
		body = append(body, stmt(fmt.Sprintf("local l%d = %d", i, i%50)))
	}
	last := fmt.Sprintf("l%d", n-1)
	body = append(body,
		stmt(last+" = "+last+" + l0 * l1 .. \"\""),
		stmt("l3, l2, l1 = l1, l2, l3"),
		stmt("return l1, l2, l3, "+last+", (function() l5 = l5 + 1 return l5 end)(), l5"))
	return []*Node{stmt("out((function()", block(body...), "end)())")}
}

func (g *gen) manyUpvalues(n int) []*Node {
	var outer []*Node
	var sum []string
	for i := range n {
		outer = append(outer, stmt(fmt.Sprintf("local u%d = %d", i, i)))
		sum = append(sum, fmt.Sprintf("u%d", i))
	}
	inner := block(stmt(fmt.Sprintf("u%d = u%d + 1", n-1, n-1)), stmt("return "+strings.Join(sum, " + ")))
	return []*Node{stmt("do", block(append(outer, stmt("local function f()", inner, "end"), stmt("out(f(), f(), u0, u"+fmt.Sprint(n-1)+")"))...), "end")}
}

func (g *gen) manyArguments(n int) []*Node {
	args := make([]*Node, n)
	for i := range args {
		args[i] = constant(i)
	}
	if g.chance(50) {
		if last := g.manyValues(0); last != nil {
			args = append(args, last)
		}
	}
	return []*Node{stmt("out(select(\"#\", ", list(args[1:]...), "), (select(", list(args[min(100, n-1):]...), ")))")}
}

func (g *gen) manyConstants(n int) []*Node {
	var body []*Node
	for i := range n {
		switch i % 3 {
		case 0:
			body = append(body, stmt(fmt.Sprintf("t.key%d = %d.5", i, i)))
		case 1:
			body = append(body, stmt(fmt.Sprintf("t[%d] = \"v%d\"", i+1000, i)))
		default:
			body = append(body, stmt(fmt.Sprintf("s = (s + %d - t.key%d) %% 1000", i+5000, i/3*3)))
		}
	}
	body = append(body, stmt(fmt.Sprintf("if t.key0 == %d.25 or s < -%d then s = s .. \"no%d\" end", n, n, n)),
		stmt(fmt.Sprintf("function t:method%d(x) return x + %d.5, self.key0 end", n, n)),
		stmt(fmt.Sprintf("out(s, t.key%d, t[%d], t:method%d(%d.75))", (n-1)/3*3, 1001, n, n)))
	return []*Node{stmt("do", block(append([]*Node{stmt("local t, s = {}, 0")}, body...)...), "end")}
}

func (g *gen) largeConstructor(n int) []*Node {
	items := make([]*Node, n)
	for i := range items {
		if g.chance(5) {
			items[i] = glue(fmt.Sprintf("k%d = %d", i, i))
		} else {
			items[i] = constant(i % 100)
		}
	}
	if last := g.manyValues(0); last != nil && g.chance(60) {
		items = append(items, last)
	}
	return []*Node{stmt("out({ ", list(items...), " })")}
}

func (g *gen) longJumps() []*Node {
	var body []*Node
	for i := range g.between(200, 400) {
		body = append(body, stmt(fmt.Sprintf("n = (n * 3 + %d) %% 1000", i)))
	}
	body = append(body, stmt("if n % 2 == 0 then break end"))
	return []*Node{stmt("do", block(stmt("local n = 1"), stmt("for i = 1, 3 do", block(
		stmt("if n > ", g.kept(1), " then", block(body...), "else", block(append([]*Node{}, body...)...), "end")), "end"), stmt("out(n)")), "end")}
}

func (g *gen) deepExpression(n int) []*Node {
	e := constant(1)
	for i := range n {
		if i%2 == 0 {
			e = expr("(", constant(i%7), pickOf(g, " + ", " - "), e, ")")
		} else {
			e = expr("(", e, " ", pickOf(g, "+", "-"), " ", constant(i%5), ")")
		}
	}
	return []*Node{stmt("out(", e, ")")}
}

func (g *gen) nestedFunctions(n int) []*Node {
	e := expr("x")
	for i := range n {
		e = expr(fmt.Sprintf("(function(...) local y%d = x x = x + 1 return (", i), e, fmt.Sprintf(") + y%d %% 7 end)(x, ...)", i))
	}
	return []*Node{stmt("do", block(stmt("local x = 1"), stmt("out((function(...) return ", e, " end)(2), x)")), "end")}
}
