package program

import "fmt"

func (g *gen) signature() *signature {
	return &signature{params: g.r.IntN(4), varargs: g.chance(30), returns: g.between(1, 3)}
}

// functionBody generates "(parameters) statements end" and sets what a call
// costs.
func (g *gen) functionBody(sig *signature, size int) *Node {
	return g.body(sig, size, false)
}

func (g *gen) body(sig *signature, size int, yields bool) *Node {
	f := &frame{outer: g.frame, varargs: sig.varargs, yields: yields, shared: map[*variable]bool{}, weight: 1}
	g.frame = f
	mark := g.scope.mark()
	var params []string
	for range sig.params {
		v := g.declare(&variable{name: g.fresh("p"), kind: number})
		params = append(params, v.name)
	}
	if sig.varargs {
		g.feature("function with ...")
		params = append(params, "...")
	}
	var statements []*Node
	for range g.between(0, size) {
		statements = append(statements, g.statement()...)
	}
	statements = append(statements, g.returned(sig))
	g.leave(mark)
	g.frame = f.outer
	sig.cost = 1 + f.cost + len(statements)
	return glue("("+join(params)+")", block(statements...), "end")
}

// returned generates a return statement for a signature.
func (g *gen) returned(sig *signature) *Node {
	if sig.returns == 1 && g.chance(30) {
		if call := g.call(2); call != nil {
			g.feature("tail call")
			return stmt("return ", call)
		}
	}
	g.feature("return")
	var values []*Node
	for range sig.returns {
		values = append(values, g.kept(2))
	}
	if last := g.manyValues(1); last != nil && g.chance(40) {
		g.feature("many values at the end of return")
		values = append(values, last)
	}
	return stmt("return ", list(values...))
}

func (g *gen) functionStatement() []*Node {
	sig := g.signature()
	name := g.fresh("f")
	switch g.r.IntN(6) {
	case 0:
		return g.recursive()
	case 1:
		g.feature("global function")
		body := g.functionBody(sig, 3)
		g.declare(&variable{name: name, kind: function, fixed: true, global: true, sig: sig})
		return []*Node{stmt("function "+name, body)}
	case 2:
		g.feature("function of a table")
		sig.self = true
		body := g.methodBody(sig)
		g.declare(&variable{name: name, kind: function, fixed: true, sig: sig})
		return []*Node{stmt("local "+name+" = { n = ", constant(g.r.IntN(9)), " }"), stmt("function "+name+":call", body)}
	}
	g.feature("local function")
	body := g.functionBody(sig, 3)
	g.declare(&variable{name: name, kind: function, fixed: true, sig: sig})
	if g.chance(50) {
		return []*Node{stmt("local "+name+" = function", body)}
	}
	return []*Node{stmt("local function "+name, body)}
}

// methodBody generates a function body that uses self.
func (g *gen) methodBody(sig *signature) *Node {
	body := g.functionBody(sig, 2)
	b := body.Parts[1].(*Node)
	b.Parts = append([]any{stmt("self.n = self.n % 50 + 1")}, b.Parts...)
	if g.chance(50) {
		b.Parts = append([]any{stmt("if self.n > 40 then", block(stmt("return self.n, self.n, self.n")), "end")}, b.Parts...)
	}
	sig.cost += 2
	return body
}

// recursive generates a function that calls itself with smaller and smaller numbers.
func (g *gen) recursive() []*Node {
	g.feature("recursion")
	name := g.fresh("f")
	sig := &signature{params: 1, returns: 1}
	inner := &signature{params: 1, returns: 1}
	f := &frame{outer: g.frame, shared: map[*variable]bool{}, weight: 1}
	g.frame = f
	mark := g.scope.mark()
	n := g.declare(&variable{name: g.fresh("p"), kind: number, fixed: true})
	call := fmt.Sprintf("%s(%s - 1)", name, n.name)
	var statements []*Node
	statements = append(statements, stmt("if not ("+n.name+" >= 1 and "+n.name+" < 8) then", block(g.returned(inner)), "end"))
	if g.chance(50) {
		statements = append(statements, g.statement()...)
	}
	switch g.r.IntN(3) {
	case 0:
		g.feature("recursive tail call")
		statements = append(statements, stmt("return "+call))
	case 1:
		statements = append(statements, stmt("return ("+call+" + "+n.name+") % 100"))
	default:
		v := g.fresh("")
		statements = append(statements, stmt("local "+v+" = "+call), stmt("return ", g.binary("%", g.binary("+", prefix(v), g.kept(1)), constant(100))))
	}
	g.leave(mark)
	g.frame = f.outer
	sig.cost = 8 * (2 + f.cost + len(statements))
	g.declare(&variable{name: name, kind: function, fixed: true, sig: sig})
	return []*Node{stmt("local function "+name+"("+n.name+")", block(statements...), "end")}
}

// closures generates a list of functions that share variables. Some lists are filled in
// a loop.
func (g *gen) closures() []*Node {
	g.feature("closures that share a variable")
	list, shared := g.fresh("t"), g.fresh("u")
	body := []*Node{
		stmt("local "+shared+" = ", g.kept(1)),
		stmt(fmt.Sprintf("%s[#%s + 1] = function(n) %s = (%s + n) %% 100 return %s end", list, list, shared, shared, shared)),
		stmt(fmt.Sprintf("%s[#%s + 1] = function() return %s end", list, list, shared)),
	}
	if g.chance(50) {
		g.feature("closure in a closure")
		body = append(body, stmt(fmt.Sprintf("%s[#%s + 1] = function(n) return (function() %s = (%s * 2 + (n or 0)) %% 100 return %s end)() end", list, list, shared, shared, shared)))
	}
	statements := []*Node{stmt("local " + list + " = {}")}
	switch g.r.IntN(3) {
	case 0:
		statements = append(statements, stmt("do", block(body...), "end"))
	case 1:
		g.feature("closures made in a loop")
		statements = append(statements, g.loopAround(body, shared))
	default:
		g.feature("closures made in a loop")
		i := g.fresh("i")
		body = append(body, stmt(fmt.Sprintf("%s[#%s + 1] = function() %s = (%s + %s) %% 100 return %s end", list, list, shared, shared, i, i)))
		statements = append(statements, stmt("for "+i+" = 1, 3 do", block(body...), "end"))
	}
	i := g.fresh("i")
	return append(statements, stmt(fmt.Sprintf("for %s = 1, #%s do", i, list), block(stmt(fmt.Sprintf("out(%s[%s](%d))", list, i, g.r.IntN(9)))), "end"))
}

// loopAround generates a loop that runs body up to three times. The loop may use goto or
// break, depending on the variable shared.
func (g *gen) loopAround(body []*Node, shared string) *Node {
	i := g.fresh("i")
	counter := stmt("local " + i + " = 0")
	step := stmt(i + " = " + i + " + 1")
	if g.withGoto && g.chance(60) {
		g.feature("goto continue past closures")
		label := g.fresh("continue")
		all := append([]*Node{step}, stmt("do", block(append(body, stmt("if "+shared+" > 20 then goto "+label+" end"), stmt(shared+" = "+shared+" + 1"))...), "end"), stmt("::"+label+"::"))
		return stmt("do", block(counter, stmt("while "+i+" < 3 do", block(all...), "end")), "end")
	}
	if g.chance(50) {
		all := append([]*Node{step}, body...)
		all = append(all, stmt("if "+i+" == 2 and "+shared+" > 5 then break end"))
		return stmt("do", block(counter, stmt("while "+i+" < 3 do", block(all...), "end")), "end")
	}
	all := append([]*Node{step}, body...)
	return stmt("do", block(counter, stmt("repeat", block(all...), "until "+i+" >= 3 or "+shared+" > 90")), "end")
}
