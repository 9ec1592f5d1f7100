package codegen_test

import (
	"fmt"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/codegen"
)

// compile parses and compiles a program called x.
func compile(program string) (*lua.FunctionProto, error) {
	chunk, err := parse.Parse(strings.NewReader(program), "x")
	if err != nil {
		return nil, err
	}
	return codegen.Compile(chunk, codegen.Options{Name: "x"})
}

// run runs a program and returns its results as text.
func run(t *testing.T, program string) string {
	t.Helper()
	proto, err := compile(program)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, program)
	}
	l := lua.NewState()
	defer l.Close()
	l.Push(l.NewFunctionFromProto(proto))
	if err := l.PCall(0, lua.MultRet, nil); err != nil {
		t.Fatalf("%v in:\n%s", err, program)
	}
	values := make([]string, l.GetTop())
	for i := range values {
		values[i] = l.Get(i + 1).String()
	}
	return strings.Join(values, " ")
}

// TestProgramsMeanWhatLuaMeans runs programs that gopher-lua's compiler miscompiles, and
// similar ones. The results are those of lua5.1, and of luajit for goto.
func TestProgramsMeanWhatLuaMeans(t *testing.T) {
	for _, c := range []struct{ name, program, want string }{
		{"a dead branch begins a loop", `local n = 0 for i = 1, 3 do if false then n = 100 end n = n + 1 end return n`, "3"},
		{"a dead branch begins a loop that has an else", `local n = 0 for i = 1, 3 do if nil then n = 100 else n = n + 2 end end return n`, "6"},
		{"a dead loop begins a loop", `local n = 0 for i = 1, 3 do while false do n = 100 end n = n + 1 end return n`, "3"},
		{"a dead branch begins a while loop", `local n = 0 while n < 3 do if false and n then n = 100 end n = n + 1 end return n`, "3"},
		{"a dead branch begins a repeat loop", `local n = 0 repeat if not true then n = 100 end n = n + 1 until n == 3 return n`, "3"},
		{"dead branches nest", `local n = 0 for i = 1, 3 do if false then if false then n = 9 end end if true then if false then n = 9 end end n = n + 1 end return n`, "3"},
		{"a dead branch follows a goto", `local n = 0 ::top:: if false then n = 100 end n = n + 1 if n < 3 then goto top end return n`, "3"},
		{"a loop ends in its first iteration", `local n = 0 while true do if true then break end n = 100 end return n`, "0"},
		{"repeat until a constant", `local n = 0 repeat n = n + 1 until true return n`, "1"},
		{"or with a constant", `local n = 0 for i = 1, 3 do if i == 1 or false then n = n + 1 end end return n`, "1"},
		{"and with a constant", `local n = 0 for i = 1, 3 do if true and i > 1 then n = n + 1 end end return n`, "2"},

		{"for with two values", `local n = 0 for k, v in next, {1, 2, 3} do n = n + v end return n`, "6"},
		{"for with one value", `local i = 0 local function f() i = i + 1 if i < 4 then return i end end local n = 0 for v in f do n = n + v end return n`, "6"},
		{"for with one value, twice", `local n = 0 for _ = 1, 2 do for k in next, {7, 8} do n = n + k end end return n`, "6"},
		{"for with four values", `local n = 0 for k, v in next, {5}, nil, error do n = n + v end return n`, "5"},
		{"for with a call in the middle", `local function f() return next, {1} end local n = 0 for k, v in (f()), {4, 5} do n = n + v end return n`, "9"},
		{"for captures a new variable each time", `local t = {} for i = 1, 3 do t[i] = function() i = i + 1 return i end end return t[1](), t[1](), t[2](), t[3]()`, "2 3 3 4"},

		{"goto continue keeps closures", `local n = 0 local function count() n = n + 1 end for i = 1, 4 do if i == 2 then goto continue end count() ::continue:: end return n`, "3"},
		{"goto closes the variables of the block that it leaves", `local t, i = {}, 0 ::top:: do i = i + 1 local x = i t[i] = function() x = x + 10 return x end if i < 3 then goto top end end return t[1](), t[1](), t[2](), t[3]()`, "11 21 12 13"},
		{"goto leaves two blocks", `local t = {} for i = 1, 3 do local a = i do local b = i * 10 t[i] = function() a = a + 1 return a + b end if i < 3 then goto next end end t.last = i ::next:: end return t[1](), t[2](), t[3](), t.last`, "12 23 34 3"},
		{"break closes the variables of the block that it leaves", `local f while true do local x = 1 f = function() x = x + 1 return x end if x then break end end return f(), f()`, "2 3"},
		{"goto to the end of a repeat body", `local n = 0 repeat n = n + 1 do if n < 3 then goto again end end ::again:: until n == 5 return n`, "5"},
		{"a label at the end of a block", `do local a goto done; local b ::done:: end return 1`, "1"},
		{"the condition of repeat sees the variables of the body", `local n = 0 repeat local x = n n = n + 1 until x == 2 return n`, "3"},
		{"repeat with a captured variable in its condition", `local t, n = {}, 0 repeat local x = n n = n + 1 t[n] = function() return x end until (function() return x == 2 end)() return n, t[1](), t[3]()`, "3 0 2"},

		{"... is assigned to one variable", `local function f(...) local a, b, c = 1, 2, 3 b = (...) return a, b, c end return f(9, 8)`, "1 9 3"},
		{"... is assigned to a variable in a loop", `local function f(...) local n = 0 for i = 1, 2 do local x; x = (...) n = n + x end return n end return f(4)`, "8"},
		{"a call is assigned to one variable", `local a, b, c = 1, 2, 3 a = (function() return 7, 8 end)() return a, b, c`, "7 2 3"},
		{"and, or assign to one of their variables", `local a, b = 5, false a = not b and a or b return a`, "5"},
		{"local f = function does not see itself", `f = 1 local f = function() return f end return f()`, "1"},
		{"local function sees itself", `local function f(n) if n == 0 then return "end" end return f(n - 1) end return f(3)`, "end"},
		{"a table constructor reads the variable that it is assigned to", `local t = { 1 } t = { t[1], t } return t[1], t[2][1]`, "1 1"},
		{"an assignment to an index and its table", `local i, t = 1, {} i, t[i] = i + 1, 20 return i, t[1], t[2]`, "2 20 nil"},
		{"arg in a vararg function", `local function f(...) return arg.n, arg[2] end return f(5, 6, 7)`, "3 6"},
		{"arg is nil where ... is used", `local function f(...) local a = ... return arg end return f(5)`, "nil"},
		{"a method", `local t = { n = 2 } function t:add(m, ...) return self.n + m, ... end return t:add(3, "x")`, "5 x"},
		{"a ternary with a comparison", `local a, b = 1, 2 return a < b and "less" or "more", a > b and "more" or "less", a == b and 1, a ~= b or 1`, "less less false true"},
		{"nested logic", `local function f(a, b, c) return (a and b) or (b and c) or not c end return f(1, 2), f(nil, 2, 3), f(1, false, 3), f(1, false, nil)`, "2 3 false true"},
		{"constants fold", `return 2 + 3 * 4, -5, 1 / 0, 2 ^ 10, 7 % 3, 0xff`, "14 -5 +Inf 1024 1 255"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(t, c.program); got != c.want {
				t.Errorf("%s\nreturns %s, want %s", c.program, got, c.want)
			}
		})
	}
}

// repeated joins the results of f for 1 to n.
func repeated(n int, separator string, f func(i int) string) string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = f(i + 1)
	}
	return strings.Join(texts, separator)
}

func number(i int) string                      { return fmt.Sprint(i) }
func variable(i int) string                    { return fmt.Sprint("v", i) }
func text(i int) string                        { return fmt.Sprintf("%q", fmt.Sprint("text", i)) }
func assignment(i int) string                  { return fmt.Sprintf("g%d = %d", i, i) }
func field(i int) string                       { return fmt.Sprintf("k%d = %d", i, i) }
func declaration(i int) string                 { return fmt.Sprintf("local v%d = %d", i, i) }
func lines(n int, f func(i int) string) string { return repeated(n, "\n", f) }

func TestProgramsUpToTheLimitsWork(t *testing.T) {
	for _, c := range []struct{ name, program, want string }{
		{"200 local variables", lines(200, declaration) + "\nreturn v1 + v200", "201"},
		{"200 local variables and an expression", lines(200, declaration) + "\nreturn (v1 + v2) * (v3 + v4) .. ''", "21"},
		{"200 parameters in a tail call", "return (function(" + repeated(200, ",", variable) + ") return v200 end)(" + repeated(200, ",", number) + ")", "200"},
		{"250 arguments", "return select('#', " + repeated(249, ",", number) + "), (select(249, " + repeated(249, ",", number) + "))", "249 249"},
		{"250 arguments of a function", "local function f(...) return select('#', ...) end return f(" + repeated(250, ",", number) + ")", "250"},
		{"250 returned values", "return select('#', (function() return " + repeated(250, ",", number) + " end)())", "250"},
		{"250 items", "return #{" + repeated(250, ",", number) + "}", "250"},
		{"250 items in a table in a table", "return #({1, 2, {" + repeated(250, ",", number) + "}})[3]", "250"},
		{"60,000 items", "local t = {" + repeated(60_000, ",", number) + "} return #t, t[60000]", "60000 60000"},
		{"60,000 items and the results of a call", "local t = {" + repeated(60_000, ",", number) + ", (function() return 1, 2 end)()} return #t", "60002"},
		{"60,000 texts", "local t = {" + repeated(60_000, ",", text) + "} return #t, t[60000]", "60000 text60000"},
		{"1,000 fields", "local t = {" + repeated(1000, ",", field) + "} return t.k1, t.k1000", "1 1000"},
		{"1,000 fields after other constants", "local t = {" + repeated(1000, ",", text) + "} " + repeated(1000, " ", func(i int) string { return fmt.Sprintf("t.k%d = %d", i, i) }) + " function t:k7() return self.k9 end return t.k1000, t:k7()", "1000 9"},
		{"5,000 global variables", lines(5000, assignment) + "\nreturn g1 + g5000", "5001"},
		{"200 upvalues", lines(190, declaration) + "\nreturn (function() return " + repeated(190, "+", variable) + " end)()", "18145"},
		{"a long branch", "local n = 0 if n == 1 then " + strings.Repeat("n = n + 1 ", 60_000) + "end return n", "0"},
		{"many functions", "local t = {}\n" + lines(2000, func(i int) string { return fmt.Sprintf("t.f%d = function() return g%d, 'x%d' end", i, i, i) }) + "\ng1999 = 5 return t.f1999()", "5 x1999"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := run(t, c.program); got != c.want {
				t.Errorf("the program returns %s, want %s", got, c.want)
			}
		})
	}
}

func TestBeyondALimitTheErrorNamesTheLine(t *testing.T) {
	const before = "local function f()\n"
	for _, c := range []struct{ name, program, want string }{
		{"201 local variables", before + lines(201, declaration) + "\nend",
			"line 202: the function at line 1 has more than 200 local variables: split it up, or put the values into a table"},
		{"201 local variables of the main function", lines(201, declaration),
			"line 201: the main function has more than 200 local variables: split it up, or put the values into a table"},
		{"300 arguments", "local f\n\nf(" + repeated(300, ",", number) + ")",
			"line 3: a function or an expression needs more than 254 local variables and temporary values: split it up, or put the values into a table"},
		{"300 concatenations", "\nreturn " + repeated(300, " .. ", variable),
			"line 2: a function or an expression needs more than 254 local variables and temporary values: split it up, or put the values into a table"},
		{"256 upvalues", "local function outer()\n" + repeated(190, " ", declaration) + "\nreturn function()\n" +
			repeated(60, " ", func(i int) string { return fmt.Sprintf("local w%d = v%d", i, i) }) + "\nreturn function()\nreturn v1 end end end\nlocal function two()\n" + repeated(150, " ", declaration) + "\nreturn function()\n" +
			repeated(150, " ", func(i int) string { return fmt.Sprintf("local w%d = 1", i) }) + "\nreturn function()\nreturn " +
			repeated(150, " and ", variable) + " and\n" + repeated(150, " and ", func(i int) string { return fmt.Sprint("w", i) }) + "\nend end end",
			"line 13: the function at line 11 uses more than 255 local variables of the functions around it: put the values into a table"},
		{"10,001 global variables", "\n\n" + repeated(10_002, " ", assignment),
			"line 3: a function uses more than 10000 global variables: put them into a table"},
		{"a branch of 140,000 instructions", "local n\n\nif n then " + strings.Repeat("n = n + 1 ", 140_000) + "end",
			"line 3: a loop or a branch is too long: split the function up"},
		{"goto without its label", "do\ngoto there\nend\n", "line 2: no visible label 'there' for <goto> at line 2"},
		{"goto into a block", "goto there\ndo ::there:: end", "line 1: no visible label 'there' for <goto> at line 1"},
		{"goto into the scope of a variable", "goto there\nlocal a\n::there::\nreturn a", "line 1: <goto there> at line 1 jumps into the scope of local 'a'"},
		{"goto into the scope of a variable in repeat", "repeat goto there local a ::there:: until a", "line 1: <goto there> at line 1 jumps into the scope of local 'a'"},
		{"goto out of a function", "::there:: local function f()\ngoto there end", "line 2: no visible label 'there' for <goto> at line 2"},
		{"the same label twice", "::there::\n::there::", "line 2: label 'there' already defined on line 1"},
		{"break outside a loop", "do\nbreak end", "line 2: no loop to break"},
		{"break out of a function", "while true do local function f()\nbreak end end", "line 2: no loop to break"},
		{"dots outside a vararg function", "local function f()\nreturn ... end", "line 2: cannot use '...' outside a vararg function"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := compile(c.program)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestConstantsAreCompiledOnceForManyFunctions keeps the compilation of constants cheap:
// gopher-lua's compiler takes 20 kB for each prototype that it makes.
func TestConstantsAreCompiledOnceForManyFunctions(t *testing.T) {
	program := lines(100, func(i int) string { return fmt.Sprintf("function f%d() return %q end", i, fmt.Sprint(i%20)) })
	chunk, err := parse.Parse(strings.NewReader(program), "x")
	if err != nil {
		t.Fatal(err)
	}
	proto, err := codegen.Compile(chunk, codegen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := proto.FunctionPrototypes[0].Constants, proto.FunctionPrototypes[1].Constants; &a[0] != &b[0] {
		t.Error("two small functions in a row do not share their constants")
	}
}
