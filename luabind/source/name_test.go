package source_test

import (
	"testing"

	"spectrumlua/luabind/source"
)

// TestNamesAreThoseOfTheParser compiles a variable with each name.
func TestNamesAreThoseOfTheParser(t *testing.T) {
	for text, want := range map[string]bool{
		"a": true, "_": true, "_G9": true, "ends": true, "End": true,
		"": false, "9a": false, "a b": false, "a.b": false, "a\n": false, "ä": false,
		"end": false, "goto": false, "nil": false, "while": false,
	} {
		if got := source.IsName(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
		if _, _, problem := source.Compile("x", "local "+text+" = {"+text+" = 1}"); text != "a\n" && (problem == nil) != want {
			t.Errorf("%q compiles with %v", text, problem)
		}
	}
}
