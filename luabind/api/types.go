package api

import (
	"slices"
	"strings"
)

// Type is a type as annotations write it: "string", "spectrum.net.Conn?",
// "string|string[]", "fun(line: string): boolean", "table<string, any>".
type Type string

// Alternatives splits a type at its bars. A "?" at the end becomes the
// alternative nil.
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
			inFunction = true // its results may contain bars
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

// unwrap removes parentheses that enclose the whole type.
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

// Class returns the class that the type names: spectrum.net.Conn for
// "spectrum.net.Conn?". It returns nil if the type names no class, or several.
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

// List returns the type of a list's values: "string" for "string[]". It
// returns "" for a type that is not a list.
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

// cutType cuts a type off the front of a text. A space ends the type, except
// within brackets, next to a bar, and after the colon of a function's results.
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
