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
