package codegen_test

import (
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
	"spectrumlua/luabind/stdlib"
)

// runOurs is run with the standard library for scripts. An error is a result.
func runOurs(t *testing.T, program string) string {
	t.Helper()
	_, proto, problem := source.Compile("x", program)
	if problem != nil {
		t.Fatalf("%v in:\n%s", problem, program)
	}
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	stdlib.Open(l, stdlib.Options{MaxString: 1 << 20})
	l.Push(l.NewFunctionFromProto(proto))
	if err := stdlib.Run(l, 0, lua.MultRet); err != nil {
		return err.(*lua.ApiError).Object.String()
	}
	values := make([]string, l.GetTop())
	for i := range values {
		values[i] = l.Get(i + 1).String()
	}
	return strings.Join(values, " ")
}

// The fields of these constructors are set at once.
func TestConstructorsOfFields(t *testing.T) {
	const show = `local function show(t, ...) local s = "" for k, v in pairs(t) do s = s .. k .. "=" .. tostring(v) .. " " end return s, ... end `
	for _, c := range []struct{ name, program, want string }{
		{"one", `return show { a = 1 }`, "a=1 "},
		{"many", `return show { b = 1, a = 2, d = "x", c = false }`, "b=1 a=2 d=x c=false "},
		{"16", `return show {` + repeated(16, ",", field) + `}`, shown(16)},
		{"17", `return show {` + repeated(17, ",", field) + `}`, shown(17)},
		{"names in brackets", `return show { ["a b"] = 1, [""] = 2 }`, "a b=1 =2 "},
		{"names with zeros", `local t = { a = 1, b = 2 } return show({ ["a\0b"] = 3 }), show(t)`, "a\x00b=3  a=1 b=2 "},
		{"the same name twice", `return show { a = 1, b = 2, a = 3 }`, "a=3 b=2 "},
		{"nil", `return show { a = nil, b = 1, c = nil }`, "b=1 "},
		{"nothing but nil", `local t = { a = nil, b = nil } return show(t), next(t)`, " nil"},
		{"a field that was nil is set later", `local t = { a = nil, b = 1 } t.a = 2 return show(t)`, "b=1 a=2 "},
		{"each evaluation makes a table", `local function f(x) return { a = x } end local one, two = f(1), f(2) return one.a, two.a, one == two`, "1 2 false"},
		{"tables with the same names", `local one, two = { a = 1, b = 2 }, { a = 3, b = 4 } one.c = 5 two.d = 6 return show(one), show(two)`, "a=1 b=2 c=5  a=3 b=4 d=6 "},
		{"a call with many results", `local function f() return 1, 2 end return show { a = f(), b = f() }`, "a=1 b=1 "},
		{"dots", `return (function(...) return show { a = ..., b = 1 } end)(7, 8)`, "a=7 b=1 "},
		{"order of evaluation", `local s = "" local function f(x) s = s .. x return x end local t = { a = f(1), b = { c = f(2), d = f(3) }, e = f(4) } return s, t.b.d`, "1234 3"},
		{"a value that a later one changes", `local x = 1 local function f() x = 2 return 3 end return show { a = x, b = f(), c = x }`, "a=1 b=3 c=2 "},
		{"variables", `local a, b = 1, 2 local t = { a = b, b = a } return show(t, a, b)`, "a=2 b=1  1 2"},
		{"assignment to its own variable", `local t = { a = 1 } t = { b = t.a, c = t } return t.b, t.c.a`, "1 1"},
		{"logic", `local t = { a = nil or 5, b = false and 1, c = not nil, d = 1 == 2, e = 1 < 2 and 3 or 4 } return show(t)`, "a=5 b=false c=true d=false e=3 "},
		{"a function", `local t = { n = 5, f = function(self) return self.n end } return t:f()`, "5"},
		{"a closure of a loop", `local t = {} for i = 1, 3 do t[i] = { f = function() return i end, i = i } end return t[1].f(), t[3].f(), t[2].i`, "1 3 2"},
		{"an argument", `local function f(t, x) return t.a + x end return f({ a = 1 }, 2), f { a = 5, x = f({ a = 1 }, 1) } == nil`, "x:1: attempt to perform arithmetic on local 'x' (a nil value)"},
		{"an argument of a method", `local o = { f = function(self, t, ...) return show(t), t.b, select("#", ...) end } return o:f { a = 1, b = 2 }`, "a=1 b=2  2 0"},
		{"an argument of a method that is kept", `local kept = {} local o = { f = function(self, t) kept[#kept + 1] = t end } for i = 1, 3 do o:f { i = i } end return kept[1].i, kept[2].i, kept[3].i`, "1 2 3"},
		{"arguments of methods in each other", `local o o = { f = function(self, t) return t.a end } return o:f { a = o:f { a = o:f { a = 7, b = 8 } } }`, "7"},
		{"an argument of a method as a tail call", `local o = { f = function(self, t) if t.n == 0 then return "end" end return self:f { n = t.n - 1 } end } return o:f { n = 10000 }`, "end"},
		{"an argument with dots", `local o = { f = function(self, t) return t.a, t.b end } return (function(...) return o:f { a = ..., b = ... } end)(7, 8)`, "7 7"},
		{"an argument before another one", `local o = { f = function(self, t, u) return t.a, u.a end } return o:f({ a = 1 }, { a = 2 })`, "1 2"},
		{"an argument of an object that can be called", `local o = setmetatable({}, { __index = { f = setmetatable({}, { __call = function(f, self, t) return t.a end }) } }) return o:f { a = 5 }`, "5"},
		{"an argument of a method in Go", `return ("x"):rep { a = 1 }`, "x:1: bad argument #1 to 'rep' (number expected, got table)"},
		{"an argument of a method that is missing", "local o = {}\no:f { a = 1 }", "x:2: attempt to call method 'f' (a nil value)"},
		{"an argument whose value fails", "local o = { f = print }\no:f {\n a = o.g.h }", "x:3: attempt to index field 'g' (a nil value)"},
		{"an argument that changes the method", `local o = { f = function(_, t) return 1, t.a end } local function g() o.f = nil return 2 end return o:f { a = g() }`, "1 2"},
		{"in an expression", `return ({ a = 1 }).a + #{ b = 2 } + ({ c = { d = 4 } }).c.d`, "5"},
		{"an error in a value", "local t = nil\nlocal x = { a = 1,\n b = t.c.d }", "x:3: attempt to index local 't' (a nil value)"},
		{"a call of a table", "local x = { a = 1 }\nx()", "x:2: attempt to call local 'x' (a table value)"},
		{"a missing function in a value", "return {\n a = missing(1) }", "x:2: attempt to call global 'missing' (a nil value)"},
		{"arithmetic on a field", `local t = { a = {} } return t.a + 1`, "x:1: attempt to perform arithmetic on field 'a' (a table value)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			program := c.program
			if strings.Contains(program, "show") {
				program = show + program
			}
			if got := runOurs(t, program); got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func shown(n int) string {
	return repeated(n, "", func(i int) string { return fmt.Sprintf("k%d=%d ", i, i) })
}

// TestConstructorsOfFieldsSetThemAtOnce looks for instructions that set a field.
func TestConstructorsOfFieldsSetThemAtOnce(t *testing.T) {
	for program, want := range map[string]int{
		"return { a = 1, ['b'] = { c = 2 } }":          0,
		"return { a = 1, a = 2 }":                      2,
		"return { a = 1, 5 }":                          1,
		"return {" + repeated(16, ",", field) + "}":    0,
		"return {" + repeated(17, ",", field) + "}":    17,
		"return { a = 1, inner = { b = 1, [5] = 1 } }": 1,
	} {
		proto, err := compile(program)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, inst := range proto.Code {
			if op := int(inst >> 26); op == lua.OP_SETTABLEKS {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d fields are set one by one, want %d", program, got, want)
		}
	}
}

// TestConstructorsNeedNoMoreRegisters nests constructors until setting the fields at once
// would need more registers than a function can have.
func TestConstructorsNeedNoMoreRegisters(t *testing.T) {
	const depth = 60
	before := repeated(15, ", ", func(i int) string { return fmt.Sprintf("k%d = %d", i, i) })
	program := strings.Repeat("{ "+before+", inner = ", depth) + "5" + strings.Repeat(" }", depth)
	if got := runOurs(t, "local t = "+program+" for _ = 1, "+fmt.Sprint(depth)+" do assert(t.k15 == 15) t = t.inner end return t"); got != "5" {
		t.Errorf("the innermost value is %s", got)
	}
	if _, err := compile(repeated(199, " ", declaration) + "\nreturn {" + repeated(16, ",", field) + "}, {" + strings.Repeat("a = {", 16) + strings.Repeat("}", 16) + "}"); err != nil {
		t.Error(err)
	}
}
