package source_test

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/luabind/source"
)

// shapes are all the ways in which something can stand in something else, and
// others that take the compiler long: each with n of them.
var shapes = map[string]func(n int) string{
	"tables":            func(n int) string { return "return " + around("{", "", "}", n) },
	"parentheses":       func(n int) string { return "return " + around("(", "1", ")", n) },
	"minus":             func(n int) string { return "return " + strings.Repeat("- ", n) + "x" },
	"minus of a number": func(n int) string { return "return " + strings.Repeat("- ", n) + "1" },
	"not":               func(n int) string { return "return " + strings.Repeat("not ", n) + "1" },
	"length":            func(n int) string { return "return " + strings.Repeat("#", n) + "x" },
	"concatenation":     func(n int) string { return "return " + strings.Repeat("a..", n) + "a" },
	"powers":            func(n int) string { return "return " + strings.Repeat("a^", n) + "a" },
	"powers of numbers": func(n int) string { return "return " + strings.Repeat("1^", n) + "1" },
	"sums":              func(n int) string { return "return " + strings.Repeat("a+", n) + "a" },
	"sums of numbers":   func(n int) string { return "return " + strings.Repeat("1+", n) + "1" },
	"sums, one a line":  func(n int) string { return "return " + strings.Repeat("a +\n", n) + "a" },
	"and":               func(n int) string { return "return " + strings.Repeat("a and ", n) + "a" },
	"or in a condition": func(n int) string { return "if " + strings.Repeat("a or ", n) + "a then end" },
	"comparisons":       func(n int) string { return "return " + strings.Repeat("a==", n) + "a" },
	"fields":            func(n int) string { return "return a" + strings.Repeat(".b", n) },
	"calls":             func(n int) string { return "a" + strings.Repeat("()", n) },
	"calls with tables": func(n int) string { return "a" + strings.Repeat("{}", n) },
	"calls with texts":  func(n int) string { return "a" + strings.Repeat("''", n) },
	"methods":           func(n int) string { return "a" + strings.Repeat(":b()", n) },
	"index":             func(n int) string { return "return " + around("a[", "1", "]", n) },
	"arguments":         func(n int) string { return "return " + around("f(", "1", ")", n) },
	"functions":         func(n int) string { return around("function f() ", "", " end ", n) },
	"local functions":   func(n int) string { return around("local function f() ", "", " end ", n) },
	"nameless":          func(n int) string { return "return " + around("function() return ", "1", " end ", n) },
	"do":                func(n int) string { return around("do ", "", " end ", n) },
	"while":             func(n int) string { return around("while a do ", "", " end ", n) },
	"repeat":            func(n int) string { return around("repeat ", "", " until a ", n) },
	"for":               func(n int) string { return around("for i = 1, 2 do ", "", " end ", n) },
	"for in":            func(n int) string { return around("for i in a do ", "", " end ", n) },
	"if":                func(n int) string { return around("if a then ", "", " end ", n) },
	"else":              func(n int) string { return around("if a then else ", "", " end ", n) },
	"elseif":            func(n int) string { return "if a then " + strings.Repeat("elseif a then ", n) + " end" },

	"never closed": func(n int) string { return "return " + strings.Repeat("{", n) },
	"never ended":  func(n int) string { return strings.Repeat("function f() ", n) },
	"statements":   func(n int) string { return strings.Repeat("a = 1 ", n) },
	"goto":         func(n int) string { return strings.Repeat("goto a ", n) + "::a::" },
	"labels": func(n int) string {
		return numbered(n, func(i int) string { return fmt.Sprintf("::l%d:: ", i) })
	},
	"jumps": func(n int) string {
		return numbered(n, func(i int) string { return fmt.Sprintf("goto l%d ::l%d:: ", i, i) })
	},
	"different texts": func(n int) string {
		return "return {" + numbered(n, func(i int) string { return fmt.Sprintf("'%d',", i) }) + "}"
	},
	"different names": func(n int) string { return numbered(n, func(i int) string { return fmt.Sprintf("a%d=1 ", i) }) },
	"variables in blocks": func(n int) string {
		return numbered(n, func(i int) string { return "do local a, b, c = 1, 2, 3 end " })
	},
	"names deep in functions": func(n int) string {
		return around("function f() ", strings.Repeat("a() ", n), " end ", 100)
	},
	"long sums, many times": func(n int) string {
		return strings.Repeat("x = "+strings.Repeat("a+", 200)+"a ", n/400+1)
	},
}

func around(open, middle, end string, n int) string {
	return strings.Repeat(open, n) + middle + strings.Repeat(end, n)
}

func numbered(n int, f func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(f(i))
	}
	return b.String()
}

// No source that Check lets pass overflows a stack of a few megabytes, or takes
// the compiler for ever.
func TestNoShapeIsTooMuch(t *testing.T) {
	defer debug.SetMaxStack(debug.SetMaxStack(128 << 20))
	const most = 4 << 20 // bytes
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			for _, n := range race.Reduce([]int{1500, 4900, 60_000}, []int{1500, 4900}) {
				text := shape(n)
				if len(text) > most {
					text = shape(most / (len(text)/n + 1))
				}
				begin := luatest.CPUTime(t)
				problem := source.Check(text)
				checked := luatest.CPUTime(t) - begin
				result := "compiled"
				if problem != nil {
					result = problem.Error()
				} else if _, _, problem := source.Compile("x", text); problem != nil {
					result = "compile: " + problem.Error()
				}
				took := luatest.CPUTime(t) - begin
				t.Logf("%d bytes: %v, all in all %v: %.80s", len(text), checked, took, result)
				if took > 10*time.Second {
					t.Errorf("%d bytes took %v of processor time", len(text), took)
				}
				if n <= 1500 && problem != nil {
					t.Errorf("%d of them are refused: %v", n, problem)
				}
			}
		})
	}
}

func TestCheck(t *testing.T) {
	filler := strings.Repeat("-- filler\n", 2000)
	cases := []struct{ name, text, want string }{
		{"short sources are not looked at", strings.Repeat("{", 10000), ""},
		{"a short line", filler + "return 1", ""},
		{"too deep, and where", filler + "return " + strings.Repeat("{", 6000), "line 2001: more than 5000 levels of nesting"},
		{"brackets in texts and comments", filler + "local a = '" + strings.Repeat("{", 9000) + "' --[[" + strings.Repeat("{", 9000) + "]]", ""},
		{"many statements, one after the other", strings.Repeat("a.b.c(d, 'e') f{ 1 } g = h + 1 i'j' ", 5000), ""},
		{"a list of many tables", "return {" + strings.Repeat("{ name = 'x', 1 + 2 * 3, f() },\n", 20000) + "}", ""},
		{"many functions", strings.Repeat("function a.b:c(d, ...) local e = d .. '!' if e then return e.f(g) elseif h then end end\n", 5000), ""},
		{"a broken source is for the parser", filler + "'", ""},
		{"ends too many", filler + strings.Repeat("end ", 100), ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			if problem := source.Check(c.text); problem != nil {
				got = problem.Error()
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
