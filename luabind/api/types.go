package api

import (
	"slices"
	"strings"
)

// Type is a type as annotations write it: "string", "spectrum.net.Conn?",
// "string|string[]", "fun(line: string): boolean", "table<string, any>".
type Type string

// Alternatives takes a type apart at its bars; a "?" at the end stands for nil.
func (t Type) Alternatives() []Type {
	var all []Type
	text, start, depth := string(t), 0, 0
	inFunction, isNil := false, false
	add := func(part string) {
		part = strings.TrimSpace(part)
		if rest, optional := strings.CutSuffix(part, "?"); optional && !inFunction {
			part, isNil = rest, true
		}
		all = append(all, Type(unwrap(part)))
	}
	for i, r := range text {
		depth += nesting(r)
		if depth == 0 && strings.HasPrefix(text[i:], "fun(") {
			inFunction = true // what it returns may have bars of its own
		}
		if r == '|' && depth == 0 && !inFunction {
			add(text[start:i])
			start = i + 1
		}
	}
	add(text[start:])
	if isNil && !slices.Contains(all, "nil") {
		all = append(all, "nil")
	}
	return all
}

// unwrap takes parentheses off that are around all of a type.
func unwrap(text string) string {
	if !strings.HasPrefix(text, "(") || !strings.HasSuffix(text, ")") {
		return text
	}
	depth := 0
	for i, r := range text {
		depth += nesting(r)
		if depth == 0 && i < len(text)-1 {
			return text
		}
	}
	return text[1 : len(text)-1]
}

// Class is the class that the type names: of "spectrum.net.Conn?" the class
// spectrum.net.Conn. It is nil if there is none, or more than one.
func (t Type) Class() *Class {
	var found *Class
	for _, a := range t.Alternatives() {
		if c := FindClass(string(a)); c != nil {
			if found != nil {
				return nil
			}
			found = c
		}
	}
	return found
}

// List is the type of the values of a list, as in "string[]"; "" if the type is
// none.
func (t Type) List() Type {
	for _, a := range t.Alternatives() {
		if of, ok := strings.CutSuffix(string(a), "[]"); ok {
			return Type(unwrap(of))
		}
	}
	return ""
}

func nesting(r rune) int {
	switch r {
	case '(', '<', '{', '[':
		return 1
	case ')', '>', '}', ']':
		return -1
	}
	return 0
}

// cutType takes a type off the front of a text. A space ends it, but within
// brackets, beside a bar, and behind the colon of a function's results.
func cutType(text string) (t Type, rest string) {
	depth := 0
	for i, r := range text {
		depth += nesting(r)
		if r != ' ' || depth > 0 {
			continue
		}
		before, after := text[:i], strings.TrimLeft(text[i:], " ")
		if strings.HasSuffix(before, ":") || strings.HasSuffix(before, "|") || strings.HasSuffix(before, ",") && strings.Contains(before, "fun(") || before == "async" || strings.HasPrefix(after, "|") {
			continue
		}
		return Type(before), after
	}
	return Type(text), ""
}
