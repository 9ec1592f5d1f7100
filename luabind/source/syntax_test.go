package source_test

import (
	"testing"

	"spectrumlua/luabind/source"
)

// TestSyntaxErrorsSayWhatToWrite makes mistakes of people who know other languages.
func TestSyntaxErrorsSayWhatToWrite(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"continue before an end", "for i = 1, 3 do\n  if i then continue end\nend", "2: syntax error near 'end' (column 22): Lua has no 'continue': write 'goto continue', and '::continue::' before the 'end' of the loop"},
		{"continue before a statement", "while x do\n  continue\n  y = 1\nend", "3: syntax error near 'y' (column 3): Lua has no 'continue': write 'goto continue', and '::continue::' before the 'end' of the loop"},
		{"a goto called continue", "while x do goto continue y end", "1: syntax error near 'end' (column 28)"},
		{"!=", "x = 1\nif x != 2 then end", "2: Invalid token near '!' (column 6): 'not equal' is '~='"},
		{"!", "if !x then end", "1: Invalid token near '!' (column 4): a condition is negated with 'not'"},
		{"&&", "if a && b then end", "1: Invalid token near '&' (column 6): 'and' combines conditions"},
		{"||", "\r\nif a || b then end", "2: Invalid token near '|' (column 6): 'or' combines conditions"},
		{"+=", "x += 1", "1: syntax error near '+' (column 3): Lua has no '+=': write 'x = x + 1'"},
		{"-=", "x -= 1", "1: syntax error near '-' (column 3): Lua has no '-=': write 'x = x - 1'"},
		{"..=", "x ..= 'a'", "1: syntax error near '..' (column 3): Lua has no '..=': write 'x = x .. text'"},
		{"++", "i++", "1: syntax error near '+' (column 2): Lua has no '++': write 'x = x + 1'"},
		{"++ in an expression", "x = i++", "1: syntax error near '+' (column 7): Lua has no '++': write 'x = x + 1'"},
		{"a comment with //", "x = f()\n// text", "2: syntax error near '/' (column 2): a comment begins with '--'; a quotient without its fraction is 'math.floor(a / b)'"},
		{"a comment with // after an end", "do end // text", "1: syntax error near '/' (column 8): a comment begins with '--'"},
		{"a comment with #", "x = 1\n# text", "2: syntax error near '#' (column 1): a comment begins with '--'"},
		{"a comment with /*", "/* text */", "1: syntax error near '/' (column 1): a comment over several lines is '--[[ … ]]'"},
		{"a conditional expression", "x = a ? 1 : 2", "1: Invalid token near '?' (column 7): Lua has no '?': write 'condition and a or b'"},
		{"a template", "x = `a`", "1: Invalid token near '`' (column 5): a text is in quotes, or over several lines in '[[ … ]]'"},
		{"else if", "if a then\n  x()\nelse if b then\n  y()\nend\n\n", "3: syntax error at the end of the file: the 'if' after the 'else' of line 3 has no 'end'; write 'elseif', which needs none"},
		{"else if in a callback", "f(function()\n  if a then\n    x()\n  else if b then\n    y()\n  end\nend)", "7: syntax error near ')' (column 4): the 'if' after the 'else' of line 4 has no 'end'; write 'elseif', which needs none"},
		{"elif", "if a then\nelif b then\nend", "2: syntax error near 'b' (column 6): Lua writes 'elseif'"},
		{"let", "let x = 1", "1: syntax error near 'x' (column 5): a variable is declared with 'local'"},
		{"a comparison with =", "if x = 1 then end", "1: syntax error near '=' (column 6): a comparison is '=='"},
		{"===", "x = a === b", "1: syntax error near '=' (column 9): equality is '=='"},
		{"braces around a block", "function f() {\n}", "1: syntax error near '{' (column 14): a block has no braces: it begins after the parameters, and ends with 'end'"},
		{"a JSON object", "t = { 'a': 1 }", "1: syntax error near ':' (column 10): a field of a table is 'name = value'"},
		{"a JavaScript object", "t = { a: 1 }", "1: syntax error near '1' (column 10): a field of a table is 'name = value'"},
		{"a JavaScript object with names", "t = { a: b, c: d }", "1: syntax error near ',' (column 11): a field of a table is 'name = value'"},
		{"a method without arguments", "session:connected\nx = 1", "2: syntax error near 'x' (column 1): a method needs its arguments: write ':connected()'"},
		{"print without parentheses", "print 'a' .. b", "1: syntax error near '..' (column 11): put the argument into parentheses"},
		{"an if without then", "if x\n  y()\nend", "2: syntax error near 'y' (column 3): is 'then' missing before it?"},
		{"an if without then and body", "if x\nend", "2: syntax error near 'end' (column 1): is 'then' missing before it?"},
		{"a while without do", "while x\n  y()\nend", "2: syntax error near 'y' (column 3): is 'do' missing before it?"},
		{"a table without a comma", "t = { a = 1 b = 2 }", "1: syntax error near 'b' (column 13): is a comma or an operator missing before it?"},
		{"a table without a comma at the end of a line", "t = {\n  a = 1\n  b = 2\n}", "3: syntax error near 'b' (column 3): is a comma missing before it, or the '}' for the '{' of line 1?"},
		{"a call without its bracket", "f(a\nlocal b", "2: syntax error near 'local' (column 1): is a comma missing before it, or the ')' for the '(' of line 1?"},
		{"a statement after return", "return t\n\nfunction f() end", "3: syntax error near 'function' (column 1): the 'return' of line 1 must be the last statement of its block"},
		{"UTF-16 without a byte order mark", "r\x00e\x00", "1: Invalid token near '\\0' (column 2): is the file UTF-16? Save it as UTF-8"},
		{"another mistake", "x = )", "1: syntax error near ')' (column 5): no block or bracket is open here; is there one ')' too many?"},
	} {
		t.Run(c.name, func(t *testing.T) { expectProblem(t, c.text, c.want) })
	}
}

// TestAMissingEndIsReportedAtItsBlock leaves out what closes a block or a bracket.
func TestAMissingEndIsReportedAtItsBlock(t *testing.T) {
	const end = ": syntax error at the end of the file: the "
	for _, c := range []struct{ name, text, want string }{
		{"a function", "local on = {}\nfunction on.login()\n  x()\n\nreturn on\n", "2" + end + "'function' of line 2 has no 'end'"},
		{"the first of two functions", "function a()\n  x()\n\nfunction b()\nend\n", "1" + end + "'function' of line 1 has no 'end'"},
		{"an if, as the indentation shows", "function a()\n  while x do\n    if y then\n      z()\n  end\nend\nfunction b()\n  do\n  end\nend\n", "3" + end + "'if' of line 3 has no 'end'"},
		{"a block after one that is indented wrongly", "function a()\n    if y then\n  end\nend\nfunction b()\n  for i = 1, 2 do\nend\n", "6" + end + "'for' of line 6 has no 'end'"},
		{"a block with tabs", "do\n\twhile x do\n\t\tf()\nend", "2" + end + "'while' of line 2 has no 'end'"},
		{"a repeat", "repeat\n  x()\n", "1" + end + "'repeat' of line 1 has no 'until'"},
		{"a bracket", "f(\n", "1" + end + "'(' of line 1 has no ')'"},
		{"a table", "return {\n  a = { 1,\n}\n", "2" + end + "'{' of line 2 has no '}'"},
		{"an expression", "\nx = 1 +\n\n", "2: syntax error at the end of the file: the last statement is incomplete"},
		{"a function in a call", "f(function()\n  x()\n)", "3: syntax error near ')' (column 1): the 'function' of line 1 has no 'end'"},
		{"an if in a function in a call", "f(function()\n  if y then\n    x()\nend)", "4: syntax error near ')' (column 4): the 'if' of line 2 has no 'end'"},
		{"a bracket before an end", "do\n  f {\n    a = 1,\nend", "4: syntax error near 'end' (column 1): the '{' of line 2 has no '}'"},
		{"one end too many", "do\nend\nend", "3: syntax error near 'end' (column 1): no block or bracket is open here; is there one 'end' too many?"},
	} {
		t.Run(c.name, func(t *testing.T) { expectProblem(t, c.text, c.want) })
	}
}

// expectProblem compiles a text that must have an error.
func expectProblem(t *testing.T, text, want string) {
	t.Helper()
	_, _, problem := source.Compile("x", text)
	switch {
	case problem == nil:
		t.Errorf("no error\nwant x:%s", want)
	case problem.In("x") != "x:"+want:
		t.Errorf("got  %s\nwant x:%s", problem.In("x"), want)
	}
}
