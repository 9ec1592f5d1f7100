package program

import "fmt"

// statement generates one statement or a few that belong together.
func (g *gen) statement() []*Node {
	g.budget--
	g.frame.cost += g.frame.weight
	if !g.affordable(10) {
		return []*Node{g.out()}
	}
	if g.depth >= 4 || g.budget <= 0 {
		return g.simple()
	}
	return choose(g, []choice[[]*Node]{
		{30, g.simple},
		{8, func() []*Node { return []*Node{g.conditional()} }},
		{12, g.loop},
		{6, g.functionStatement},
		{3, g.closures},
		{4, g.protected},
		{3, g.coroutines},
		{3, g.objects},
		{2, func() []*Node { return []*Node{stmt("do", g.block(g.between(1, 3)), "end")} }},
		{2, g.jump},
		{1, g.environment},
	})
}

// block generates a block with its own scope.
func (g *gen) block(n int) *Node { return g.blockWith(n, nil) }

// blockWith ends the block with a statement, if last is not nil.
func (g *gen) blockWith(n int, last func() *Node) *Node {
	g.depth++
	mark := g.scope.mark()
	var statements []*Node
	for range n {
		statements = append(statements, g.statement()...)
	}
	if last != nil {
		statements = append(statements, last())
	}
	g.leave(mark)
	g.depth--
	return block(statements...)
}

func (g *gen) simple() []*Node {
	if g.frame.locals > maxLocals {
		return []*Node{g.out()}
	}
	return choose(g, []choice[[]*Node]{
		{10, g.local},
		{10, g.assignment},
		{8, func() []*Node { return []*Node{g.out()} }},
		{3, func() []*Node { return []*Node{g.tableChange()} }},
		{3, g.multiple},
		{2, func() []*Node { return []*Node{g.callStatement()} }},
		{2, g.constructor},
		{1, func() []*Node { return []*Node{g.comment()} }},
		{3, func() []*Node { return []*Node{g.yield()} }},
	})
}

func (g *gen) out() *Node {
	g.feature("out")
	return stmt("out(", g.arguments(g.between(1, 3), 3), ")")
}

// outAll generates a statement that prints all visible variables at the end.
func (g *gen) outAll() *Node {
	var names []*Node
	for _, v := range g.scope.visible {
		if v.kind != function && len(names) < 40 {
			names = append(names, prefix(v.name))
		}
	}
	if len(names) == 0 {
		return stmt("out()")
	}
	return stmt("out(", list(names...), ")")
}

func (g *gen) comment() *Node {
	if g.flat > 0 {
		return g.out()
	}
	g.feature("comment")
	if g.chance(50) {
		g.feature("text over several lines")
		return stmt("out(", expr(pickOf(g, "[[\nline\nline]]", "[==[a\n]=]b]==]", "\"a\\\nb\"", "[[\n\n]]")), ")")
	}
	return stmt(pickOf(g, "-- end", "--[[ local x = ]]", "--[==[\nout(1) ]]\n]==]", "do end;", "local _ = 1; -- 2"))
}

// initial generates the first value of a variable of a kind.
func (g *gen) initial(k kind) *Node {
	switch k {
	case number:
		return g.kept(3)
	case text:
		return g.shortText()
	case boolean:
		return g.condition(2)
	case sequence:
		return expr("{ ", g.elements(2), " }")
	case record:
		return expr("{ x = ", g.kept(1), `, ["y"] = `, g.kept(1), " }")
	}
	return expr("nil")
}

func (g *gen) shortText() *Node {
	s := g.text(2)
	if len(s.Parts) == 1 {
		return s
	}
	return prefix(paren(s), ":sub(1, 20)")
}

func (g *gen) local() []*Node {
	k := pickOf(g, number, number, number, text, boolean, sequence, record, nothing)
	if g.chance(20) {
		g.feature("global variable")
		value := g.initial(k)
		v := g.declare(&variable{name: g.fresh("G"), kind: k, global: true})
		return []*Node{stmt(v.name+" = ", value)}
	}
	g.feature("local")
	if k == nothing {
		return []*Node{stmt("local " + g.declare(&variable{name: g.fresh(""), kind: nothing, fixed: true}).name)}
	}
	value := g.initial(k)
	v := g.declare(&variable{name: g.name(), kind: k})
	return []*Node{stmt("local "+v.name+" = ", value)}
}

func (g *gen) assignment() []*Node {
	v := g.pick(func(v *variable) bool { return !v.fixed && v.kind != function && v.kind != object })
	if v == nil {
		return g.local()
	}
	g.feature("assignment")
	if v.kind == number && g.frame.varargs && g.chance(40) {
		g.feature("assignment of (...)")
		if g.chance(50) {
			return []*Node{stmt(v.name + " = (...) or 0")}
		}
		return []*Node{stmt(v.name + " = (...)"), stmt(v.name + " = " + v.name + " or 1")}
	}
	return []*Node{stmt(v.name+" = ", g.initial(v.kind))}
}

// multiple generates a declaration or assignment of several variables.
func (g *gen) multiple() []*Node {
	if g.chance(40) {
		return g.multipleLocal()
	}
	g.feature("multiple assignment")
	seen := map[string]bool{}
	var targets []*Node
	for range g.between(2, 4) {
		v := g.pick(func(v *variable) bool {
			return (v.kind == number || v.kind == sequence || v.kind == record) && (v.kind != number || !v.fixed && !seen[v.name])
		})
		if v == nil {
			return g.multipleLocal()
		}
		switch v.kind {
		case number:
			seen[v.name] = true
			targets = append(targets, prefix(v.name))
		case sequence:
			if seen[v.name+"[]"] {
				continue
			}
			seen[v.name+"[]"] = true
			targets = append(targets, prefix(v.name, "[1]"))
		default:
			name := g.fieldName()
			if seen[v.name+name] {
				continue
			}
			seen[v.name+name] = true
			targets = append(targets, prefix(v.name, "."+name))
		}
	}
	values := make([]*Node, len(targets))
	for i := range values {
		if i > 0 && g.chance(30) {
			g.feature("swap")
			values[i] = g.binary("or", targets[len(targets)-1-i], constant(1))
			continue
		}
		values[i] = g.kept(2)
	}
	if g.chance(20) {
		g.feature("more values than variables")
		values = append(values, g.value(1))
	}
	return []*Node{stmt(list(targets...), " = ", list(values...))}
}

func (g *gen) multipleLocal() []*Node {
	g.feature("local with several names")
	n := g.between(2, 5)
	values := make([]*Node, 0, n)
	for range g.between(1, n) {
		values = append(values, g.kept(2))
	}
	kinds := make([]kind, n)
	for i := len(values); i < n; i++ {
		kinds[i] = nothing
	}
	if last := g.manyValues(2); last != nil && len(values) < n {
		g.feature("many values in a local")
		values = append(values, last)
		for i := len(values) - 1; i < n; i++ {
			kinds[i] = number
		}
	}
	var names []string
	var undefined []*Node
	for i, k := range kinds {
		v := g.declare(&variable{name: g.fresh(""), kind: k, fixed: k == nothing})
		names = append(names, v.name)
		if k == number && i >= len(values)-1 {
			undefined = append(undefined, stmt(v.name+" = "+v.name+" or "+fmt.Sprint(i)))
		}
	}
	return append([]*Node{stmt("local "+join(names)+" = ", list(values...))}, undefined...)
}

func (g *gen) tableChange() *Node {
	v := g.pick(func(v *variable) bool { return v.kind == sequence || v.kind == record })
	switch {
	case v == nil:
		return g.out()
	case v.kind == record:
		g.feature("assignment to a field")
		if g.chance(20) {
			return stmt(v.name + "." + g.fieldName() + " = nil")
		}
		return stmt(v.name+"."+g.fieldName()+" = ", g.kept(2))
	}
	switch g.r.IntN(4) {
	case 0:
		g.feature("table.insert")
		return stmt(fmt.Sprintf("if #%s < 40 then table.insert(%s, (", v.name, v.name), g.kept(2), ")) end")
	case 1:
		g.feature("table.remove")
		return stmt(fmt.Sprintf("if #%s > 1 then out(table.remove(%s)) end", v.name, v.name))
	case 2:
		g.feature("assignment to an index")
		return stmt(fmt.Sprintf("%s[#%s] = ", v.name, v.name), g.kept(2))
	}
	g.feature("table.sort")
	return stmt(fmt.Sprintf("table.sort(%s%s)", v.name, pickOf(g, "", ", function(a, b) return a > b end")))
}

func (g *gen) callStatement() *Node {
	if call := g.call(2); call != nil {
		g.feature("call statement")
		return stmt(call)
	}
	return g.out()
}

// constructor generates a table constructor with items of all forms.
func (g *gen) constructor() []*Node {
	g.feature("constructor")
	var items []*Node
	most := 6
	if g.chance(8) {
		g.feature("constructor with more than fifty items")
		most = 120
	}
	last := -1
	for i := range g.r.IntN(most) + most/2 {
		if g.chance(15) {
			// The manual does not define which value a repeated key gets.
			items = append(items, glue(g.fresh("k")+" = ", g.value(1)))
		} else {
			items = append(items, g.kept(min(1, 6/(i+1))))
			last = i
		}
	}
	if many := g.manyValues(1); many != nil && g.chance(60) {
		g.feature("many values at the end of a constructor")
		items = append(items, many)
	} else if g.chance(20) {
		g.feature("nested constructor")
		items = append(items, glue("t = { ", g.elements(1), ", { ", g.elements(0), " } }"))
	}
	if last < 0 && len(items) == 0 {
		return []*Node{stmt("out({})")}
	}
	return []*Node{stmt("out({ ", list(items...), " })")}
}

// yield generates a yield of values, or a call of out where yielding is not possible.
func (g *gen) yield() *Node {
	if !g.frame.yields {
		return g.out()
	}
	g.feature("yield")
	switch g.r.IntN(4) {
	case 0:
		return stmt("out(\"yielded\", coroutine.yield(", g.arguments(g.r.IntN(3), 1), "))")
	case 1:
		if v := g.pickAssignable(number); v != nil {
			return stmt(v.name+" = coroutine.yield(", g.arguments(1, 1), ") or ", g.kept(0))
		}
	case 2:
		return stmt("local "+g.declare(&variable{name: g.fresh("y"), kind: number, fixed: true}).name+" = (coroutine.yield(", g.value(1), ") or 0)")
	}
	return stmt("coroutine.yield(", g.arguments(g.r.IntN(3), 1), ")")
}
