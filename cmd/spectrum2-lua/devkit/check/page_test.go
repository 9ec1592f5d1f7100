package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPage makes the mistake of each example in docs/reference/check.md, and compares
// the codes of the page with those of the package.
func TestPage(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/reference/check.md")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "\n### ")[1:]
	var names []string
	for _, part := range parts {
		name, rest, _ := strings.Cut(part, "\n")
		names = append(names, name)
		t.Run(name, func(t *testing.T) {
			severity, _, _ := strings.Cut(strings.TrimSpace(rest), ".")
			if !strings.EqualFold(severity, string(severities[name])) {
				t.Errorf("the page says %s, but the severity is %s", severity, severities[name])
			}
			findings := examine(t, strings.ReplaceAll(example(rest), `\xe9`, "\xe9"))
			if !slices.ContainsFunc(findings, func(f Finding) bool { return f.Code == name }) {
				t.Errorf("the example has other findings: %v", findings)
			}
		})
	}
	if want := codeNames(); !slices.Equal(names, want) {
		t.Errorf("the page has %v, the package has %v", names, want)
	}
}

// example returns the first indented block of a text.
func example(text string) string {
	_, text, _ = strings.Cut(text, "\n    ")
	var lines []string
	for _, line := range strings.Split("    "+text, "\n") {
		if line != "" && !strings.HasPrefix(line, "    ") {
			break
		}
		lines = append(lines, strings.TrimPrefix(line, "    "))
	}
	return strings.TrimSpace(strings.Join(lines, "\n")) + "\n"
}

// examine checks a text as a script or, if it starts with a section, as a config next
// to scripts.
func examine(t *testing.T, text string) []Finding {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "script.lua", "return {}\n")
	write(t, dir, "serves.lua", "local http = require \"spectrum.http\"\nhttp.serve(\":8080\", function() return 200 end)\nreturn {}\n")
	write(t, dir, "silent.lua", "local silent = {}\nfunction silent.greet(session) return session end\n")
	name := "example.lua"
	if strings.HasPrefix(text, "[") {
		name = "example.cfg"
	}
	write(t, dir, name, text)
	r, err := Run(Options{root: t.TempDir()}, filepath.Join(dir, name)) // ignore the units of this machine
	if err != nil {
		t.Fatal(err)
	}
	return r.Findings
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
