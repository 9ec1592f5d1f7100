package source_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/source"
)

// ones are n values of a list.
func ones(n int) string { return strings.TrimSuffix(strings.Repeat("1,", n), ",") }

func TestConstructors(t *testing.T) {
	const f = "local function f(...) return 'a', 'b', ... end "
	const look = " local n = 0; for k in pairs(t) do n = n + 1 end return n, t[1], t[%d], t[%d], t[%d], t.x, t.y"
	for _, listed := range []int{1, 49, 50, 51, 100, 150} {
		for tail, want := range map[string]string{
			"f()":               "2 a b nil nil",
			"(f())":             "1 a nil nil nil",
			"x = f()":           "1 nil nil a nil",
			"x = f(), y = f(7)": "2 nil nil a a",
			"f(), x = f()":      "2 a nil a nil",
			"x = f(), f()":      "3 a b a nil",
			"x = 5, y = 6, 7":   "3 7 nil 5 6",
			"...":               "2 p q nil nil",
			"x = ...":           "1 nil nil p nil",
		} {
			script := f + "local function g(...) local t = {" + ones(listed) + ", " + tail + "}" +
				fmt.Sprintf(look, listed, listed+1, listed+2) + " end return g('p', 'q')"
			got := evaluate(t, script)
			var more int // keys than those of the list
			if _, err := fmt.Sscan(want, &more); err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprint(listed+more, " 1 1 ", want[2:]); got != want {
				t.Errorf("%d values and %s: %s, want %s", listed, tail, got, want)
			}
		}
	}
}

func TestValuesOfAConstructorAreWorkedOutInTheirOrder(t *testing.T) {
	script := "local s = ''; local function f(x) s = s .. x return x end return s, #{ f(1), x = f(2), f(3), y = f(4), f(5) }, s"
	if got, want := evaluate(t, script), " 3 12345"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheTreeIsTheScript(t *testing.T) {
	for _, script := range []string{
		"local t = {" + ones(50) + ", x = f(), ...}",
		"local t = {" + ones(49) + ", f(), x = f(), y = ...}",
		"a = (f()); b = a and b; c, d = d, f()",
	} {
		tree, _, problem := source.Compile("x", script)
		if problem != nil {
			t.Fatal(problem)
		}
		want, err := parse.Parse(strings.NewReader(script), "x")
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(tree, want) {
			t.Errorf("the tree of %s is %s", script, parse.Dump(tree))
		}
	}
}
