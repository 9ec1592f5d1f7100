package source_test

import (
	"testing"

	"spectrumlua/luabind/source"
)

func TestCache(t *testing.T) {
	var c source.Cache
	one, problem := c.Compile("a.lua", "return 1")
	if problem != nil {
		t.Fatal(problem.Text)
	}
	for _, u := range []struct {
		name, file, text string
		same             bool
	}{
		{"the same", "a.lua", "return 1", true},
		{"another text", "a.lua", "return 2", false},
		{"another name", "b.lua", "return 1", false},
	} {
		t.Run(u.name, func(t *testing.T) {
			if proto, problem := c.Compile(u.file, u.text); problem != nil || (proto == one) != u.same {
				t.Errorf("the same: %v, problem: %v", proto == one, problem)
			}
		})
	}
	for range 2 {
		if _, problem := c.Compile("a.lua", "return ("); problem == nil {
			t.Error("a mistake was compiled")
		}
	}
	var none *source.Cache
	if proto, problem := none.Compile("a.lua", "return 1"); problem != nil || proto == one {
		t.Error("no cache at all has kept something")
	}
}
