package source_test

import (
	"testing"

	"spectrumlua/luabind/source"
)

func TestUnfinishedTextsNeedMoreLines(t *testing.T) {
	for text, want := range map[string]bool{
		"1 + 1": false, "x = 1": false, "if x then": true, "if x then y() end": false, "f(": true, "{ 1,": true, "function f()\n  return 1": true,
		"[[a": true, "--[[a": true, "'a": false, "x = ": true, "x x": false, ")": false, "for": true, "": false, "return": false,
		"local function f() return [==[\n]] ]=]": true,
	} {
		if got := source.Unfinished(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
