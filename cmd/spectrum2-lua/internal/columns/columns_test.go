package columns_test

import (
	"slices"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/internal/columns"
)

func TestAlign(t *testing.T) {
	got := columns.Align([][]string{{"NAME", "SIZE", "STATE"}, {"é", "1", "ok"}, {"longer", "12345"}, {"x", "2", ""}}, map[int]bool{1: true})
	want := []string{"NAME     SIZE  STATE", "é           1  ok", "longer  12345", "x           2"}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	if got := columns.Align(nil, nil); got != nil {
		t.Errorf("%q", got)
	}
}
