package source_test

import (
	"strings"
	"testing"

	"spectrumlua/luabind/source"
)

// TestTokensAreThoseOfLua holds sources that gopher-lua's scanner reads otherwise
// than Lua 5.1.
func TestTokensAreThoseOfLua(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"comments that look like long ones", "--[==\n--[=x\n--[\n--[ [\nreturn 1 --[=", "1"},
		{"a long comment between tokens", "return--[[ 2\n]]3", "3"},
		{"a comment in a string", `return "--[[", '--'`, "--[[ --"},
		{"a string in a comment", "--[[ \" ]] return 1 -- '", "1"},
		{"brackets in a long string", "return [==[]]]=]]==]", "]]]=]"},
		{"a long string begins with a new line", "return [[\nx]]", "x"},
		{"form feeds and vertical tabs", "return\v1\f+ 1", "2"},
		{"escapes", `return "\65\066\0671\
\a" == "ABC1\n\7"`, "true"},
		{"numbers", "return 3., .5, 3e2, 3E-2, 0x1F, 0XaB, 1..''", "malformed"},
		{"numbers of every form", "return 3., .5, 3e2, 3E-2, 0x1F, 0XaB", "3 0.5 300 0.03 31 171"},
		{"lines end with a carriage return", "return 1\r+\r1", "2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.want == "malformed" {
				if _, _, problem := source.Compile("x", c.text); problem == nil || !strings.Contains(problem.Text, c.want) {
					t.Errorf("got %v, want an error about a malformed number", problem)
				}
				return
			}
			if got := evaluate(t, c.text); got != c.want {
				t.Errorf("%s\nreturns %s, want %s", c.text, got, c.want)
			}
		})
	}
}

func TestErrorsInTokensNameTheLineWhereTheyBegin(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a string", "local a = 1\nlocal s = \"abc\nlocal b = 2\nreturn {}", `2: unfinished string near '"abc': the closing " is missing`},
		{"a string in single quotes", "\ns = 'abc", `2: unfinished string near ''abc': the closing ' is missing`},
		{"a string that ends with a backslash", "s = 'abc\\", `1: unfinished string near ''abc\': the closing ' is missing`},
		{"a string over two lines", "s = 'abc\\\ndef\n", `1: unfinished string near ''abc\': the closing ' is missing`},
		{"a string before the last line", "f('a\n)\n", `1: unfinished string near ''a': the closing ' is missing`},
		{"a long line", "s = '" + strings.Repeat("x", 100), "1: unfinished string near ''" + strings.Repeat("x", 39) + "…': the closing ' is missing"},
		{"a long string", "\ns = [[abc\ndef", "2: unfinished long string: the ]] that closes [[ is missing"},
		{"a long string with a level", "\ns = [==[abc\n]]]=]", "2: unfinished long string: the ]==] that closes [==[ is missing"},
		{"a long comment", "x = 1\n\n--[[ abc\ndef\n", "3: unfinished long comment: the ]] that closes [[ is missing"},
		{"quotes of a word processor", "local on = {}\r\n\tx = “hi”", "2: Invalid token near '“' (column 6): outside of texts and comments, Lua knows only ASCII: replace the quotes of a word processor with \" or '"},
		{"a byte that is not UTF-8", "x = \xe4", "1: Invalid token near '\ufffd' (column 5): outside of texts and comments, Lua knows only ASCII, and this byte is not UTF-8: save the file as UTF-8"},
		{"a no-break space", "local\u00a0x = 1", "1: Invalid token near U+00A0 no-break space (column 6): replace it with a normal space"},
		{"a wide space", "\nx = 1\u3000", "2: Invalid token near U+3000 ideographic space (column 6): replace it with a normal space"},
		{"a space without a name of ours", "x =\u2009 1", "1: Invalid token near U+2009 (column 4): replace it with a normal space"},
		{"a zero-width space", "x = \u200b1", "1: Invalid token near U+200B zero-width space (column 5): delete it: it is invisible, and Lua does not allow it here"},
		{"a byte order mark in the middle", "x = 1\n\ufeffy = 2", "2: Invalid token near U+FEFF byte order mark (column 1): delete it: it is invisible, and Lua does not allow it here"},
		{"a line separator", "x = 1\u2028y = 2", "1: Invalid token near U+2028 line separator (column 6): replace it with the end of a line"},
		{"a dash", "x = 3 – 1", "1: Invalid token near '–' (column 7): outside of texts and comments, Lua knows only ASCII: replace the dash with '-'"},
		{"a fullwidth parenthesis", "print（1)", "1: Invalid token near '（' (column 6): outside of texts and comments, Lua knows only ASCII: replace it with '('"},
		{"an ellipsis", "function f(…) end", "1: Invalid token near '…' (column 12): outside of texts and comments, Lua knows only ASCII: replace it with '...'"},
		{"a mathematical sign", "if x ≠ 1 then end", "1: Invalid token near '≠' (column 6): outside of texts and comments, Lua knows only ASCII: replace it with '~='"},
		{"a letter with an accent in a name", "local größe = 1", "1: Invalid token near 'ö' (column 9): outside of texts and comments, Lua knows only ASCII: names consist of the letters a to z and A to Z, digits and '_'"},
		{"another character", "x = ☃", "1: Invalid token near '☃' (column 5): outside of texts and comments, Lua knows only ASCII"},
		{"two points in a number", "x = 3..2", "1: malformed number near '3..2'"},
		{"a number that runs into a name", "\nx = 12abc", "2: malformed number near '12abc'"},
		{"a hexadecimal number without digits", "x = 0x", "1: malformed number near '0x'"},
		{"a hexadecimal number with another letter", "x = 0xfg", "1: malformed number near '0xfg'"},
		{"a number without its exponent", "x = 1e+", "1: malformed number near '1e+'"},
		{"an escape that is too large", "\nx = '\\256'", `2: escape sequence too large near '\256': a character has a number up to 255`},
	} {
		t.Run(c.name, func(t *testing.T) { expectProblem(t, c.text, c.want) })
	}
}

// The calls that fail take several lines.
func TestErrorsInCallsNameTheLineOfTheCall(t *testing.T) {
	const before = "local t = {} function t:id(...) return self end "
	for _, c := range []struct{ name, text, line string }{
		{"a chain of methods", "t\n:id()\n:id(\n1)\n:fail()", "5"},
		{"arguments on further lines", "t:fail(\n1,\n2)", "1"},
		{"a method that does not exist", "t:id(\n1)\n:nope(\n2)", "3"},
		{"a method in a method's arguments", "t:id(\nt:fail()\n):id()", "2"},
		{"a method after the definition of one", "function t:a()\nend\nt\n:fail()", "4"},
		{"a comment between the parts", "t -- one\n: -- two\nfail -- three\n()", "4"},
		{"a method call as a condition", "if not\nt\n:fail() then\nend", "3"},
		{"after an operand that a constant excludes", "local x = (true or t:id()) == 1\nt\n:fail()", "3"},
		{"after an excluded function with methods", "local x = (1 or function()\nfunction t:a() t:id():id() end\nend) == 1\nt\n:fail()", "5"},
		{"after nested excluded operands", "local x = (nil or (1 or t:id()) or t:id(t:id())) == 1\nt\n:id()\n:fail()", "4"},
		{"after an excluded branch", "if false then t:id() end while nil do t:id() end\nt\n:fail()", "3"},
		{"after a condition that a constant decides", "if true or t:id() then t\n:fail() end", "2"},
		{"a sum", "return 1 +\n2 +\nnothing +\n4", "3"},
		{"a field", "return t\n.a\n.b", "3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := evaluate(t, "local ok, e = pcall(function() "+before+c.text+"\nend) return e")
			if !strings.HasPrefix(got, "x:"+c.line+":") {
				t.Errorf("got %s, want line %s", got, c.line)
			}
		})
	}
}

func FuzzCompile(f *testing.F) {
	for _, text := range []string{
		"local a = 'x' --[[ y ]] return a:b(1).c[2]", "goto a ::a:: for i = 1, 2 do break end",
		"return function(...) local x <const> = ... end", "x = [==[ ]=] ]==] .. 0x1F",
		"repeat local a until (function() return a end)()", "t = {1, 2; a = 3, [4] = 5, f()}", "a, b.c, d[e] = f(), ...",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, proto, problem := source.Compile("x", text)
		if problem != nil && (problem.Line < 0 || problem.Text == "" || strings.Contains(problem.Text, "it cannot be compiled")) {
			t.Errorf("%q: %v", text, problem)
		}
		if problem == nil && (proto == nil || tree == nil && strings.TrimSpace(text) == "return 1") {
			t.Errorf("%q: no function", text)
		}
	})
}
