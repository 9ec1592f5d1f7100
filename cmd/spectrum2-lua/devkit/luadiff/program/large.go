package program

import (
	"fmt"
	"strings"
)

// limits are the shapes of code near the limits of Lua 5.1: how many parts a program
// of the shape has, and the method that writes it.
var limits = []struct {
	feature     string
	least, most int
	write       func(g *gen, parts int) []*Node
}{
	{"200 locals", 150, 200, (*gen).manyLocals},
	{"60 upvalues", 40, 60, (*gen).manyUpvalues},
	{"250 arguments", 150, 225, (*gen).manyArguments},
	{"more than 512 constants", 250, 600, (*gen).manyConstants},
	{"large constructor", 51, 700, (*gen).largeConstructor},
	{"long jumps", 200, 400, (*gen).longJumps},
	{"deep expression", 20, 70, (*gen).deepExpression},
	{"nested functions", 5, 12, (*gen).nestedFunctions},
	{"long concatenation", 20, 70, (*gen).longConcatenation},
}

// large writes code of one shape in limits.
func (g *gen) large() []*Node {
	limit := limits[g.r.IntN(len(limits))]
	g.feature(limit.feature)
	return limit.write(g, g.between(limit.least, limit.most))
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

func (g *gen) longJumps(n int) []*Node {
	var body []*Node
	for i := range n {
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

func (g *gen) longConcatenation(n int) []*Node {
	return []*Node{stmt("out(#(" + strings.Repeat("\"a\" .. 1 .. ", n) + "\"\"))")}
}
