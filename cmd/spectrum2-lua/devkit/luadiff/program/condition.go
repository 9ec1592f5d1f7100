package program

import "fmt"

// condition generates an expression for a condition, often a constant one.
func (g *gen) condition(depth int) *Node {
	if depth <= 0 {
		if v := g.pickKind(boolean); v != nil && g.chance(50) {
			return prefix(v.name)
		}
		return g.constantCondition()
	}
	return choose(g, []choice[*Node]{
		{3, g.constantCondition},
		{6, func() *Node {
			return g.binary(g.comparison(), g.number(depth-1).Node, g.number(depth-1).Node)
		}},
		{1, func() *Node { return g.binary(g.comparison(), g.text(depth-1), g.text(depth-1)) }},
		{1, func() *Node { return g.binary(pickOf(g, "==", "~="), g.value(depth-1), g.value(depth-1)) }},
		{2, func() *Node { return g.unary("not", g.value(depth-1)).spaced() }},
		{3, func() *Node {
			return g.binary(pickOf(g, "and", "or"), g.condition(depth-1), g.condition(depth-1))
		}},
		{1, func() *Node { return g.objectCondition(depth) }},
	})
}

func (g *gen) comparison() string { return pickOf(g, "<", ">", "<=", ">=", "==", "~=") }

// spaced puts a blank after not.
func (n *Node) spaced() *Node {
	n.Parts[0] = n.Parts[0].(string) + " "
	return n
}

// constantCondition generates a condition that a compiler can evaluate.
func (g *gen) constantCondition() *Node {
	g.feature("constant condition")
	switch g.r.IntN(8) {
	case 0:
		return g.unary("not", expr(pickOf(g, "nil", "true", "false", "0", `""`))).spaced()
	case 1:
		return g.binary(pickOf(g, "and", "or"), g.constantCondition(), g.constantCondition())
	case 2:
		return g.binary(g.comparison(), constant(g.r.IntN(3)), constant(g.r.IntN(3)))
	case 3:
		return expr(pickOf(g, "0", `""`, `"x"`, "1"))
	}
	return expr(pickOf(g, "true", "false", "nil", "false", "true"))
}

// text generates a string expression.
func (g *gen) text(depth int) *Node {
	if depth <= 0 {
		if v := g.pickKind(text); v != nil && g.chance(60) {
			return prefix(v.name)
		}
		return g.textConstant()
	}
	return choose(g, []choice[*Node]{
		{3, func() *Node { return g.text(0) }},
		{4, func() *Node { return g.concatenation(depth) }},
		{2, func() *Node { return g.textMethod(depth) }},
		{1, func() *Node {
			return g.binary("or", g.binary("and", g.condition(depth-1), g.text(depth-1)), g.text(depth-1))
		}},
		{1, func() *Node { return expr("tostring(", g.digits(depth-1), ")") }},
		{1, func() *Node { return expr("type(", g.value(depth-1), ")") }},
		{1, func() *Node { return g.objectText(depth) }},
	})
}

func (g *gen) concatenation(depth int) *Node {
	g.feature("concatenation")
	n := g.piece(depth - 1)
	for range g.between(1, 4) {
		n = g.binary("..", g.piece(depth-1), n)
	}
	return n
}

// piece generates an operand of a concatenation: a text, or a number that each
// implementation writes with the same digits.
func (g *gen) piece(depth int) *Node {
	if g.chance(60) {
		return g.text(depth)
	}
	return paren(g.digits(depth))
}

// digits generates a number other than -0, which Lua 5.1 writes with its sign.
func (g *gen) digits(depth int) *Node {
	switch g.r.IntN(3) {
	case 0:
		return g.numeral().Node
	case 1:
		if v := g.pick(func(v *variable) bool { return v.kind == number && v.fixed }); v != nil {
			return prefix(v.name)
		}
	}
	// Lua 5.1 has one constant for 0 and -0, whichever comes first in a function.
	return g.binary("+", g.fit(g.number(depth)), g.unary("#", expr(`""`)))
}

func (g *gen) textMethod(depth int) *Node {
	g.feature("method of a text")
	s := g.text(depth - 1)
	if s.level != suffixed {
		s = paren(s)
	}
	for range g.between(1, 3) {
		s = prefix(s, ":", pickOf(g, "upper()", "lower()", "reverse()", "rep(2)", "sub(2, 5)", "sub(-3)", `gsub("%w", "<%0>", 3):sub(1, 9)`,
			`format(1, 2)`, `match(".*")`))
	}
	return s
}

func (g *gen) textConstant() *Node {
	g.feature("text")
	switch g.r.IntN(8) {
	case 0:
		g.feature("escape")
		return expr(`"` + pickOf(g, `a\tb`, `\65\066C`, `q\"q`, `\\`, `a\nb`, `z\0z`, `\a\b\f\v\r`, `\1234`) + `"`)
	case 1:
		g.feature("long text")
		return expr(pickOf(g, "[[x]]", "[=[x]] ]=]", "[==[a]=]b]==]", "[[\\n]]"))
	case 2:
		return expr(pickOf(g, `''`, `'a"b'`, `"it's"`, `"10"`, `"0x1p"`))
	}
	return expr(fmt.Sprintf("%q", pickOf(g, "a", "b", "abc", "x1", "hello", "")))
}
