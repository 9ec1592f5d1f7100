package compare

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luadiff/program"
)

// fake is an implementation whose results a Go function computes from the source.
type fake func(source string) Result

func (f fake) Run(_ context.Context, sources []string) ([]Result, error) {
	var results []Result
	for _, s := range sources {
		results = append(results, f(s))
	}
	return results, nil
}

func lines(texts ...string) Result { return Result{Lines: texts} }

func TestFindReturnsTheKindOfADifference(t *testing.T) {
	cases := []struct {
		name         string
		ours, theirs Result
		kind         string // "": no difference
	}{
		{"the same lines", lines("1", "2"), lines("1", "2"), ""},
		{"another value", lines("1", "2"), lines("1", "3"), "another value"},
		{"a line too few", lines("1"), lines("1", "2"), "another value"},
		{"a sign of zero", lines(`"0,-5"`), lines(`"-0,-5"`), ""},
		{"another message", lines("p:1: no 'x' 12"), lines("p:1: bad 'y' 3"), "another message: no '…' 9 | bad '…' 9"},
		{"another line", lines("p:1: no"), lines("p:2: no"), "another line of an error"},
		{"an error on one side", lines("p:1: no"), lines("5"), "an error on one side: no | a value"},
		{"we do not compile it", Result{Refused: "p:3: why"}, lines("1"), "refused: p:9: why"},
		{"neither compiles it", Result{Refused: "p:3: why"}, Result{Refused: "p:4: other"}, ""},
		{"the reference does not compile it", lines("1"), Result{Refused: "p:4: other"}, ""},
		{"ours breaks", Result{Broken: "a Go panic"}, lines("1"), "broken: a Go panic"},
		{"the reference breaks", lines("1"), Result{Broken: "it has run too long"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			kind := ""
			if d := Find(c.ours, c.theirs); d != nil {
				kind = d.Kind
			}
			if kind != c.kind {
				t.Errorf("the kind is %q, want %q", kind, c.kind)
			}
		})
	}
}

func TestReduceKeepsWhatShowsTheDifference(t *testing.T) {
	theirs := fake(func(string) Result { return lines("right") })
	for _, needle := range []string{"..", "#", "while", "function"} {
		ours := fake(func(source string) Result {
			switch {
			case strings.Contains(source, needle):
				return lines("wrong")
			case len(source)%2 == 0:
				return lines("p:1: a difference of another kind")
			}
			return lines("right")
		})
		pair := Pair{ours, theirs}
		var root *program.Node
		for i := uint64(0); root == nil || !strings.Contains(root.Text(), needle); i++ {
			root = program.Generate(11, i).Root
		}
		small, err := pair.Reduce(t.Context(), root, "another value", 100_000)
		if err != nil {
			t.Fatal(err)
		}
		text := small.Text()
		if !strings.Contains(text, needle) {
			t.Errorf("the reduced program lacks %q:\n%s", needle, text)
		}
		if len(text) > 160 {
			t.Errorf("%q: the reduced program has %d of %d bytes:\n%s", needle, len(text), len(root.Text()), text)
		}
	}
}

func TestReduceStopsAfterEnoughTries(t *testing.T) {
	tries := 0
	ours := fake(func(string) Result { tries++; return lines("wrong") })
	theirs := fake(func(string) Result { return lines("right") })
	if _, err := (Pair{ours, theirs}).Reduce(t.Context(), program.Generate(1, 1).Root, "no such kind", 30); err != nil {
		t.Fatal(err)
	}
	if tries != 30 {
		t.Errorf("Reduce tried %d programs", tries)
	}
}

func TestOursRunsProgramsAsScriptsRun(t *testing.T) {
	ours := &Ours{Messages: true, Timeout: time.Minute}
	results, err := ours.Run(t.Context(), []string{
		`out(1, "a\n", { 2, x = { 3 } }, nil, print, 0 / 0, -0)`,
		`out(`,
		`error({})`,
		`try(function() error("no") end) show(true, 1) both(true)`,
		`undefinedGlobal = 5`,
		`out(undefinedGlobal)`,
		`out("an internal error: never") message("an internal error")`,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{`1 "a\010" {1=2 "x"={1=3}} nil function nan 0`, "lines: 1"},
		nil,
		{"error: {}", "lines: 0"},
		{`false "p:1: no"`, "true 1", "lines: 2"},
		{"lines: 0"},
		{"nil", "lines: 1"},
		{`"an internal error: never"`, "INTERNAL ERROR: an internal error", "lines: 1"},
	}
	for i, w := range want {
		if !slices.Equal(results[i].Lines, w) {
			t.Errorf("program %d prints %q, want %q", i, results[i].Lines, w)
		}
	}
	for i, r := range results {
		if (r.Refused != "") != (i == 1) {
			t.Errorf("program %d: refused: %q", i, r.Refused)
		}
		if (r.Broken != "") != (i == 6) {
			t.Errorf("program %d: broken: %q", i, r.Broken)
		}
	}
}

func TestOursStopsAProgramThatNeverEnds(t *testing.T) {
	ours := &Ours{Messages: true, Timeout: 100 * time.Millisecond}
	results, err := ours.Run(t.Context(), []string{`while true do pcall(function() while true do end end) end`})
	if err != nil || len(results) != 1 || results[0].Lines != nil || results[0].Broken != "it ran for longer than 100ms" {
		t.Errorf("%+v, %v", results, err)
	}
}

func TestReferenceRunsPrograms(t *testing.T) {
	for _, command := range []string{"lua5.1", "luajit"} {
		t.Run(command, func(t *testing.T) {
			r := &Reference{Command: command, Messages: true, Steps: 1_000_000}
			if err := r.Installed(); err != nil {
				t.Skip(err)
			}
			results, err := r.Run(t.Context(), []string{
				`out(1, "a\n") string.x = 1 G = 1`,
				`out(`,
				`while true do end`,
				`coroutine.wrap(function() while true do end end)()`,
				`out(string.x, G)`,
				``,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := results[0].Lines; !slices.Equal(got, []string{`1 "a\010"`, "lines: 1"}) {
				t.Errorf("the program prints %q", got)
			}
			if results[1].Refused == "" || results[2].Broken == "" || results[3].Broken == "" {
				t.Errorf("results of invalid and endless programs: %+v", results[1:4])
			}
			if got := results[4].Lines; !slices.Equal(got, []string{"nil nil", "lines: 1"}) {
				t.Errorf("a program sees the globals of another program: %q", got)
			}
		})
	}
}

func TestReferenceThatIsNotInstalledIsAnError(t *testing.T) {
	r := &Reference{Command: "no-such-lua"}
	if err := r.Installed(); !errors.Is(err, errNoReference) {
		t.Errorf("the error is %v", err)
	}
}

func TestIncompleteResultsAreAnError(t *testing.T) {
	for _, out := range []string{"", "\x02a\n", "\x01\n\x01\n", "noise\n", "\n"} {
		if results, err := parseResults(out, 1); err == nil {
			t.Errorf("%q gives %v", out, results)
		}
	}
}
