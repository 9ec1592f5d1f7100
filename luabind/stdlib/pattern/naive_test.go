package pattern_test

import (
	"fmt"
	"strings"

	"spectrumlua/luabind/stdlib/pattern"
)

// naive implements section 5.4.1 of the manual as literally as possible: it matches one
// item at a time by recursion, from the pattern's text. It is slow and has no limits.
type naive struct {
	pattern, text string
	start, end    []int // of captures; end is -1 while open and -2 for a position
	steps         int
}

const naiveSteps = 200_000

// naiveFind is like find, but uses naive.
func naiveFind(source, text string) string {
	if _, err := pattern.Compile(source, true); err != nil {
		return "error" // TestFind tests the texts of errors
	}
	anchored := strings.HasPrefix(source, "^")
	n := &naive{pattern: strings.TrimPrefix(source, "^"), text: text}
	if !anchored {
		n.pattern = source
	}
	for at := 0; at <= len(text); at++ {
		n.start, n.end = nil, nil
		if end := n.match(0, at); end >= 0 {
			return n.describe(at, end)
		}
		if n.steps > naiveSteps {
			return "stopped"
		}
		if anchored {
			break
		}
	}
	return "nil"
}

func (n *naive) describe(at, end int) string {
	s := fmt.Sprintf("%d-%d", at, end)
	for i := range n.start {
		if n.end[i] == -2 {
			s += fmt.Sprintf(" @%d", n.start[i]+1)
		} else {
			s += fmt.Sprintf(" %q", n.text[n.start[i]:n.end[i]])
		}
	}
	return s
}

// match matches pattern[p:] at text[s:] and returns the end, or -1.
func (n *naive) match(p, s int) int {
	if n.steps++; n.steps > naiveSteps {
		return -1
	}
	if p == len(n.pattern) {
		return s
	}
	switch c := n.pattern[p]; {
	case c == '(':
		return n.open(p, s)
	case c == ')':
		return n.close(p, s)
	case c == '$' && p+1 == len(n.pattern):
		if s == len(n.text) {
			return s
		}
		return -1
	case c == '%' && n.pattern[p+1] == 'b':
		return n.balance(p, s)
	case c == '%' && n.pattern[p+1] == 'f':
		end := n.classEnd(p + 2)
		before, after := byte(0), byte(0)
		if s > 0 {
			before = n.text[s-1]
		}
		if s < len(n.text) {
			after = n.text[s]
		}
		if n.inSet(before, p+2, end-1) || !n.inSet(after, p+2, end-1) {
			return -1
		}
		return n.match(end, s)
	case c == '%' && '1' <= n.pattern[p+1] && n.pattern[p+1] <= '9':
		i := n.pattern[p+1] - '1'
		if n.end[i] < 0 || !strings.HasPrefix(n.text[s:], n.text[n.start[i]:n.end[i]]) {
			return -1
		}
		return n.match(p+2, s+n.end[i]-n.start[i])
	}
	return n.repeat(p, s)
}

func (n *naive) open(p, s int) int {
	end, next := -1, p+1
	if p+1 < len(n.pattern) && n.pattern[p+1] == ')' {
		end, next = -2, p+2
	}
	n.start, n.end = append(n.start, s), append(n.end, end)
	if e := n.match(next, s); e >= 0 {
		return e
	}
	n.start, n.end = n.start[:len(n.start)-1], n.end[:len(n.end)-1]
	return -1
}

func (n *naive) close(p, s int) int {
	i := len(n.end) - 1
	for n.end[i] != -1 {
		i--
	}
	n.end[i] = s
	if e := n.match(p+1, s); e >= 0 {
		return e
	}
	n.end[i] = -1
	return -1
}

func (n *naive) balance(p, s int) int {
	if s >= len(n.text) || n.text[s] != n.pattern[p+2] {
		return -1
	}
	depth := 1
	for i := s + 1; i < len(n.text); i++ {
		if n.text[i] == n.pattern[p+3] {
			if depth--; depth == 0 {
				return n.match(p+4, i+1)
			}
		} else if n.text[i] == n.pattern[p+2] {
			depth++
		}
	}
	return -1
}

func (n *naive) repeat(p, s int) int {
	end := n.classEnd(p)
	mode := byte(0)
	if end < len(n.pattern) {
		mode = n.pattern[end]
	}
	fits := func(i int) bool { return i < len(n.text) && n.single(n.text[i], p, end) }
	switch mode {
	case '*', '+':
		most := s
		for fits(most) {
			most++
		}
		least := s
		if mode == '+' {
			least++
		}
		for i := most; i >= least; i-- {
			if e := n.match(end+1, i); e >= 0 {
				return e
			}
		}
		return -1
	case '-':
		for i := s; ; i++ {
			if e := n.match(end+1, i); e >= 0 || !fits(i) {
				return e
			}
		}
	case '?':
		if fits(s) {
			if e := n.match(end+1, s+1); e >= 0 {
				return e
			}
		}
		return n.match(end+1, s)
	}
	if !fits(s) {
		return -1
	}
	return n.match(end, s+1)
}

// classEnd returns the end of the single-byte item at p.
func (n *naive) classEnd(p int) int {
	switch n.pattern[p] {
	case '%':
		return p + 2
	case '[':
		p++
		if n.pattern[p] == '^' {
			p++
		}
		for first := true; first || n.pattern[p] != ']'; first = false {
			if n.pattern[p] == '%' {
				p++
			}
			p++
		}
	}
	return p + 1
}

func (n *naive) single(c byte, p, end int) bool {
	switch n.pattern[p] {
	case '.':
		return true
	case '%':
		return inClass(c, n.pattern[p+1])
	case '[':
		return n.inSet(c, p, end-1)
	}
	return n.pattern[p] == c
}

// inSet reports whether the set from p to its closing bracket at end contains c.
func (n *naive) inSet(c byte, p, end int) bool {
	p++
	in := true
	if n.pattern[p] == '^' {
		in = false
		p++
	}
	for ; p < end; p++ {
		switch {
		case n.pattern[p] == '%':
			p++
			if inClass(c, n.pattern[p]) {
				return in
			}
		case n.pattern[p+1] == '-' && p+2 < end:
			if n.pattern[p] <= c && c <= n.pattern[p+2] {
				return in
			}
			p += 2
		case n.pattern[p] == c:
			return in
		}
	}
	return !in
}

func inClass(c, class byte) bool {
	const lower, upper = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var members string
	switch class | 0x20 {
	case 'a':
		members = lower + upper
	case 'c':
		members = "\x00\x01\x02\x03\x04\x05\x06\a\b\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f"
	case 'd':
		members = "0123456789"
	case 'l':
		members = lower
	case 'p':
		members = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
	case 's':
		members = " \t\n\v\f\r"
	case 'u':
		members = upper
	case 'w':
		members = lower + upper + "0123456789"
	case 'x':
		members = "0123456789abcdefABCDEF"
	case 'z':
		members = "\x00"
	default:
		return c == class
	}
	if class < 'A' || class > 'z' || class > 'Z' && class < 'a' {
		return c == class
	}
	in := strings.IndexByte(members, c) >= 0
	return in == (class >= 'a')
}
