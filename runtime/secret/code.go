package secret

import "strings"

// Code masks secrets in code in Lua's syntax, which may have mistakes: strings and numbers that
// belong to names such as password, because they are assigned to them, compared with them
// or arguments of a function with such a name; and strings that contain a secret, such as
// an address with a password or a stanza with one. It rather masks too much.
func Code(text string) string {
	c := code{}
	for c.rest = text; c.rest != ""; {
		c.next()
	}
	return c.out.String()
}

// code is a text that Code reads from the left.
type code struct {
	rest  string
	out   strings.Builder
	depth int // of brackets
	// armed is true after the name of a secret, until the expression ends: at a comma or a
	// closing bracket outside of the brackets of the name, or at a new statement.
	armed   bool
	armedAt int // depth of the name
	value   bool
}

// operators are the keywords inside of expressions.
var operators = map[string]bool{"and": true, "or": true, "not": true}

// next handles a token.
func (c *code) next() {
	switch first := c.rest[0]; {
	case first == '"' || first == '\'':
		c.text(c.quoted(first))
	case longBracket(c.rest) > 0:
		opening := c.rest[:longBracket(c.rest)]
		n := len(c.rest)
		if end := strings.Index(c.rest, "]"+opening[1:len(opening)-1]+"]"); end >= 0 {
			n = end + len(opening)
		}
		c.text(n, len(opening))
	case isLetter(first):
		c.name(c.rest[:word(c.rest)])
	case isDigit(first):
		c.literal(word(c.rest), Mask)
	default:
		c.punctuation(first)
	}
}

// quoted returns the size of a string in quotes, and of its quote. A string without an end is
// over at the end of the line.
func (c *code) quoted(quote byte) (n, edge int) {
	for i := 1; i < len(c.rest); i++ {
		switch c.rest[i] {
		case '\\':
			i++
		case '\n':
			return i, 1
		case quote:
			return i + 1, 1
		}
	}
	return len(c.rest), 1
}

// take moves n bytes to the output.
func (c *code) take(n int) {
	c.out.WriteString(c.rest[:n])
	c.rest = c.rest[n:]
}

// literal moves a value of n bytes to the output, or instead.
func (c *code) literal(n int, instead string) {
	if c.armed {
		c.out.WriteString(instead)
		c.rest = c.rest[n:]
	} else {
		c.take(n)
	}
	c.value = true
}

// text handles a string of n bytes.
func (c *code) text(n, edge int) {
	const masked = `"` + Mask + `"`
	content := c.rest[min(edge, n):max(min(edge, n), n-edge)]
	if !c.armed && holdsSecret(content) {
		c.out.WriteString(masked)
		c.rest = c.rest[n:]
		c.value = true
		return
	}
	c.literal(n, masked)
	if c.armed || content == "" || !isLetter(content[0]) || word(content) < len(content) || !isSecret(content) {
		return
	}
	switch next := strings.TrimLeft(c.rest, " \t\r\n"); { // is it the name of a value?
	case next == "":
	case next[0] == ']' || next[0] == ',':
		c.armed, c.armedAt = true, c.depth-1
	case next[0] == '=' || next[0] == ':':
		c.armed, c.armedAt = true, c.depth
	}
}

func isLetter(b byte) bool { return b == '_' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' }

// word returns the length of the name or number at the beginning of a text.
func word(text string) int {
	number := isDigit(text[0])
	for i := range len(text) {
		if b := text[i]; !isLetter(b) && !isDigit(b) && !(number && b == '.') {
			return i
		}
	}
	return len(text)
}

// longBracket returns the length of the bracket at the beginning of a text that opens a string
// of several lines, such as [==[, or 0.
func longBracket(text string) int {
	if text[0] != '[' {
		return 0
	}
	rest := strings.TrimLeft(text[1:], "=")
	if rest == "" || rest[0] != '[' {
		return 0
	}
	return len(text) - len(rest) + 1
}

func isSecret(name string) bool { return Field(name) || Name(name) }

// holdsSecret reports whether a string contains a secret.
func holdsSecret(content string) bool {
	if Value(content) {
		return true
	}
	if !strings.Contains(content, "<") {
		return false
	}
	masked, ok := XML(content)
	return ok && masked != content
}

// name handles a name or a keyword.
func (c *code) name(name string) {
	if !operators[name] {
		if c.value { // two values in a row belong to two statements
			c.armed = c.armed && c.depth > c.armedAt
		}
		if isSecret(name) && (!c.armed || c.depth < c.armedAt) {
			c.armed, c.armedAt = true, c.depth
		}
	}
	c.value = !operators[name]
	c.take(len(name))
}

// punctuation handles a byte that is a part of no other token.
func (c *code) punctuation(b byte) {
	switch b {
	case '(', '[', '{':
		c.depth++
		c.value = false
	case ')', ']', '}':
		c.depth--
		c.armed = c.armed && c.depth >= c.armedAt
		c.value = true
	case ',', ';':
		c.armed = c.armed && c.depth > c.armedAt
		c.value = false
	case ' ', '\t', '\r', '\n':
	default:
		c.value = false
	}
	c.take(1)
}
