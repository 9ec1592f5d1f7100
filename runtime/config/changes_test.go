package config

import (
	"slices"
	"testing"
)

func TestChangesNamesKeysThatDiffer(t *testing.T) {
	parse := func(text string) *Config {
		c, err := Parse("a.cfg", []byte(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	const before = "[a]\nsame=1\nother=1\ngone=1\nlist=x\nlist=y\norder=x\norder=y\n"
	const after = "[a]\nsame=1\nother=2\nnew=1\nlist=x\nlist=y\nlist=z\norder=y\norder=x\n"
	want := []string{"a.gone", "a.list", "a.new", "a.order", "a.other"}
	if got := parse(before).Changes(parse(after)); !slices.Equal(got, want) {
		t.Errorf("the changed keys are %q, want %q", got, want)
	}
	if got := parse(before).Changes(parse(before)); len(got) != 0 {
		t.Errorf("nothing has changed, but %q", got)
	}
}
