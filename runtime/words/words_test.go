package words

import (
	"errors"
	"slices"
	"testing"
)

func TestAllSplitsAtBlanksOutsideOfQuotes(t *testing.T) {
	for text, want := range map[string][]string{
		"":                     nil,
		"  a\tb  c ":           {"a", "b", "c"},
		`"a b" c`:              {"a b", "c"},
		`"a \"b\" \\ \n" c"d"`: {`a "b" \ \n`, `c"d"`},
		`""`:                   {""},
		`it"s fine`:            {`it"s`, "fine"},
	} {
		line := In(text)
		if got, err := line.All(); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	line := In(`a "b`)
	if _, err := line.All(); !errors.Is(err, ErrOpenQuote) {
		t.Errorf("an open quote: %v", err)
	}
}

func TestLastTakesTheRestOfTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"one":            "one",
		" two words ":    "two words",
		`"two words"`:    "two words",
		`"two" words`:    `"two" words`,
		`say "hello" to`: `say "hello" to`,
	} {
		line := In(text)
		if got, err := line.Last(); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}

func TestRestReturnsTheRemainingText(t *testing.T) {
	line := In(`echo  "two"  words `)
	if first, _, _ := line.Next(); first != "echo" {
		t.Errorf("the first word is %q", first)
	}
	if left := line.Left(); left != ` "two"  words ` {
		t.Errorf("%q is left", left)
	}
	if rest := line.Rest(); rest != `"two"  words` {
		t.Errorf("the rest is %q", rest)
	}
	if line.Left() != "" {
		t.Error("the line is not used up")
	}
}
