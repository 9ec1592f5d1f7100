package luabind_test

import (
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// TestHints has mistakes of which Lua says no more than that there is a nil.
func TestHints(t *testing.T) {
	const hint = ": is a name misspelt, or a field not set?"
	for _, c := range []struct{ name, body, want string }{
		{"a field joined", `local s = "x" .. m.text`, "attempt to concatenate field 'text' (a nil value)" + hint},
		{"a sum", `local n = m.text + 1`, "attempt to perform arithmetic on field 'text' (a nil value)" + hint},
		{"a field of nothing", `local n = m.text.size`, "attempt to index field 'text' (a nil value)" + hint},
		{"a field of nothing set", `m.text.size = 1`, "attempt to index field 'text' (a nil value)" + hint},
		{"a comparison", `local b = m.text < 1`, "attempt to compare nil with number" + hint},
		{"a function", `greet()`, "attempt to call global 'greet' (a nil value)" + hint},
		{"a string compared with a number", `local b = "x" < 1`, "attempt to compare string with number"},
		{"an error of the script's", `error("attempt to eat nil")`, "attempt to eat nil"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := luatest.New(t, "local m = {}\n"+c.body+"\nreturn m").Host.Load()
			if want := "script.lua:2: " + c.want; err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}
