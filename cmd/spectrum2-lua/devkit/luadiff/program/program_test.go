package program

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
)

// written has a pattern for what each feature looks like.
var written = map[string]string{
	"(...)":                          `\(\.\.\.\)`,
	"...":                            `[(,{] ?\.\.\.[ ),]`,
	"200 locals":                     `local l149 = `,
	"250 arguments":                  `\b148, 149`,
	"60 upvalues":                    `local u39 = `,
	"__add":                          `__add = `,
	"__call":                         `__call = `,
	"__concat":                       `__concat = `,
	"__div":                          `__div = `,
	"__eq":                           `__eq = `,
	"__index":                        `__index = `,
	"__index is a function":          `__index = function`,
	"__index is a table":             `__index = setmetatable`,
	"__le":                           `__le = `,
	"__lt":                           `__lt = `,
	"__metatable":                    `__metatable = `,
	"__mod":                          `__mod = `,
	"__mul":                          `__mul = `,
	"__newindex":                     `__newindex = `,
	"__pow":                          `__pow = `,
	"__sub":                          `__sub = `,
	"__tostring":                     `__tostring = `,
	"__unm":                          `__unm = `,
	"and, or in a value":             `= .* (and|or) `,
	"assignment":                     `(?m)^ *\w+ = `,
	"assignment of (...)":            `\w = \(\.\.\.\)`,
	"assignment to a field":          `(?m)^ *\w+\.\w+ = `,
	"assignment to an index":         `(?m)^ *\w+\[#\w+\] = `,
	"break":                          `\bbreak\b`,
	"call":                           `\bf\d+(:call)?\(`,
	"call in parentheses":            `\(f\d+(:call)?\(`,
	"call of a function expression":  `\(function\([^)]*\)`,
	"call statement":                 `(?m)^ *f\d+(:call)?\(`,
	"closure in a closure":           `\(function\(\) u\d+ = `,
	"closures made in a loop":        `(?s)(for|while|repeat).*local u\d+ = .*\] = function`,
	"closures that share a variable": `\] = function\(\) return u\d+ end`,
	"comment":                        `(?m)^ *--|;`,
	"concatenation":                  ` \.\. `,
	"constant condition":             `\b(if|while|until|and|or|not)\b \(*(not |nil|true|false|\d|")`,
	"constant condition at the start of a loop's body": `(?s)( do|repeat)\n[^\n]*if \(*(not|nil|true|false|\d|"|\()`,
	"constructor":                                `out\(\{ `,
	"constructor with more than fifty items":     `out\(\{ ([^,\n]*, ){50}`,
	"coroutine in a coroutine":                   `local inner = coroutine\.wrap`,
	"coroutine.create":                           `coroutine\.create`,
	"coroutine.wrap":                             `= coroutine\.wrap`,
	"deep expression":                            `\(\d [-+] \(\(\d [-+] \(`,
	"else":                                       `\belse\b`,
	"elseif":                                     `\belseif\b`,
	"error in a coroutine":                       `(?s)coroutine\.\w+\(function`,
	"error of a library function":                `\w\(`,
	"error with a level":                         `error\(.*, [012]\)`,
	"error with a value":                         `error\(`,
	"escape":                                     `\\`,
	"field":                                      `\w\.(x|y|z|name|count)\b|\["(x|y|z|name|count)"\]`,
	"function of a table":                        `function f\d+:call`,
	"function with ...":                          `function.*\.\.\.\)`,
	"generic for":                                `for k\d+, v\d+ in `,
	"generic for with a callable table":          ` in setmetatable\(`,
	"generic for with a coroutine":               ` in coroutine\.wrap\(`,
	"generic for with ipairs":                    ` in ipairs\(`,
	"generic for with next and a table":          ` in next, `,
	"generic for with one value":                 ` in \(function`,
	"generic for with one value that is no call": ` in iterator\d do`,
	"generic for with pairs":                     ` in pairs\(`,
	"generic for with three values":              ` in function.* end, \d+, \d+ do`,
	"generic for with two values":                ` in function.* end, \d+ do`,
	"global function":                            `(?m)^ *function f\d+`,
	"global variable":                            `(?m)^ *G\d+ = `,
	"goto backwards":                             `(?s)::(label\d+)::.*goto label`,
	"goto continue":                              `goto continue`,
	"goto continue past closures":                `if u\d+ > 20 then goto continue`,
	"goto out of nested blocks":                  `(?s)goto label\d+.*::label`,
	"hexadecimal numeral":                        `\b0x[0-9A-F]+`,
	"if":                                         `\bif\b`,
	"index":                                      `\w\[`,
	"index of a constructor":                     `\(\{ .* \}\)\[`,
	"large constructor":                          `out\(\{ ([^,\n]*, ){50}`,
	"length of a table":                          `#\w`,
	"length of a text":                           `#`,
	"loadstring":                                 `loadstring\("local a, b`,
	"local":                                      `\blocal \w`,
	"local function":                             `\blocal function|local f\d+ = function`,
	"local with several names":                   `\blocal \w+, \w+`,
	"long concatenation":                         `("a" \.\. 1 \.\. ){20}`,
	"long jumps":                                 `(n = \(n \* 3 \+ \d+\) % 1000\s+){100}`,
	"long text":                                  `\[=*\[`,
	"many values at the end of a constructor":    `(\.\.\.|\)) \}\)`,
	"many values at the end of arguments":        `(\.\.\.|\))\)`,
	"many values at the end of return":           `return .*(\.\.\.|\))`,
	"many values in a local":                     `local \w+, .* = .*(\.\.\.|\))`,
	"metatable":                                  `setmetatable\(\{ v = `,
	"method of a text":                           `:\w+\(`,
	"mistake with a call's result":               `nothing\(\)`,
	"mistake with a constant":                    `\((nil|true|\{\}|false)\)`,
	"mistake with a field":                       `bad\d+(\.field|\.missing|\["field"\])`,
	"mistake with a global":                      `undefined`,
	"mistake with a local":                       `local bad\d+ = `,
	"mistake with an index":                      `bad\d+\[`,
	"mistake with an upvalue":                    `\w`,
	"mistake: arithmetic":                        `local r\d+ = .*[-+*/%^]`,
	"mistake: assignment to an index":            `(\.x|\[1\]|\.x\.y) = `,
	"mistake: call":                              `local r\d+ = .*\(`,
	"mistake: comparison":                        `local r\d+ = .*(<|>|<=|>=) `,
	"mistake: concatenation":                     `local r\d+ = .* \.\. `,
	"mistake: index":                             `local r\d+ = .*(\.x|\[)`,
	"mistake: length":                            `local r\d+ = #`,
	"mistake: method":                            `local r\d+ = .*:(run|x)\(`,
	"mistake: numeric for":                       `for i = .*(nil|\{\}|"x"|undefined|true).* do`,
	"more than 512 constants":                    `t\.key246 = 246\.5`,
	"more values than variables":                 `\w, \w.* = .*, `,
	"multiple assignment":                        `(?m)^ *\w+(\.\w+|\[1\])?, .* = `,
	"nested constructor":                         `t = \{ .*, \{ `,
	"nested functions":                           `(\(function\(\.\.\.\) local y\d+ = x x = x \+ 1 return \(){5}`,
	"numeral":                                    `\d`,
	"numeric for":                                `for i\d+ = -?\d+, `,
	"numeric for with a fractional step":         `for i\d+ = .*, \d\.\d+ do`,
	"numeric for with a negative step":           `for i\d+ = .*, -2 do`,
	"operator #":                                 `#`,
	"operator %":                                 ` % `,
	"operator *":                                 ` \* `,
	"operator +":                                 ` \+ `,
	"operator -":                                 `-`,
	"operator ..":                                ` \.\. `,
	"operator /":                                 ` / `,
	"operator <":                                 ` < `,
	"operator <=":                                ` <= `,
	"operator ==":                                ` == `,
	"operator >":                                 ` > `,
	"operator >=":                                ` >= `,
	"operator ^":                                 ` \^ `,
	"operator ^ with two constants":              `2\)? \^ \(?\d`,
	"operator and":                               ` and `,
	"operator not":                               `\bnot `,
	"operator or":                                ` or `,
	"operator ~=":                                ` ~= `,
	"out":                                        `\bout\(`,
	"pcall in pcall":                             `both\(pcall\(`,
	"protected call":                             `\b(try|xpcall)\(function`,
	"recursion":                                  `(?s)local function (f\d+)\(p\d+\).*if not \(p\d+ >= 1`,
	"recursive tail call":                        `return f\d+\(p\d+ - 1\)`,
	"repeat":                                     `\brepeat\b`,
	"repeat until true":                          `until (true|1|not nil)`,
	"return":                                     `\breturn `,
	"return in a branch":                         `(?s)(then|else)\n[^\n]*return .*`,
	"select":                                     `select\("#", `,
	"setfenv":                                    `setfenv\(`,
	"shadowing":                                  `\w`,
	"swap":                                       `\w, .* = .* or 1`,
	"syntax error":                               `loadstring\(".*"\) == nil`,
	"table.insert":                               `table\.insert\(`,
	"table.remove":                               `table\.remove\(`,
	"table.sort":                                 `table\.sort\(`,
	"tail call":                                  `return f\d+(:call)?\(`,
	"text":                                       `["'\[]`,
	"text over several lines":                    `out\((\[=*\[|"a\\\n)`,
	"text as a number":                           `" ?-?\d[x.e\d]* ?"`,
	"unpack":                                     `unpack\(`,
	"until sees the body's local":                `until i\d+ >= \d+ or `,
	"until with a captured local":                `kept = function\(\)`,
	"upvalue":                                    `function`,
	"upvalue of an upvalue":                      `(?s)function.*function`,
	"while":                                      `\bwhile\b`,
	"while false":                                `while (false|nil|not true|1 > 2|not 0) do`,
	"while true":                                 `while (true|1|"x"|not nil) do`,
	"xpcall":                                     `xpcall\(`,
	"yield":                                      `coroutine\.yield\(`,
}

func TestEachFeatureOccursInThePrograms(t *testing.T) {
	missing := map[string]*regexp.Regexp{}
	for feature, pattern := range written {
		missing[feature] = regexp.MustCompile(pattern)
	}
	for i := range uint64(6000) {
		p := Generate(1, i)
		text := p.Root.Text()
		for _, f := range p.Features {
			if _, ok := written[f]; !ok {
				t.Fatalf("the test does not know the feature %q", f)
			}
			if pattern := missing[f]; pattern != nil && pattern.MatchString(text) {
				delete(missing, f)
			}
		}
		if len(missing) == 0 {
			t.Logf("all features occur in %d programs", i+1)
			return
		}
	}
	var names []string
	for f := range missing {
		names = append(names, f)
	}
	slices.Sort(names)
	t.Errorf("no program has: %s", strings.Join(names, "; "))
}

func TestProgramsAreTheSameForTheSameSeed(t *testing.T) {
	for i := range uint64(50) {
		if a, b := Generate(7, i).Root.Text(), Generate(7, i).Root.Text(); a != b {
			t.Fatalf("program %d has two texts:\n%s\n---\n%s", i, a, b)
		}
	}
	if Generate(7, 1).Root.Text() == Generate(8, 1).Root.Text() {
		t.Error("another seed has the same program")
	}
}

func TestProgramsParse(t *testing.T) {
	for i := range race.Reduce[uint64](1000, 200) {
		p := Generate(2, i)
		text := p.Root.Text()
		if _, err := parse.Parse(strings.NewReader(text), "p"); err != nil {
			t.Fatalf("program %d: %v\n%s", i, err, text)
		}
		if strings.Contains(text, "goto ") && !strings.Contains(text, "goto =") && !p.Goto {
			t.Fatalf("program %d uses goto, but Goto is false", i)
		}
	}
}

func TestSmallerProgramsAreSmallerAndLeaveTheProgramAlone(t *testing.T) {
	root := block(
		stmt("local a = ", expr("1 + ", expr("2"))),
		stmt("do", block(stmt("out(", list(expr("a"), expr("f()")), ")")), "end"))
	before := root.Text()
	var all []string
	for smaller := range root.Smaller {
		all = append(all, smaller.Text())
	}
	if root.Text() != before {
		t.Error("Smaller changed the program")
	}
	for _, want := range []string{
		"",
		"local a = 1 + 2",
		"do\n  out(a, f())\nend",
		"local a = 1 + 2\nout(a, f())",
		"local a = 2\ndo\n  out(a, f())\nend",
		"local a = 1 + 2\ndo\n  out(a)\nend",
		"local a = 1 + 2\ndo\n  out(f())\nend",
		"local a = 1 + 2\ndo\n  out(a, nil)\nend",
	} {
		if !slices.Contains(all, want) {
			t.Errorf("Smaller does not yield\n%s", want)
		}
	}
}
