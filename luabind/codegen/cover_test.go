package codegen_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/codegen"
)

// cover runs a program with coverage. It returns its results and each executable line,
// with + if the line has run and - otherwise.
func cover(t *testing.T, program string) (results, lines string) {
	t.Helper()
	coverage := &codegen.Coverage{}
	chunk, err := parse.Parse(strings.NewReader(program), "x")
	if err != nil {
		t.Fatal(err)
	}
	proto, err := codegen.Compile(chunk, codegen.Options{Name: "x", Coverage: coverage})
	if err != nil {
		t.Fatal(err)
	}
	l := lua.NewState()
	defer l.Close()
	l.Push(l.NewFunctionFromProto(proto))
	if err := l.PCall(0, lua.MultRet, nil); err != nil {
		results = err.Error()
	}
	for i := range l.GetTop() {
		results += l.Get(i+1).String() + " "
	}
	seen := coverage.Lines()
	var marks []string
	for _, line := range slices.Sorted(maps.Keys(seen)) {
		marks = append(marks, fmt.Sprint(line, map[bool]string{true: "+", false: "-"}[seen[line]]))
	}
	return results, strings.Join(marks, " ")
}

func TestCoverageNotesTheLinesThatRun(t *testing.T) {
	for _, c := range []struct{ name, program, want string }{
		{"statements", "local a = 1\n\n-- comment\nlocal b = a\nreturn b", "1+ 4+ 5+"},
		{"a branch", "if true then\n  x = 1\nelse\n  x = 2\nend\nx = 3", "1+ 2+ 4- 6+"},
		{"conditions of elseif", "local n = 2\nif n == 1 then\n  x = 1\nelseif n == 2 then\n  x = 2\nelseif n == 3 then\n  x = 3\nelse\n  x = 4\nend", "1+ 2+ 3- 4+ 5+ 6- 7- 9-"},
		{"else with an if in it", "local n = 1\nif n == 1 then\n  x = 1\nelse\n  if n == 2 then\n  x = 2\n  end\nend", "1+ 2+ 3+ 5- 6-"},
		{"functions", "local function f()\n  return 1\nend\nlocal function g()\n  return 2\nend\nf()", "1+ 2+ 4+ 5- 7+"},
		{"methods and fields", "local t = {\n  f = function()\n    return 1\n  end,\n}\nfunction t:g()\n  return 2\nend\nfunction t.h()\n  return 3\nend\nt:g()", "1+ 3- 6+ 7+ 9+ 10- 12+"},
		{"loops", "for i = 1, 0 do\n  x = i\nend\nfor k in pairs {} do\n  x = k\nend\nwhile x do\n  x = 1\nend\nrepeat\n  y = 1\nuntil\n  y", "1+ 2- 4+ 5- 7+ 8- 10+ 11+ 13+"},
		{"break and goto", "while true do\n  if x then\n    goto out\n  end\n  x = 1\n  if x == 2 then\n    break\n  end\nend\n::out::\nx = 3", "1+ 2+ 3+ 5+ 6+ 7- 11+"},
		{"an error", "local x\nx.y = 1\nx = 2", "1+ 2+ 3-"},
		{"an early return", "do\n  return\nend\nx = 1", "2+ 4-"},
		{"one line for all", "if x then y = 1 else y = 2 end return y", "1+"},
		{"a statement after a branch on one line", "if x then\n  y = 1\nend y = 2\ny = 3", "1+ 2- 3+ 4+"},
		{"a statement after a branch that ends on its line", "if x then\n  y = 1 end y = 2", "1+ 2+"},
		{"a label skips the first statement of a line", "goto l\ndo x = 1 end ::l:: x = 2", "1+ 2+"},
		{"a long call", "f = print\nlocal n = tostring(\n  1\n)\nreturn n", "1+ 2+ 5+"},
		{"dead code", "if false then\n  x = 1\nend\nif nil then\n  x = 1\nelse\n  x = 2\nend", "1+ 2- 4+ 5- 7+"},
		{"a varargs function and a tail call", "local function f(...)\n  return select('#', ...)\nend\nreturn f(\n  1, 2)", "1+ 2+ 4+"},
		{"a coroutine", "local c = coroutine\nlocal f = c.wrap(function()\n  c.yield()\n  x = 1\nend)\nf()", "1+ 2+ 3+ 4- 6+"},
		{"statements that cannot fail", "local a = 1\nlocal b = a\nlocal function f()\n  local c = b\n  a = c\n  return c\nend\nlocal t = {}\na = t\nerror(a)\na = 2", "1+ 2+ 3+ 4- 5- 6- 8+ 9+ 10+ 11-"},
		{"a statement that may fail between others", "local a = 1\nlocal b = a.x.y\nlocal c = b", "1+ 2+ 3-"},
		{"a global variable may fail", "setmetatable(_G, { __index = error })\nlocal a = 1\nlocal b = undefined\nlocal c = 2\nlocal d = 3", "1+ 2+ 3+ 4- 5-"},
		{"a label between statements that cannot fail", "local a = 1\ngoto l\na = 2\na = 3\n::l:: a = 4\na = 5", "1+ 2+ 3- 4- 5+ 6+"},
		{"a body that begins on the line of its loop", "for i = 1, 0 do local a = 1\n  local b = 2\n  local c = 3\nend", "1+ 2- 3-"},
		{"two functions on one line", "local f, g = function() return 1 end, function() local x = 1\n  local y = 2\n  return x end\nf()", "1+ 2- 3- 4+"},
		{"blocks between statements", "local a = 1\ndo\n  local b = 2\n  local c = 3\nend\nlocal d = 4\nif a then\n  local e = 5\n  local g = 6\nend\nlocal h = 7", "1+ 3+ 4+ 6+ 7+ 8+ 9+ 11+"},
		{"nothing", "-- nothing", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, lines := cover(t, c.program); lines != c.want {
				t.Errorf("the lines are %s, want %s", lines, c.want)
			}
		})
	}
}

// TestCoverageKeepsTheMeaning runs large programs, which have the most registers and
// constants, with coverage and without.
func TestCoverageKeepsTheMeaning(t *testing.T) {
	for _, c := range []struct{ name, program string }{
		{"200 local variables and an expression", lines(200, declaration) + "\nreturn (v1 + v2) * (v3 + v4) .. ''"},
		{"2000 lines with constants", "local t = {}\n" + lines(2000, func(i int) string { return fmt.Sprintf("t[#t + 1] = %q .. %d", number(i), i) }) + "\nreturn #t, t[1], t[2000]"},
		{"1000 global variables", lines(1000, assignment) + "\nreturn g1 + g1000"},
		{"closures in loops", "local t = {}\nfor i = 1, 3 do\n  local x = i\n  t[i] = function()\n    x = x + 10\n    return x\n  end\nend\nreturn t[1](), t[1](), t[3]()"},
		{"repeat with captured variables", "local t, n = {}, 0\nrepeat\n  local x = n\n  n = n + 1\n  t[n] = function() return x end\nuntil\n  x == 2\nreturn n, t[1](), t[3]()"},
		{"the name of a variable in an error", "local a = { b = {} }\nlocal c = 1\na.b.c.d = c"},
		{"the name of a global in an error", "local a = 1\nundefined.x()"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, seen := cover(t, c.program)
			l := lua.NewState()
			defer l.Close()
			proto, err := compile(c.program)
			if err != nil {
				t.Fatal(err)
			}
			l.Push(l.NewFunctionFromProto(proto))
			want := ""
			if err := l.PCall(0, lua.MultRet, nil); err != nil {
				want = err.Error()
			}
			for i := range l.GetTop() {
				want += l.Get(i+1).String() + " "
			}
			if got != want {
				t.Errorf("the results are %q, want %q", got, want)
			}
			if !strings.Contains(seen, "+") {
				t.Errorf("the lines are %s", seen)
			}
		})
	}
}

// computations are programs that only compute. In the first, each line is as short as
// possible.
var computations = []struct{ name, program string }{
	{"loop", "for i = 1, 100000 do\n  local a = i\nend"},
	{"while", "local i = 0\nwhile true do\n  i = i + 1\n  if i > 100000 then\n    break\n  end\nend"},
	{"assignments", "for i = 1, 100000 do\n  local a = i\n  local b = a\n  local c = b\nend"},
	{"arithmetic", "local n = 0\nfor i = 1, 100000 do\n  n = n + i\n  if n > 1e9 then\n    n = 0\n  end\nend"},
	{"calls", "local function f(x)\n  return x\nend\nfor i = 1, 100000 do\n  f(i)\nend"},
	{"strings", "local t = {}\nfor i = 1, 100000 do\n  t[i % 100] = ('line ' .. i):upper():sub(2, 4)\nend"},
}

// counter counts instructions: the virtual machine calls Done before each.
type counter struct {
	context.Context
	n *int
}

func (c counter) Done() <-chan struct{} {
	*c.n++
	return nil
}

// computation compiles a program and returns a function that runs it.
func computation(t testing.TB, program string, ctx context.Context, coverage *codegen.Coverage) (run func()) {
	t.Helper()
	chunk, err := parse.Parse(strings.NewReader(program), "x")
	if err != nil {
		t.Fatal(err)
	}
	proto, err := codegen.Compile(chunk, codegen.Options{Name: "x", Coverage: coverage})
	if err != nil {
		t.Fatal(err)
	}
	l := lua.NewState()
	t.Cleanup(l.Close)
	l.SetContext(ctx)
	return func() {
		l.Push(l.NewFunctionFromProto(proto))
		l.Call(0, 0)
	}
}

// TestCoverageTakesFewInstructions limits the cost. A mark takes as long as two of the
// fastest instructions, so half as many marks as instructions double the time.
func TestCoverageTakesFewInstructions(t *testing.T) {
	for _, c := range computations {
		t.Run(c.name, func(t *testing.T) {
			var without, with int
			computation(t, c.program, counter{t.Context(), &without}, nil)()
			computation(t, c.program, counter{t.Context(), &with}, &codegen.Coverage{})()
			if ratio := float64(with) / float64(without); ratio > 1.75 {
				t.Errorf("%d instructions instead of %d: %.2f times as many", with, without, ratio)
			}
		})
	}
}

// BenchmarkCoverage compares the speed of programs without and with coverage.
func BenchmarkCoverage(b *testing.B) {
	for _, c := range computations {
		for _, coverage := range []*codegen.Coverage{nil, {}} {
			b.Run(fmt.Sprintf("%s/%v", c.name, coverage != nil), func(b *testing.B) {
				run := computation(b, c.program, b.Context(), coverage)
				for b.Loop() {
					run()
				}
			})
		}
	}
}
