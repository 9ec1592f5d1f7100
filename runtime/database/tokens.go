package database

import (
	"slices"
	"strconv"
	"strings"
)

// token is a word of a statement.
type token struct {
	kind  tokenKind
	text  string // a word is in upper case; a name has no quotes
	value int    // of a placeholder, from 1
}

type tokenKind int

const (
	punctuation tokenKind = iota
	word                  // a keyword or a name
	name                  // a name in quotes
	literal
	placeholder
)

// statement holds the tokens of a statement. The methods parse only as much of SQL as
// uses needs.
type statement []token

// scan splits a statement into tokens.
func scan(s syntax, text string) statement {
	var all statement
	values := 0
	for i := 0; i < len(text); {
		if end := s.skip(text, i); end > i {
			if t, ok := s.quotedToken(text[i:end]); ok {
				all = append(all, t)
			}
			i = end
			continue
		}
		end := i + 1
		t := token{kind: punctuation}
		switch c := text[i]; {
		case strings.IndexByte(" \t\r\n\f\v", c) >= 0:
			i++
			continue
		case wordStart(c):
			for end < len(text) && (wordPart(text[end]) || text[end] == '$') {
				end++
			}
			t.kind = word
		case '0' <= c && c <= '9':
			for end < len(text) && (wordPart(text[end]) || text[end] == '.') {
				end++
			}
			t.kind = literal
		case c == '?':
			t.kind = placeholder
			for end < len(text) && '0' <= text[end] && text[end] <= '9' {
				end++
			}
			values++
			t.value = values
			if n, err := strconv.Atoi(text[i+1 : end]); err == nil {
				t.value = n
			}
		default:
			for end < len(text) && strings.IndexByte("<>=!", c) >= 0 && strings.IndexByte("<>=", text[end]) >= 0 {
				end++
			}
		}
		t.text = strings.ToUpper(text[i:end])
		all = append(all, t)
		i = end
	}
	return all
}

// quotedToken returns the token of a text that skip has skipped. It returns false for
// a comment.
func (s syntax) quotedToken(text string) (t token, ok bool) {
	inner := func() string { return strings.Trim(text, text[:1]) }
	switch c := text[0]; {
	case c == '\'' || c == '"' && s.always:
		return token{kind: literal}, true
	case c == '"' || c == '`':
		return token{kind: name, text: inner()}, true
	case c == '[':
		return token{kind: name, text: strings.Trim(text, "[]")}, true
	}
	return token{}, false
}

func (t token) is(words ...string) bool {
	return (t.kind == word || t.kind == punctuation) && slices.Contains(words, t.text)
}

// at returns the token at i, or an empty token.
func (s statement) at(i int) token {
	if i < 0 || i >= len(s) {
		return token{}
	}
	return s[i]
}

// names returns all tokens that may be the name of a table.
func (s statement) names() []string {
	var all []string
	for _, t := range s {
		if (t.kind == word || t.kind == name) && !slices.Contains(all, t.text) {
			all = append(all, t.text)
		}
	}
	return all
}

var (
	comparisons = []string{"=", "==", "<", ">", "<=", ">=", "<>", "!=", "<=>", "IS"}
	arithmetic  = []string{"+", "-", "*", "/", "%", "|", "&", "^", "~", "DIV", "MOD", "COLLATE"}
)

// uses returns the columns, or other places for an integer, of the wanted values. It
// ignores values in computations.
func (s statement) uses(wanted func(value int) bool) []integerUse {
	var all []integerUse
	for i, t := range s {
		if t.kind != placeholder || !wanted(t.value) {
			continue
		}
		if use, ok := s.use(i); ok {
			use.value = t.value
			all = append(all, use)
		}
	}
	return all
}

func (s statement) use(i int) (use integerUse, ok bool) {
	left, right := s.unwrap(i)
	before, after := s.at(left), s.at(right)
	switch {
	case before.is(arithmetic...) || after.is(arithmetic...):
		return use, false
	case before.is("LIMIT", "OFFSET"), before.is(",") && s.at(left-2).is("LIMIT"):
		return integerUse{what: "LIMIT"}, true
	case before.is("(") && s.at(left-1).is("CAST") && after.is("AS") && integerType(s.at(right+1)),
		before.is("(") && s.at(left-1).is("CONVERT") && after.is(",") && integerType(s.at(right+1)):
		return integerUse{what: s.at(left - 1).text}, true
	case before.is(comparisons...), before.is("NOT") && s.at(left-1).is("IS"):
		return s.columnBefore(left)
	case after.is(comparisons...):
		return s.columnAfter(right)
	case before.is("BETWEEN"):
		return s.columnBefore(left)
	case before.is("AND"):
		for j := left - 1; j >= left-3; j-- { // BETWEEN -1 AND ?
			if s.at(j).is("BETWEEN") {
				return s.columnBefore(j)
			}
		}
		return use, false
	case before.is("(", ",") && after.is(")", ","):
		return s.item(left)
	}
	return s.selected(left, right)
}

// integerType reports whether a type in a CAST is an integer type.
func integerType(t token) bool {
	return t.kind == word && (strings.Contains(t.text, "INT") || t.is("SIGNED", "UNSIGNED", "YEAR"))
}

// unwrap returns the indexes of the tokens before and after the value at i. Its sign
// and its parentheses belong to the value.
func (s statement) unwrap(i int) (left, right int) {
	left, right = i-1, i+1
	for {
		before := s.at(left - 1)
		operand := before.kind == placeholder || before.kind == literal || before.kind == name || before.is(")") ||
			before.kind == word && !before.is("AND", "OR", "NOT", "WHERE", "ON", "HAVING", "BETWEEN", "LIMIT", "OFFSET", "SELECT", "IS", "WHEN", "THEN")
		switch {
		case s.at(left).is("+", "-") && !operand:
			left--
		case s.at(left).is("(") && s.at(right).is(")") && !operand && !before.is(","):
			left, right = left-1, right+1
		default:
			return left, right
		}
	}
}

// columnBefore returns the column that stands before an operator.
func (s statement) columnBefore(operator int) (use integerUse, ok bool) {
	i := operator - 1
	for s.at(i).is("NOT", "IS") || s.at(i).is(")") && s.at(i-2).is("(") && isName(s.at(i-1)) && !isName(s.at(i-3)) {
		if s.at(i).is(")") { // (column)
			return integerUse{column: s.at(i - 1).text}, !s.at(i - 3).is(arithmetic...)
		}
		i--
	}
	t := s.at(i)
	if !isName(t) {
		return use, false
	}
	use.column = t.text
	if s.at(i - 1).is(".") {
		use.table = s.at(i - 2).text
		i -= 2
	}
	return use, !s.at(i - 1).is(arithmetic...)
}

// columnAfter returns the column that stands after an operator.
func (s statement) columnAfter(operator int) (use integerUse, ok bool) {
	i := operator + 1
	if s.at(operator).is("IS") && s.at(i).is("NOT") {
		i++
	}
	t := s.at(i)
	if !isName(t) {
		return use, false
	}
	use.column = t.text
	if s.at(i + 1).is(".") {
		use.table, use.column = t.text, s.at(i+2).text
		i += 2
	}
	return use, !s.at(i+1).is(arithmetic...) && !s.at(i+1).is("(")
}

func isName(t token) bool { return t.kind == word || t.kind == name }

// item returns the column of a list item in parentheses: IN (…), VALUES (…), or
// (a, b) = (…). The token at i stands before the item.
func (s statement) item(i int) (use integerUse, ok bool) {
	position, open := s.position(i)
	before := s.at(open - 1)
	switch {
	case before.is("IN"):
		return s.columnBefore(open - 1)
	case before.is(comparisons...) && s.at(open-2).is(")"):
		_, start := s.position(open - 3)
		return s.listed(start, position)
	}
	for before.is(",") { // go back to the first row
		if open = s.matching(open - 2); open < 0 {
			return use, false
		}
		before = s.at(open - 1)
	}
	if before.is("ROW") {
		before = s.at(open - 2)
	}
	if !before.is("VALUES", "VALUE") {
		return use, false
	}
	return s.inserted(position)
}

// position returns an item's number in a list, and the index of the parenthesis that
// opens the list. The token at i stands before or within the item.
func (s statement) position(i int) (n, open int) {
	n = 1
	depth := 0
	for ; i >= 0; i-- {
		switch t := s[i]; {
		case t.is(")"):
			depth++
		case t.is("(") && depth == 0:
			return n, i
		case t.is("("):
			depth--
		case t.is(",") && depth == 0:
			n++
		}
	}
	return n, -1
}

// matching returns the index of the parenthesis that the one at i closes, or -1.
func (s statement) matching(i int) int {
	if !s.at(i).is(")") {
		return -1
	}
	_, open := s.position(i - 1)
	return open
}

// listed returns the column at a position of the list that opens at i.
func (s statement) listed(i, position int) (use integerUse, ok bool) {
	for i++; position > 1; i++ {
		if i >= len(s) || s[i].is(")") {
			return use, false
		}
		if s[i].is(",") {
			position--
		}
	}
	return s.columnAfter(i - 1)
}

// inserted returns the column that an INSERT fills from a position of a row.
func (s statement) inserted(position int) (use integerUse, ok bool) {
	i := slices.IndexFunc(s, func(t token) bool { return t.is("INTO") }) + 1
	if i == 0 || !isName(s.at(i)) {
		return use, false
	}
	if s.at(i + 1).is(".") {
		i += 2
	}
	use.table = s.at(i).text
	for s.at(i+1).is("AS") || isName(s.at(i+1)) && !s.at(i+1).is("VALUES", "VALUE", "SELECT", "WITH", "SET") {
		i++ // an alias
	}
	if s.at(i + 1).is("(") {
		listed, ok := s.listed(i+1, position)
		listed.table = use.table
		return listed, ok
	}
	use.position = position
	return use, true
}

// selected returns the column that an item of INSERT INTO … SELECT fills.
func (s statement) selected(left, right int) (use integerUse, ok bool) {
	if !s.at(left).is("SELECT", ",") || !s.at(right).is(",", "AS", "FROM", "UNION", "WHERE", ";") && right < len(s) {
		return use, false
	}
	position, i := 1, left
	for depth := 0; i >= 0 && (depth > 0 || !s[i].is("SELECT")); i-- {
		switch {
		case s[i].is(")"):
			depth++
		case s[i].is("("):
			depth--
		case s[i].is(",") && depth == 0:
			position++
		case depth == 0 && s[i].is("FROM", "WHERE", "BY", "VALUES"):
			return use, false
		}
	}
	if i < 0 || s.at(i-1).is("(", "UNION", "ALL", "EXCEPT", "INTERSECT") {
		return use, false
	}
	return s.inserted(position)
}
