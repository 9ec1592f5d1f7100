package source_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"spectrumlua/luabind/source"
)

// library is files by name that remember who was looked for.
type library struct {
	files map[string]string
	mu    sync.Mutex
	asked []string
}

func (l *library) find(module string) (name, text string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, module)
	text, ok = l.files[module]
	return module + ".lua", text, ok
}

func TestPrecompiler(t *testing.T) {
	files := map[string]string{
		"a":        `local b, c = require "b", require('c') return a`,
		"b":        `return require "a"`,
		"c":        `return require "c"`,
		"faulty":   `return require "c", (`,
		"in.d":     `return 1`,
		"computed": `return 1`,
	}
	for _, test := range []struct{ name, text, want string }{
		{"no require", `return 1`, ""},
		{"all forms of require", `require "in.d" require 'c' local x = require("b"), require ( "faulty" )`, "a b c faulty in.d"},
		{"modules that require each other", `require "b"`, "a b c"},
		{"a module that is required twice", `require "c" require "c"`, "c"},
		{"a module that does not exist", `require "nothing" require "c"`, "c nothing"},
		{"a module with a syntax error", `require "faulty"`, "c faulty"},
		{"a call without a constant name", `require(name) local require = 1 require "com" .. "puted" require "c\n" require "c' require`, "com"},
		{"a name without an end", "require \"c\nrequire \"", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := &library{files: files}
			var cache source.Cache
			a := source.NewPrecompiler(&cache, l.find)
			a.Begin(test.text)
			for name, text := range files { // the script may need one meanwhile
				if _, problem := cache.Compile(name+".lua", text); (problem != nil) != (name == "faulty") {
					t.Errorf("%s: %v", name, problem)
				}
			}
			a.Wait()
			slices.Sort(l.asked)
			if got := strings.Join(l.asked, " "); got != test.want {
				t.Errorf("the precompiler looked for %q, want %q", got, test.want)
			}
			a.Close()
			a.Begin(`require "computed"`)
			a.Wait()
			if slices.Contains(l.asked, "computed") {
				t.Error("the precompiler continues after Close")
			}
		})
	}
	var none *source.Precompiler
	none.Begin(`require "a"`)
	none.Close()
}
