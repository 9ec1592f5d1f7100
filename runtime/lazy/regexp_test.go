package lazy

import "testing"

func TestRegexpCompilesOnce(t *testing.T) {
	word := Regexp(`^\w+$`)
	if first := word(); first != word() || !first.MatchString("word") || first.MatchString("two words") {
		t.Errorf("got %v", first)
	}
	wrong := Regexp("(")
	defer func() {
		if recover() == nil {
			t.Error("a wrong expression causes no panic")
		}
	}()
	wrong()
}
