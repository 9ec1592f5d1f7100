package source_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind/source"
)

// evaluate runs a script and returns what it returns, as a text.
func evaluate(t *testing.T, script string) string {
	t.Helper()
	_, proto, problem := source.Compile("x", script)
	if problem != nil {
		t.Fatalf("%v:\n%s", problem, script)
	}
	l := lua.NewState()
	defer l.Close()
	l.Push(l.NewFunctionFromProto(proto))
	if err := l.PCall(0, lua.MultRet, nil); err != nil {
		t.Fatalf("%v:\n%s", err, script)
	}
	var values []string
	for i := 1; i <= l.GetTop(); i++ {
		values = append(values, l.Get(i).String())
	}
	return strings.Join(values, " ")
}

func TestMultipleAssignment(t *testing.T) {
	for script, want := range map[string]string{
		"local a, b = 4, 5; a, b = b, math.floor(a); return a, b":                                                     "5 4",
		"local a, b, c = 1, 2, 3; local function f(x) return x * 10 end; a, b, c = f(c), f(a), b * 2; return a, b, c": "30 10 4",
		"local a, b = 1, 2; a, b = b, a; return a, b":                                                                 "2 1",
		"local a, b = 1; a, b = (function() return 7, 8 end)(); return a, b":                                          "7 8",
		"local a, b = 1, 2; a, b = 3; return a, b":                                                                    "3 nil",
		"local a, b = 1, 2; a, b = 3, 4, error == nil; return a, b":                                                   "3 4",
		"local i, t = 1, {}; i, t[i] = i + 1, 20; return i, t[1], t[2]":                                               "2 20 nil",
		"local i, t = 1, {}; t[i], i = 20, i + 1; return i, t[1], t[2]":                                               "2 20 nil",
		"local t = { n = 1 }; local u = t; t, t.n = { n = 5 }, 2; return t.n, u.n":                                    "5 2",
		"x, y = 1, 2; x, y = y, tostring(x); return x, y":                                                             "2 1",
		"local a, b = 1, 2; return (function() a, b = b, tostring(a); return a, b end)()":                             "2 1",
		"local a, b = 1, 2; local t = { f = function() a, b = b, tostring(a) end }; t.f(); return a, b":               "2 1",
		"local a, b; for i = 1, 2 do a, b = i, tostring(a) end; return a, b":                                          "2 1",
		"local a = 'x'; a = not 1 and a; return a":                                                                    "false",
		"local a = 5; a = nil or not a or a; return a":                                                                "5",
		"local a, b = 5, false; a = not b and a or b; return a":                                                       "5",
		"return (function(s) local n = 3; s = (s:gsub('a', 'b')); return s, n end)('a')":                              "b 3",
		"return (function(s, n) local k = 3; n = (tostring(s, n, k)); return s, n, k end)(1, 2)":                      "1 1 3",
	} {
		if got := evaluate(t, script); got != want {
			t.Errorf("%s\ngives %s, want %s", script, got, want)
		}
	}
}

// TestMultipleAssignmentsMeanWhatTheySay compares assignments of any shape with
// the same by way of variables.
func TestMultipleAssignmentsMeanWhatTheySay(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	variables := []string{"a", "b", "c", "up", "global", "t.x", "t[a]"}
	shapes := []string{"%s", "f(%s)", "%s + 1", "%s .. ''", "(%s)", "%s and %[1]s or 0", "{%s}[1]", "g(%s)", "-%s", "not %s", "(%s == 1) and 1 or 2"}
	const before = `local up, t = 4, { x = 6, 7, 8, 9 }
global = 5
local function f(x) return (tonumber(x) or 0) * 2 end
local function g(x) return x, x end
return (function()
local a, b, c = 1, 2, 3
`
	const after = "\nreturn tostring(a), tostring(b), tostring(c), tostring(up), tostring(global), tostring(t.x), tostring(t[1]) end)()"
	for range 300 {
		n := 2 + random.IntN(2)
		var targets, values, names, there []string
		for i, v := range random.Perm(len(variables))[:n] {
			shape := shapes[random.IntN(len(shapes))]
			if strings.HasPrefix(shape, "{") {
				shape = "(" + shape[:len(shape)-3] + ")[1]"
			}
			targets = append(targets, variables[v])
			values = append(values, fmt.Sprintf(shape, "("+variables[random.IntN(5)]+")"))
			names = append(names, fmt.Sprint("v", i))
			there = append(there, fmt.Sprintf("k[%q] = v%d", variables[v], i))
		}
		assignment := strings.Join(targets, ", ") + " = " + strings.Join(values, ", ")
		steps := "local k, ta = {}, a; local " + strings.Join(names, ", ") + " = " + strings.Join(values, ", ") + "; " + strings.Join(there, "; ")
		for _, v := range variables {
			name := strings.Replace(v, "t[a]", "t[ta]", 1)
			steps += fmt.Sprintf("; if k[%q] ~= nil then %s = k[%[1]q] end", v, name)
		}
		want, got := evaluate(t, before+steps+after), evaluate(t, before+assignment+after)
		if got != want {
			t.Errorf("%s\ngives %s, want %s", assignment, got, want)
		}
	}
}

// Compile rewrites an assignment of several variables, but not in the tree that it returns.
func TestCompileReturnsTheTreeOfTheSource(t *testing.T) {
	tree, _, problem := source.Compile("x", "local a, b\na, b = b, a")
	if problem != nil {
		t.Fatal(problem)
	}
	if a, ok := tree[1].(*ast.AssignStmt); !ok || len(a.Lhs) != 2 {
		t.Errorf("the second statement is %T", tree[1])
	}
}
