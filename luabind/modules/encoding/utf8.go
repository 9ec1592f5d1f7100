package encoding

import (
	"fmt"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

const (
	// maxCodepoints limits the results of codepoint and the arguments of char.
	maxCodepoints = 200
	// leastCut is the size of the longest character, in bytes.
	leastCut = utf8.UTFMax
)

// utf8Functions returns functions that count characters, here code points. They
// accept any string: an invalid byte counts as one character.
func utf8Functions(max limit) bind.Functions {
	return bind.Functions{
		// len(s) returns the number of characters.
		"len": func(l *lua.LState) int {
			return bind.Return(l, lua.LNumber(utf8.RuneCountInString(l.CheckString(1))))
		},
		// sub(s, i [, j]) is like string.sub, but counts characters.
		"sub": func(l *lua.LState) int {
			s := l.CheckString(1)
			from, to := span(s, bind.OptInteger(l, 2, 1), bind.OptInteger(l, 3, -1))
			return bind.Return(l, lua.LString(s[from:to]))
		},
		// valid(s) returns true, or false and the position of the first invalid byte.
		"valid": func(l *lua.LState) int {
			s := l.CheckString(1)
			if utf8.ValidString(s) {
				return bind.Return(l, lua.LTrue)
			}
			return bind.Return(l, lua.LFalse, lua.LNumber(firstInvalid(s)+1))
		},
		// clean(s [, replacement]) replaces invalid bytes.
		"clean": func(l *lua.LState) int { return clean(l, max) },
		// chars(s) iterates over the characters and their positions.
		"chars": chars,
		// char(code point, …) returns a string of these characters.
		"char": char,
		// codepoint(s [, i [, j]]) returns the code points of characters i to j.
		"codepoint": codepoint,
		// truncate(s, bytes) cuts a string between two characters.
		"truncate": func(l *lua.LState) int {
			s, bytes := l.CheckString(1), bind.OptInteger(l, 2, 0)
			if bytes < leastCut {
				l.ArgError(2, fmt.Sprintf("at least 4 bytes expected, got %d: a character has up to 4", bytes))
			}
			cut := cutAt(s, bytes)
			return bind.Return(l, lua.LString(s[:cut]), lua.LString(s[cut:]))
		},
		"lower": mapped(strings.ToLower, max),
		"upper": mapped(strings.ToUpper, max),
	}
}

// span returns the range of bytes with the characters i to j. Negative numbers
// count from the end.
func span(s string, i, j int) (from, to int) {
	if i < 0 || j < 0 {
		n := utf8.RuneCountInString(s)
		if i < 0 {
			i += n + 1
		}
		if j < 0 {
			j += n + 1
		}
	}
	i = max(i, 1)
	if j < i {
		return 0, 0
	}
	from = skip(s, 0, i-1)
	return from, skip(s, from, j-i+1)
}

// skip returns the index after the n characters that begin at byte at.
func skip(s string, at, n int) int {
	for ; n > 0 && at < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

func firstInvalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				return i
			}
		}
	}
	return len(s)
}

func clean(l *lua.LState, max limit) int {
	s, replacement := l.CheckString(1), l.OptString(2, string(utf8.RuneError))
	var b strings.Builder
	for s != "" {
		i := firstInvalid(s)
		if b.Len() == 0 && i == len(s) {
			return bind.Return(l, lua.LString(s))
		}
		max.check(l, b.Len()+i+len(replacement))
		b.WriteString(s[:i])
		if s = s[i:]; s != "" {
			b.WriteString(replacement)
			s = s[1:]
		}
	}
	return bind.Return(l, lua.LString(b.String()))
}

func chars(l *lua.LState) int {
	s, at := l.CheckString(1), 0
	return bind.Return(l, bind.Function("utf8.chars", func(l *lua.LState) int {
		if at >= len(s) {
			return bind.Return(l, lua.LNil)
		}
		start := at
		at = skip(s, at, 1)
		return bind.Return(l, lua.LString(s[start:at]), lua.LNumber(start+1))
	}))
}

func char(l *lua.LState) int {
	if l.GetTop() > maxCodepoints {
		bind.Raise(l, "utf8.char takes at most %d code points", maxCodepoints)
	}
	var b strings.Builder
	for n := 1; n <= l.GetTop(); n++ {
		r := bind.OptInteger(l, n, -1)
		if r > utf8.MaxRune || !utf8.ValidRune(rune(r)) {
			l.ArgError(n, "Unicode code point expected")
		}
		b.WriteRune(rune(r))
	}
	return bind.Return(l, lua.LString(b.String()))
}

func codepoint(l *lua.LState) int {
	s, i := l.CheckString(1), bind.OptInteger(l, 2, 1)
	from, to := span(s, i, bind.OptInteger(l, 3, i))
	if utf8.RuneCountInString(s[from:to]) > maxCodepoints {
		bind.Raise(l, "utf8.codepoint returns at most %d code points", maxCodepoints)
	}
	n := 0
	for _, r := range s[from:to] {
		l.Push(lua.LNumber(r))
		n++
	}
	return n
}

// cutAt returns the last index up to n that is between two characters.
func cutAt(s string, n int) int {
	if len(s) <= n {
		return len(s)
	}
	for i := n; i > n-utf8.UTFMax; i-- {
		if !utf8.RuneStart(s[i]) {
			continue
		}
		if _, size := utf8.DecodeRuneInString(s[i:]); i+size > n {
			return i
		}
		return n
	}
	return n
}

func mapped(f func(string) string, max limit) lua.LGFunction {
	return func(l *lua.LState) int {
		s := f(l.CheckString(1))
		max.check(l, len(s))
		return bind.Return(l, lua.LString(s))
	}
}
