package program

import "fmt"

// coroutines generates a coroutine and code that resumes it until it ends, and once more.
func (g *gen) coroutines() []*Node {
	if !g.affordable(200) {
		return []*Node{g.out()}
	}
	sig := &signature{params: g.r.IntN(3), varargs: g.chance(30), returns: 1}
	body := g.body(sig, 4, true)
	g.frame.cost += g.frame.weight * sig.cost
	if g.chance(15) {
		g.feature("error in a coroutine")
		b := body.Parts[1].(*Node)
		at := g.r.IntN(len(b.Parts))
		failing := g.inside(func() *Node {
			if g.chance(40) {
				return stmt("do", block(g.raising()), "end")
			}
			return stmt("do", block(g.mistake()...), "end")
		})
		parts := append([]any{}, b.Parts[:at]...)
		parts = append(parts, failing)
		b.Parts = append(parts, b.Parts[at:]...)
	}
	co, i := g.fresh("co"), g.fresh("i")
	switch g.r.IntN(3) {
	case 0:
		g.feature("coroutine.wrap")
		return []*Node{
			stmt("local "+co+" = coroutine.wrap(function", body, ")"),
			stmt(fmt.Sprintf("for %s = 1, %d do", i, g.between(1, 4)), block(stmt("try("+co+", "+i+", ", g.kept(1), ")")), "end"),
		}
	case 1:
		g.feature("coroutine in a coroutine")
		return []*Node{
			stmt("local "+co+" = coroutine.wrap(function(...)", block(
				stmt("local inner = coroutine.wrap(function", body, ")"),
				stmt("coroutine.yield(inner(...))"), stmt("return inner(...)")), "end)"),
			stmt("try("+co+", ", g.kept(1), ", ", g.kept(1), ")"), stmt("try("+co+", ", g.kept(1), ")"),
		}
	}
	g.feature("coroutine.create")
	return []*Node{
		stmt("local "+co+" = coroutine.create(function", body, ")"),
		stmt(fmt.Sprintf("for %s = 1, %d do", i, g.between(1, 5)), block(
			stmt("show(coroutine.resume("+co+", "+i+", ", g.kept(1), "))"),
			stmt("out(coroutine.status("+co+"))")), "end"),
	}
}
