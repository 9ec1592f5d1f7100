package main

import (
	"strings"
	"testing"

	"spectrumlua/luabind/source"
)

// linesOf returns the coverage of consecutive lines, beginning with line 1: + is a line
// that has run, - one that has not, and a dot one without code.
func linesOf(marks string) map[int]bool {
	lines := map[int]bool{}
	for i, mark := range marks {
		if mark != '.' {
			lines[i+1] = mark == '+'
		}
	}
	return lines
}

func TestMissedLinesAreRanges(t *testing.T) {
	for _, c := range []struct{ lines, want string }{
		{"", ""}, {"+++", ""}, {"-", "1"}, {"--", "1-2"}, {"+-+", "2"}, {"-+-", "1, 3"},
		{"-..-", "1-4"}, {"..--..+..-..", "3-4, 10"}, {"-.+.-", "1, 5"},
		{strings.Repeat("-+", 20), "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39"},
		{strings.Repeat("-+", 23), "1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, 35, 37, 39, and 3 more ranges"},
	} {
		if got := missedRanges(linesOf(c.lines)); got != c.want {
			t.Errorf("the ranges of %s are %q, want %q", c.lines, got, c.want)
		}
	}
}

func TestCoverageTableAlignsColumns(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	got := coverageTable([]source.CoveredFile{
		{Path: dir + "/a.lua", Lines: linesOf(strings.Repeat("+", 999) + "-")},
		{Path: dir + "/é.lua", Lines: linesOf("++")},
		{Path: dir + "/empty.lua"},
		{Path: dir + "/..name\x1b.lua", Lines: linesOf("-")},
		{Path: "/elsewhere/b.lua", Lines: linesOf("+-")},
	})
	want := `coverage              lines  percent  missed lines
a.lua              999/1000   99.9 %  1000
é.lua                   2/2  100.0 %
empty.lua               0/0        -
..name�.lua             0/1    0.0 %  1
/elsewhere/b.lua        1/2   50.0 %  2
total             1002/1005   99.7 %
`
	if got != want {
		t.Errorf("the table is\n%swant\n%s", got, want)
	}
}

// TestPercentageRoundsDown checks that 100.0 % means all lines.
func TestPercentageRoundsDown(t *testing.T) {
	for _, c := range []struct {
		ran, all int
		want     string
	}{{0, 0, "-"}, {0, 7, "0.0 %"}, {99999, 100000, "99.9 %"}, {5, 5, "100.0 %"}} {
		if got := percentage(c.ran, c.all); got != c.want {
			t.Errorf("%d of %d is %s, want %s", c.ran, c.all, got, c.want)
		}
	}
}
