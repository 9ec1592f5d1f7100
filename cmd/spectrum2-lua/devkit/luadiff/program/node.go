// Package program generates random Lua 5.1 programs that terminate, print the
// same in every run and do not depend on what docs/reference/lua.md documents as different.
package program

import "strings"

// Class says what may stand in the place of a node.
type Class int

// The classes of nodes. Glue, such as an argument list, is only a container.
const (
	Glue Class = iota
	Block
	Statement
	Expression
)

// Node is a part of a program. A reducer may remove a statement from its block
// and put another expression in the place of an expression.
type Node struct {
	Class Class
	// Parts are strings and *Node.
	Parts []any
	// Flat writes the blocks in the node without line ends: Lua 5.1 and ours number
	// the lines of an expression over several lines differently.
	Flat bool
	// level is the precedence of an expression's operator, or atom.
	level int
}

// Text returns the source of the program.
func (n *Node) Text() string {
	var w writer
	w.node(n)
	return strings.TrimLeft(w.out.String(), "\n")
}

// Children returns the nodes among the parts.
func (n *Node) Children() []*Node {
	var children []*Node
	for _, part := range n.Parts {
		if child, ok := part.(*Node); ok {
			children = append(children, child)
		}
	}
	return children
}

type writer struct {
	out    strings.Builder
	indent int
	flat   bool
}

// line ends a line of a block, or only separates what stands on it.
func (w *writer) line() {
	if w.flat {
		w.out.WriteString(" ")
		return
	}
	w.out.WriteString("\n" + strings.Repeat("  ", w.indent))
}

func (w *writer) node(n *Node) {
	before := w.flat
	w.flat = w.flat || n.Flat
	defer func() { w.flat = before }()
	for _, part := range n.Parts {
		switch part := part.(type) {
		case string:
			w.out.WriteString(part)
		case *Node:
			if n.Class == Block {
				w.line()
			}
			if part.Class == Block {
				w.indent++
				w.node(part)
				w.indent--
				w.line()
				continue
			}
			w.node(part)
		}
	}
}

// The precedence of operators, from the loosest to the tightest.
const (
	levelOr = iota + 1
	levelAnd
	levelCompare
	levelConcat
	levelAdd
	levelMultiply
	levelUnary
	levelPower
	suffixed // can be indexed and called without parentheses
	atom
)

var levels = map[string]int{
	"or": levelOr, "and": levelAnd,
	"<": levelCompare, ">": levelCompare, "<=": levelCompare, ">=": levelCompare, "==": levelCompare, "~=": levelCompare,
	"..": levelConcat, "+": levelAdd, "-": levelAdd, "*": levelMultiply, "/": levelMultiply, "%": levelMultiply,
	"^": levelPower,
}

func stmt(parts ...any) *Node { return &Node{Class: Statement, Parts: parts} }
func glue(parts ...any) *Node { return &Node{Parts: parts} }
func expr(parts ...any) *Node { return &Node{Class: Expression, Parts: parts, level: atom} }

// prefix is an expression that can be indexed and called as it is.
func prefix(parts ...any) *Node { return &Node{Class: Expression, Parts: parts, level: suffixed} }

func paren(n *Node) *Node { return prefix("(", n, ")") }

// list joins expressions with commas.
func list(nodes ...*Node) *Node {
	var parts []any
	for i, n := range nodes {
		if i > 0 {
			parts = append(parts, ", ")
		}
		parts = append(parts, n)
	}
	return glue(parts...)
}

func block(statements ...*Node) *Node {
	b := &Node{Class: Block}
	for _, s := range statements {
		if s != nil {
			b.Parts = append(b.Parts, s)
		}
	}
	return b
}
