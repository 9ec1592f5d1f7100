package program

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// numeric is an expression whose value is a multiple of 2^-fraction between -most and
// most. Every implementation writes such a number with the same digits.
type numeric struct {
	*Node
	most     float64
	fraction int
}

const (
	mostKept     = 1024 // the largest value in a variable
	fractionKept = 3
	mostExact    = 1 << 30
	mostFraction = 12
)

// kept is an expression that a variable may keep.
func (g *gen) kept(depth int) *Node { return g.fit(g.number(depth)) }

func (g *gen) fit(n numeric) *Node {
	if n.fraction > fractionKept {
		return g.binary("%", expr("math.floor(", n.Node, ")"), constant(pickOf(g, 97, 100, 1000)))
	}
	if n.most > mostKept {
		return g.binary("%", n.Node, constant(pickOf(g, 97, 128, 1000)))
	}
	return n.Node
}

func constant(n int) *Node {
	if n < 0 {
		return &Node{Class: Expression, Parts: []any{strconv.Itoa(n)}, level: levelUnary}
	}
	return expr(strconv.Itoa(n))
}

// binary writes parentheses where they are needed, and sometimes elsewhere.
func (g *gen) binary(op string, a, b *Node) *Node {
	g.feature("operator " + op)
	level := levels[op]
	rightToLeft := op == ".." || op == "^"
	if a.level < level || a.level == level && rightToLeft || g.chance(10) {
		a = paren(a)
	}
	if b.level < level && (op != "^" || b.level != levelUnary) || b.level == level && !rightToLeft || g.chance(10) {
		b = paren(b)
	}
	return &Node{Class: Expression, Parts: []any{a, " " + op + " ", b}, level: level}
}

func (g *gen) unary(op string, a *Node) *Node {
	g.feature("operator " + op)
	if a.level < levelUnary || op == "-" && a.level == levelUnary {
		a = paren(a)
	}
	return &Node{Class: Expression, Parts: []any{op, a}, level: levelUnary}
}

func (g *gen) number(depth int) numeric {
	if depth <= 0 {
		return g.leafNumber()
	}
	return choose(g, []choice[numeric]{
		{4, g.leafNumber},
		{10, func() numeric { return g.arithmetic(depth) }},
		{4, func() numeric { return g.chosen(depth) }},
		{3, func() numeric { return g.callNumber(depth) }},
		{2, func() numeric { return g.libraryNumber(depth) }},
		{2, func() numeric { return g.indexed(depth) }},
		{1, func() numeric { return g.immediate(depth) }},
		{1, func() numeric { return g.coerced() }},
		{1, func() numeric { return g.objectNumber(depth) }},
	})
}

func keptNumber(n *Node) numeric { return numeric{n, mostKept, fractionKept} }

func (g *gen) leafNumber() numeric {
	if g.chance(60) {
		if v := g.pickKind(number); v != nil {
			return keptNumber(prefix(v.name))
		}
	}
	return g.numeral()
}

func (g *gen) numeral() numeric {
	g.feature("numeral")
	switch g.r.IntN(10) {
	case 0:
		g.feature("hexadecimal numeral")
		n := g.between(1, 255)
		return numeric{expr(fmt.Sprintf("0x%X", n)), 256, 0}
	case 1:
		return numeric{expr(pickOf(g, "0.5", "1.25", ".5", "3.", "2.125", "1e2", "5E-1", "12.5e1")), 128, 3}
	case 2:
		return numeric{constant(-g.r.IntN(20) - 1), 20, 0}
	}
	return numeric{constant(g.between(1, 20)), 20, 0}
}

var constantText = regexp.MustCompile(`^[-+*/%^(). 0-9a-fA-FxX]*$`)

// isConstant reports whether an expression has numbers alone. lua5.1 works such an
// expression out when it compiles it. If the result is -0, it becomes the constant for
// each 0 of the function.
func isConstant(n *Node) bool { return constantText.MatchString(n.Text()) }

func (g *gen) arithmetic(depth int) numeric {
	a := g.number(depth - 1)
	switch op := pickOf(g, "+", "-", "*", "+", "-", "/", "%", "^", "neg"); op {
	case "neg":
		if isConstant(a.Node) {
			return a
		}
		return numeric{g.unary("-", a.Node), a.most, a.fraction}
	case "/":
		shift := g.between(1, 3)
		if a.fraction+shift > mostFraction {
			a = keptNumber(g.fit(a))
		}
		return numeric{g.binary("/", a.Node, constant(1<<shift)), a.most, a.fraction + shift}
	case "%":
		if g.chance(60) {
			n := g.between(1, 30) * pickOf(g, 1, 1, 1, -1)
			return numeric{g.binary("%", a.Node, constant(n)), 30, a.fraction}
		}
		b := g.fit(g.number(depth - 1))
		divisor := g.binary("+", g.binary("%", b, constant(7)), constant(1))
		return numeric{g.binary("%", a.Node, divisor), 8, max(a.fraction, fractionKept)}
	case "^":
		if g.chance(40) {
			g.feature("operator ^ with two constants")
			return numeric{g.binary("^", constant(2), constant(g.r.IntN(9))), 256, 0}
		}
		a := g.fit(a)
		return numeric{g.binary("^", a, constant(2)), mostKept * mostKept, 2 * fractionKept}
	default:
		b := g.number(depth - 1)
		if op == "*" {
			if isConstant(a.Node) && isConstant(b.Node) {
				return a
			}
			if a.most*b.most > mostExact || a.fraction+b.fraction > mostFraction {
				a, b = keptNumber(g.fit(a)), keptNumber(g.fit(b))
			}
			return numeric{g.binary(op, a.Node, b.Node), a.most * b.most, a.fraction + b.fraction}
		}
		if a.most+b.most > mostExact {
			a, b = keptNumber(g.fit(a)), keptNumber(g.fit(b))
		}
		return numeric{g.binary(op, a.Node, b.Node), a.most + b.most, max(a.fraction, b.fraction)}
	}
}

// chosen generates a number that and, or and constants select.
func (g *gen) chosen(depth int) numeric {
	g.feature("and, or in a value")
	a, b := g.number(depth-1), g.number(depth-1)
	most, fraction := math.Max(a.most, b.most), max(a.fraction, b.fraction)
	var n *Node
	switch g.r.IntN(6) {
	case 0:
		n = g.binary("or", expr(pickOf(g, "nil", "false")), a.Node)
	case 1:
		n = g.binary("and", expr(pickOf(g, "true", "0", `"x"`, "1", "{}")), a.Node)
	case 2:
		n = g.binary("or", a.Node, b.Node)
	case 3:
		n = g.binary("and", a.Node, b.Node)
	default:
		n = g.binary("or", g.binary("and", g.condition(depth-1), a.Node), b.Node)
	}
	return numeric{n, most, fraction}
}

func (g *gen) libraryNumber(depth int) numeric {
	switch g.r.IntN(7) {
	case 0:
		a := g.number(depth - 1)
		return numeric{expr("math.floor(", a.Node, ")"), a.most + 1, 0}
	case 1:
		a, b := g.number(depth-1), g.number(depth-1)
		return numeric{expr("math."+pickOf(g, "max", "min")+"(", list(a.Node, b.Node), ")"), math.Max(a.most, b.most), max(a.fraction, b.fraction)}
	case 2:
		g.feature("length of a text")
		return numeric{g.unary("#", g.text(depth-1)), 1 << 16, 0}
	case 3:
		g.feature("select")
		return numeric{expr("select(\"#\", ", g.arguments(g.r.IntN(4), depth-1), ")"), mostKept, 0}
	case 4:
		s := g.text(depth - 1)
		if s.level != suffixed {
			s = paren(s)
		}
		g.feature("method of a text")
		return numeric{expr(s, ":"+pickOf(g, "len()", "rep(2):len()", "upper():len()", "sub(2):len()", "lower():sub(1, -2):len()")), 1 << 16, 0}
	case 5:
		return numeric{expr("math.abs(", g.number(depth-1).Node, ")"), mostExact, mostFraction}
	}
	if v := g.pickKind(sequence); v != nil {
		g.feature("length of a table")
		// A list may hold nil, and its length is then any border.
		return numeric{expr("#{ 1, ", v.name, " }"), mostKept, 0}
	}
	return g.leafNumber()
}

// indexed generates a number that is read from a table.
func (g *gen) indexed(depth int) numeric {
	v := g.pick(func(v *variable) bool { return v.kind == sequence || v.kind == record })
	switch {
	case v == nil:
		return g.leafNumber()
	case v.kind == record:
		g.feature("field")
		name := g.fieldName()
		n := prefix(v.name, "."+name)
		if g.chance(30) {
			n = prefix(v.name, `["`+name+`"]`)
		}
		return keptNumber(paren(g.binary("or", n, g.fit(g.number(depth-1)))))
	}
	g.feature("index")
	if g.chance(50) {
		return keptNumber(prefix(v.name, "[1]"))
	}
	return keptNumber(g.binary("or", prefix(v.name, "[ ", g.number(depth-1).Node, "]"), g.numeral().Node))
}

func (g *gen) fieldName() string { return pickOf(g, "x", "y", "z", "name", "count") }

// immediate generates the use of a function or table without a variable.
func (g *gen) immediate(depth int) numeric {
	if g.chance(50) {
		g.feature("index of a constructor")
		return keptNumber(paren(g.binary("or", prefix("({ ", g.elements(depth-1), " })[", g.fit(g.number(0)), "]"), constant(g.r.IntN(5)))))
	}
	g.feature("call of a function expression")
	sig := g.signature()
	g.flat++
	fn := g.functionBody(sig, 1)
	g.flat--
	fn.Flat = true
	return keptNumber(prefix("(function", fn, ")(", g.callArguments(sig, depth-1), ")"))
}

// coerced generates arithmetic on a string.
func (g *gen) coerced() numeric {
	g.feature("text as a number")
	s := expr(`"` + pickOf(g, "10", "0x10", " 5 ", "2.5", "1e1", "-3") + `"`)
	return numeric{g.binary(pickOf(g, "+", "-", "*"), s, g.fit(g.number(0))), 1 << 14, 4}
}

// callNumber generates the first result of a call.
func (g *gen) callNumber(depth int) numeric {
	if call := g.call(depth); call != nil {
		return keptNumber(call)
	}
	return g.leafNumber()
}

// call generates a call of a visible function that returns at least one number.
func (g *gen) call(depth int) *Node {
	v := g.pick(func(v *variable) bool { return v.kind == function && g.affordable(v.sig.cost) })
	if v == nil {
		return nil
	}
	g.frame.cost += g.frame.weight * v.sig.cost
	g.feature("call")
	if v.sig.self {
		return prefix(v.name, ":call(", g.callArguments(v.sig, depth-1), ")")
	}
	return prefix(v.name, "(", g.callArguments(v.sig, depth-1), ")")
}

// affordable reports whether code of this cost may run as often as this place does.
func (g *gen) affordable(cost int) bool {
	const most = 20_000
	return g.frame.cost+g.frame.weight*cost < most
}

func (g *gen) callArguments(sig *signature, depth int) *Node {
	n := sig.params
	if sig.varargs {
		n += g.r.IntN(4)
	}
	if n == 0 {
		return glue()
	}
	args := make([]*Node, n)
	for i := range args {
		args[i] = g.kept(min(depth, 2))
	}
	if last := g.manyValues(depth - 1); last != nil && sig.varargs && g.chance(50) {
		g.feature("many values at the end of arguments")
		args = append(args, last)
	}
	return list(args...)
}

// arguments generates n values of any kind, sometimes followed by an expression with many
// values. An empty list becomes nil.
func (g *gen) arguments(n, depth int) *Node {
	var args []*Node
	for range n {
		args = append(args, g.value(depth))
	}
	if last := g.manyValues(depth); last != nil && g.chance(40) {
		args = append(args, last)
	}
	if len(args) == 0 {
		args = append(args, expr("nil"))
	}
	return list(args...)
}

// manyValues generates an expression with any number of values. It returns nil if none
// is possible here.
func (g *gen) manyValues(depth int) *Node {
	switch g.r.IntN(4) {
	case 0:
		if g.frame.varargs {
			g.feature("...")
			return expr("...")
		}
	case 1:
		return g.call(depth)
	case 2:
		if v := g.pickKind(sequence); v != nil {
			g.feature("unpack")
			return prefix("unpack(", v.name, ")")
		}
	}
	return nil
}

// value generates an expression of any kind that out can show.
func (g *gen) value(depth int) *Node {
	return choose(g, []choice[*Node]{
		{6, func() *Node { return g.number(depth).Node }},
		{4, func() *Node { return g.text(depth) }},
		{2, func() *Node { return g.condition(depth) }},
		{1, func() *Node { return expr(pickOf(g, "nil", "true", "false")) }},
		{1, func() *Node { return g.adjusted(depth) }},
		{1, func() *Node { return g.variable() }},
	})
}

// variable returns a visible variable that out can show.
func (g *gen) variable() *Node {
	v := g.pick(func(v *variable) bool { return v.kind != function })
	if v == nil {
		return expr("nil")
	}
	return prefix(v.name)
}

// adjusted generates many values in parentheses, which yield the first value.
func (g *gen) adjusted(depth int) *Node {
	if g.frame.varargs && g.chance(70) {
		g.feature("(...)")
		return prefix("(...)")
	}
	if call := g.call(depth); call != nil {
		g.feature("call in parentheses")
		return paren(call)
	}
	return expr("nil")
}

// elements generates the numbers of a list.
func (g *gen) elements(depth int) *Node {
	items := []*Node{g.kept(depth)}
	for range g.r.IntN(4) {
		items = append(items, g.kept(depth))
	}
	return list(items...)
}
