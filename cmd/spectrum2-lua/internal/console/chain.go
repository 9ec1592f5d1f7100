package console

import (
	"slices"

	"spectrumlua/luabind/api"
	"spectrumlua/luabind/source"
	"spectrumlua/runtime/lazy"
)

// tokenPattern matches a token of Lua. Long strings and comments are several tokens.
var tokenPattern = lazy.Regexp(`"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*|\d[\w.]*|\.\.\.?|\S`)

// chain is an expression such as session("alice@example.net").data or sessions()[1]: a
// variable with links after it.
type chain struct {
	variable string
	links    []link
}

// The kinds of links.
const (
	field  = "."
	method = ":"
	call   = "("
	index  = "["
)

// link is a field, a method, a call or an index.
type link struct {
	kind string
	name string   // of a field or method
	args []string // the tokens in the brackets
}

// text returns the only argument of a link if it is a string in quotes.
func (l link) text() (text string, ok bool) {
	if len(l.args) != 1 || !isString(l.args[0]) {
		return "", false
	}
	return l.args[0][1 : len(l.args[0])-1], true
}

func isString(token string) bool { return token[0] == '"' || token[0] == '\'' }

// chainAtEnd returns the expression at the end of a text. ok is false if it is of another
// kind.
func chainAtEnd(text string) (c chain, ok bool) {
	tokens := tokenPattern().FindAllString(text, -1)
	for i := len(tokens) - 1; i >= 0; i-- {
		var l link
		switch last := tokens[i]; {
		case source.IsName(last):
			if i == 0 || tokens[i-1] != field && tokens[i-1] != method {
				c.variable = last
				slices.Reverse(c.links)
				return c, true
			}
			i--
			l = link{kind: tokens[i], name: last}
		case isString(last):
			l = link{kind: call, args: tokens[i : i+1]}
		default:
			open := opening(tokens[:i+1])
			if open < 0 {
				return c, false
			}
			l = link{kind: call, args: tokens[open+1 : i]}
			if last == "]" {
				l.kind = index
			}
			i = open
		}
		c.links = append(c.links, l)
	}
	return c, false
}

// brackets are the opening ones of the closing ones.
var brackets = map[string]string{")": "(", "]": "[", "}": "{"}

// opening returns the index of the bracket that the last token closes, or -1.
func opening(tokens []string) int {
	var open []string
	for i, token := range slices.Backward(tokens) {
		switch {
		case brackets[token] != "":
			open = append(open, brackets[token])
		case len(open) == 0:
			return -1
		case token == open[len(open)-1]:
			if open = open[:len(open)-1]; len(open) == 0 {
				return i
			}
		}
	}
	return -1
}

// value is what the annotations tell about the value of an expression.
type value struct {
	typ      api.Type
	function *api.Function
	requires bool // the value is the function require
}

// variable returns the value of a variable of each line.
func (c *Console) variable(name string) value {
	switch {
	case name == "session" && c.opts.User != "":
		return value{typ: api.SessionClass}
	case name == "session", name == "sessions":
		return value{function: api.Module("spectrum").Function(name)}
	case name == "spectrum":
		return value{typ: "spectrum"}
	}
	return value{requires: name == "require"}
}

// value returns the value of an expression without running anything.
func (c *Console) value(e chain) value {
	v := c.variable(e.variable)
	for _, l := range e.links {
		v = v.follow(l)
		if l.kind == method && c.opts.ReadOnly {
			return value{}
		}
	}
	return v
}

// follow returns the value of an expression that continues with a link.
func (v value) follow(l link) value {
	text, isText := l.text()
	switch class := v.typ.Class(); {
	case l.kind == call && v.requires && isText && api.Module(text) != nil:
		return value{typ: api.Type(text)}
	case l.kind == call && v.function != nil && len(v.function.Returns) > 0:
		return value{typ: v.function.Returns[0].Type}
	case l.kind == call:
		return value{}
	case l.kind == index && isText:
		return v.follow(link{kind: field, name: text})
	case l.kind == index && class == nil:
		return value{typ: v.typ.List()}
	case class == nil:
		return value{}
	case l.kind == index:
		return member(class, "[integer]", false)
	default:
		return member(class, l.name, l.kind == method)
	}
}

// member returns the value of a field or a function.
func member(class *api.Class, name string, isMethod bool) value {
	if f := class.Field(name); f != nil && !isMethod {
		return value{typ: f.Type}
	}
	if f := class.Function(name); f != nil && f.Method == isMethod {
		return value{function: f}
	}
	return value{}
}

// path returns the user and the names of an expression that the process can look up. ok is
// false if it would have to run something.
func (c *Console) path(e chain) (user string, names []string, ok bool) {
	links := e.links
	switch {
	case e.variable == "session" && c.opts.User != "":
		user = c.opts.User
	case e.variable == "session" && len(links) > 0 && links[0].kind == call:
		if user, ok = links[0].text(); !ok {
			return "", nil, false
		}
		links = links[1:]
	default:
		names = []string{e.variable}
	}
	for _, l := range links {
		if l.name == "" {
			return "", nil, false
		}
		names = append(names, l.name)
	}
	return user, names, true
}
