package program

// Smaller yields programs that are smaller than n by one change, larger changes
// first. A program holds nodes of n: neither may be changed.
func (n *Node) Smaller(yield func(*Node) bool) {
	n.smaller(func(replaced *Node) bool { return yield(replaced) })
}

// smaller yields variants of n itself and of each node in it.
func (n *Node) smaller(yield func(*Node) bool) bool {
	if !n.variants(yield) {
		return false
	}
	for i, part := range n.Parts {
		child, ok := part.(*Node)
		if !ok {
			continue
		}
		if !child.smaller(func(replaced *Node) bool { return yield(n.with(i, replaced)) }) {
			return false
		}
	}
	return true
}

func (n *Node) with(i int, part *Node) *Node {
	return n.replace(i, i+1, part)
}

// replace yields n with other nodes instead of parts i to j.
func (n *Node) replace(i, j int, parts ...*Node) *Node {
	changed := *n
	changed.Parts = append([]any{}, n.Parts[:i]...)
	for _, p := range parts {
		changed.Parts = append(changed.Parts, p)
	}
	changed.Parts = append(changed.Parts, n.Parts[j:]...)
	return &changed
}

// simplest holds expressions that can replace any other expression.
var simplest = []string{"nil", "1", "\"a\"", "{}", "true"}

func (n *Node) variants(yield func(*Node) bool) bool {
	switch n.Class {
	case Block:
		return n.fewerStatements(yield)
	case Statement:
		for _, inner := range n.inner(Block) {
			flat := stmt("do", inner, "end")
			if n.sameAs(flat) {
				continue
			}
			if !yield(flat) {
				return false
			}
		}
	case Expression:
		return n.simplerExpressions(yield)
	case Glue:
		return n.fewerItems(yield)
	}
	return true
}

// fewerStatements yields n without some consecutive statements, or without the do … end
// around some.
func (n *Node) fewerStatements(yield func(*Node) bool) bool {
	for size := len(n.Parts); size > 0; size /= 2 {
		for at := 0; at+size <= len(n.Parts); at += size {
			if !yield(n.replace(at, at+size)) {
				return false
			}
		}
	}
	for i, part := range n.Parts {
		child, ok := part.(*Node)
		if !ok || len(child.Parts) != 3 || child.Parts[0] != "do" {
			continue
		}
		if body, ok := child.Parts[1].(*Node); ok && body.Class == Block && !yield(n.replace(i, i+1, body.Children()...)) {
			return false
		}
	}
	return true
}

func (n *Node) simplerExpressions(yield func(*Node) bool) bool {
	text := n.Text()
	for _, s := range simplest {
		if s == text {
			return true
		}
		if len(s) <= len(text) && !yield(expr(s)) {
			return false
		}
	}
	for _, inner := range n.inner(Expression) {
		if !yield(inner) {
			return false
		}
	}
	return true
}

// fewerItems yields n without some items of a list and their commas.
func (n *Node) fewerItems(yield func(*Node) bool) bool {
	for i, part := range n.Parts {
		if part != ", " {
			continue
		}
		if !yield(n.replace(i, min(i+2, len(n.Parts)))) || !yield(n.replace(i-1, i+1)) {
			return false
		}
	}
	return true
}

// inner returns the nearest nodes of a class below n.
func (n *Node) inner(class Class) []*Node {
	var found []*Node
	for _, child := range n.Children() {
		if child.Class == class {
			found = append(found, child)
			continue
		}
		found = append(found, child.inner(class)...)
	}
	return found
}

func (n *Node) sameAs(other *Node) bool { return n.Text() == other.Text() }
