package check

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzScript checks any text as a script. The check must end soon, without a panic, and
// each finding must have a line of the file.
func FuzzScript(f *testing.F) {
	for _, glob := range []string{"../../../../scripts/*.lua", "../../../../examples/*.lua", "../../../../luabind/stdlib/testdata/*/*.lua"} {
		names, _ := filepath.Glob(glob)
		for _, name := range names {
			if text, err := os.ReadFile(name); err == nil {
				f.Add(string(text))
			}
		}
	}
	f.Add(in("local x, y = x, y\nx = y y = x\nsession[x]:f(y)\nm.a.b.c = m"))
	f.Add("local function f(a) return f(a) end f(f) return f")
	f.Add("for a in ipairs() do end for _, a in ipairs(...) do a:b() end return setmetatable()")
	for _, text := range large {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "script.lua")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
		for _, finding := range Paths(path).Findings {
			if finding.Line < 0 || finding.Line > lines || finding.Text == "" {
				t.Errorf("%+v, of %d lines", finding, lines)
			}
		}
	})
}

// FuzzConfig checks any text as a config.
func FuzzConfig(f *testing.F) {
	names, _ := filepath.Glob("../../../../examples/*.cfg")
	for _, name := range names {
		if text, err := os.ReadFile(name); err == nil {
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := filepath.Join(t.TempDir(), "transport.cfg")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		Paths(path)
	})
}

// large holds sources that are slow for an algorithm without limits.
var large = []string{
	repeat("local v%[1]d = v%[2]d or session\n", 150),
	"local x\n" + strings.Repeat("x = x or y\n", 10_000),
	"local function f(a, b) f(b, a) end\n" + strings.Repeat("f(f, f)\n", 10_000),
	repeat("local f%[1]d = function(a) f%[2]d(a) end\n", 150),
	"return " + strings.Repeat("a.", 3000) + "a",
	"local x = " + strings.Repeat("x or ", 3000) + "x",
	strings.Repeat("return function(a) ", 150) + strings.Repeat(" end", 150),
	in("session:conv_message { attachment = " + strings.Repeat("{", 150) + strings.Repeat("}", 150) + "}"),
	repeat("g%[1]d = g%[2]d\n", 3000),
	repeat("print(h%[1]d)\n", 3000),
	"local net = require 'spectrum.net'\n" + strings.Repeat("net.conect()\n", 5000),
}

func repeat(line string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, line, i, (i+1)%n)
	}
	return b.String()
}
