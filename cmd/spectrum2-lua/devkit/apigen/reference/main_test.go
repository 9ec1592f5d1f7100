package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spectrumlua/luabind/api"
)

func TestTheDocumentationIsUpToDate(t *testing.T) {
	stale, err := render("../../../../../docs")
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) > 0 {
		t.Errorf("make generate changes %q", slices.Sorted(maps.Keys(stale)))
	}
}

// TestEveryNameHasAPlace checks that the parts of all pages together contain each
// function, option and field of each module. A new one appears by itself only in parts
// that show a whole class.
func TestEveryNameHasAPlace(t *testing.T) {
	var pages strings.Builder
	for _, pattern := range []string{"../../../../../docs/reference/api.md", "../../../../../docs/reference/modules/*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("there are no pages", err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			pages.Write(text)
		}
	}
	for _, c := range api.Classes() {
		if strings.HasPrefix(c.Name, "spectrum.test") {
			continue // what only tests have is in names.md
		}
		for _, f := range c.Functions {
			if !strings.Contains(pages.String(), f.Name) {
				t.Errorf("%s.%s is on no page", c.Name, f.Name)
			}
		}
		for _, f := range c.Fields {
			if !strings.Contains(pages.String(), strings.Trim(f.Name, "[]")) && f.Name != "[integer]" {
				t.Errorf("%s.%s is on no page", c.Name, f.Name)
			}
		}
	}
}

func TestFill(t *testing.T) {
	text := "before\n<!-- api: methods spectrum.Timer as timer -->\nold\n<!-- /api -->\nbehind\n"
	want := "before\n<!-- api: methods spectrum.Timer as timer -->\n\n| method | what it does |\n|---|---|\n" +
		"| `timer:cancel()` | stops the timer. A run that has begun continues |\n\n<!-- /api -->\nbehind\n"
	for range 2 { // the second call changes nothing
		got, err := fill(text)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		text = got
	}
}

func TestMarkersThatAreWrong(t *testing.T) {
	cases := []struct{ name, text, want string }{
		{"no end", "a\n<!-- api: messages -->\n", "2: the part has no <!-- /api -->"},
		{"no beginning", "<!-- /api -->\n", "1: <!-- /api --> without a line that begins a part"},
		{"one within another", "<!-- api: messages -->\n<!-- api: enums -->\n<!-- /api -->\n", "2: the part before has no"},
		{"another kind", "<!-- api: nothing -->\n<!-- /api -->\n", `1: there is no part "nothing"`},
		{"no kind", "<!-- api: -->\n", ""},
		{"another class", "<!-- api: fields spectrum.Nobody -->\n<!-- /api -->\n", "1: there is no class spectrum.Nobody"},
		{"another member", "<!-- api: methods spectrum.Timer: stop -->\n<!-- /api -->\n", "1: spectrum.Timer has no stop"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := fill(c.text)
			if c.want == "" {
				if err == nil {
					t.Error("it is taken")
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}

func TestCells(t *testing.T) {
	cases := []struct{ doc, want string }{
		{"How long it may take.", "how long it may take"},
		{"Two sentences. Like these.", "two sentences. Like these"},
		{"SHA-1 of the picture.", "SHA-1 of the picture"},
		{"A server.", "a server"},
		{"Spectrum ignores it.", "Spectrum ignores it"},
		{"`true` takes all.", "`true` takes all"},
		{"", ""},
	}
	for _, c := range cases {
		if got := inside(c.doc); got != c.want {
			t.Errorf("%q: %q, want %q", c.doc, got, c.want)
		}
	}
	table := newTable("a")
	table.row("x|y")
	if got := table.String(); !strings.HasSuffix(got, "| x\\|y |\n") {
		t.Errorf("the table is %s", got)
	}
}
