package stdlib_test

import (
	"errors"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
	"spectrumlua/luabind/stdlib"
)

// runLua runs a program called x and returns its results or its error as text.
func runLua(t *testing.T, program string) string {
	t.Helper()
	_, proto, problem := source.Compile("x", program)
	if problem != nil {
		t.Fatalf("%v in:\n%s", problem, program)
	}
	l := newState(t, true)
	l.Push(l.NewFunctionFromProto(proto))
	if err := stdlib.Run(l, 0, 1); err != nil {
		var api *lua.ApiError
		if !errors.As(err, &api) {
			t.Fatal(err)
		}
		return api.Object.String()
	}
	return l.Get(-1).String()
}

// TestErrorsNameTheVariable compares messages with those of lua5.1. The programs
// run under pcall, in a coroutine, and in a coroutine under pcall.
func TestErrorsNameTheVariable(t *testing.T) {
	for _, c := range []struct{ program, want string }{
		// Index.
		{"local conn; return conn.x", "attempt to index local 'conn' (a nil value)"},
		{"return up.x", "attempt to index upvalue 'up' (a nil value)"},
		{"return nothing.x", "attempt to index global 'nothing' (a nil value)"},
		{"return t.conn.x", "attempt to index field 'conn' (a nil value)"},
		{"return t.a.b.c", "attempt to index field 'b' (a nil value)"},
		{"t.nope.b = 1", "attempt to index field 'nope' (a nil value)"},
		{"return t[1][2]", "attempt to index field '?' (a nil value)"},
		{"local i = 1 return t[i].x", "attempt to index field '?' (a nil value)"},
		{"local a = true; return a.b", "attempt to index local 'a' (a boolean value)"},
		{"local a = 5; a.b = 1", "attempt to index local 'a' (a number value)"},
		{"return t.n.x", "attempt to index field 'n' (a number value)"},
		{"local s = ''; s.x = 1", "attempt to index local 's' (a string value)"},
		{"(('').x).y = 1", "attempt to index field 'x' (a nil value)"},
		{"('x').y = 1", "attempt to index a string value"},
		{"return f().x", "attempt to index a nil value"},
		{"return (t.nope or up).y", "attempt to index a nil value"},
		{"return setmetatable({}, { __index = 5 }).x", "attempt to index a number value"},
		{"setmetatable({}, { __newindex = true }).x = 1", "attempt to index a boolean value"},
		{"nothing.a, t.x = 1, 2", "attempt to index global 'nothing' (a nil value)"},
		{"function nothing.a() end", "attempt to index global 'nothing' (a nil value)"},
		{"for _, v in ipairs{ {} } do local x = v.a.b end", "attempt to index field 'a' (a nil value)"},
		// Call.
		{"nothing()", "attempt to call global 'nothing' (a nil value)"},
		{"local g; g()", "attempt to call local 'g' (a nil value)"},
		{"up()", "attempt to call upvalue 'up' (a nil value)"},
		{"t.callback(1)", "attempt to call field 'callback' (a nil value)"},
		{"t:method()", "attempt to call method 'method' (a nil value)"},
		{"return t:method()", "attempt to call method 'method' (a nil value)"},
		{"return t.n()", "attempt to call field 'n' (a number value)"},
		{"(''):nope()", "attempt to call method 'nope' (a nil value)"},
		{"t()", "attempt to call upvalue 't' (a table value)"},
		{"(1)()", "attempt to call a number value"},
		{"f()()", "attempt to call a nil value"},
		{"for i in nil do end", "attempt to call a nil value"},
		{"for i in t do end", "attempt to call a table value"},
		// Arithmetic.
		{"return t.x + 1", "attempt to perform arithmetic on field 'x' (a nil value)"},
		{"local a = {} return 1 - a", "attempt to perform arithmetic on local 'a' (a table value)"},
		{"return up * 2", "attempt to perform arithmetic on upvalue 'up' (a nil value)"},
		{"return '10' / nothing", "attempt to perform arithmetic on global 'nothing' (a nil value)"},
		{"return nothing % '10'", "attempt to perform arithmetic on global 'nothing' (a nil value)"},
		{"return 'abc' + 1", "attempt to perform arithmetic on a string value"},
		{"return 1 + 'abc'", "attempt to perform arithmetic on a string value"},
		{"local s = 'abc' return 2 ^ s", "attempt to perform arithmetic on local 's' (a string value)"},
		{"return {} + {}", "attempt to perform arithmetic on a table value"},
		{"return -t.x", "attempt to perform arithmetic on field 'x' (a nil value)"},
		{"return -{}", "attempt to perform arithmetic on a table value"},
		// Concatenation and length.
		{"return t.x .. 'a'", "attempt to concatenate field 'x' (a nil value)"},
		{"return 'a' .. t.x .. 'b'", "attempt to concatenate field 'x' (a nil value)"},
		{"local b = true return 'a' .. 1 .. b", "attempt to concatenate local 'b' (a boolean value)"},
		{"return 'a' .. {}", "attempt to concatenate a table value"},
		{"return #nothing", "attempt to get length of global 'nothing' (a nil value)"},
		{"return #t.x", "attempt to get length of field 'x' (a nil value)"},
		{"local n = 1 return #n", "attempt to get length of local 'n' (a number value)"},
		// Comparison.
		{"return t < 1", "attempt to compare table with number"},
		{"return 1 < t", "attempt to compare number with table"},
		{"return t > 1", "attempt to compare number with table"},
		{"return nil < nil", "attempt to compare two nil values"},
		{"return t <= {}", "attempt to compare two table values"},
		{"return 'a' < 1", "attempt to compare string with number"},
		{"if up >= 1 then end", "attempt to compare number with nil"},
		// Numeric for.
		{"for i = nil, 1 do end", "'for' initial value must be a number"},
		{"for i = 1, nil do end", "'for' limit must be a number"},
		{"for i = 1, 2, {} do end", "'for' step must be a number"},
		{"for i = nil, nil, nil do end", "'for' initial value must be a number"},
		// Others.
		{"t[nil] = 1", "table index is nil"},
		{"error('attempt to call a non-function object')", "attempt to call a non-function object"},
	} {
		t.Run(c.program, func(t *testing.T) {
			const before = "local up, t = nil, { a = {}, n = 1 } local function f() end local function body() "
			for name, how := range map[string]string{
				"pcall":                       " end return select(2, pcall(body))",
				"xpcall":                      " end return select(2, xpcall(body, function(e) return e end))",
				"no protection":               " end body()",
				"a coroutine":                 " end return select(2, coroutine.resume(coroutine.create(body)))",
				"a coroutine after a yield":   " end local co = coroutine.create(function() coroutine.yield() body() end) coroutine.resume(co) return select(2, coroutine.resume(co))",
				"a coroutine under pcall":     " end return select(2, pcall(coroutine.wrap(body)))",
				"a comparison function":       " end return select(2, pcall(table.sort, { 3, 2, 1 }, body))",
				"a metamethod":                " end return select(2, pcall(function() return setmetatable({}, { __index = body }).x end))",
				"a function under two pcalls": " end return select(3, pcall(pcall, body))",
			} {
				got := runLua(t, before+c.program+how)
				if !strings.HasSuffix(got, ": "+c.want) || strings.Contains(strings.TrimSuffix(got, c.want), "attempt") {
					t.Errorf("under %s: got %s, want %s", name, got, c.want)
				}
			}
		})
	}
}
