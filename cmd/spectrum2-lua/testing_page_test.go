package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	pageFile    = regexp.MustCompile("(?ms)^```lua\n-- (\\S+\\.lua)\n.*?^```$")
	pageSession = regexp.MustCompile(`(?m)^    \$ spectrum2-lua (.*)\n((?:    .*\n)+)`)
)

// TestTestingPage writes the files that docs/reference/testing.md shows, runs its
// commands, and compares their output with the page.
func TestTestingPage(t *testing.T) {
	data, err := os.ReadFile("../../docs/reference/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	page, dir := string(data), t.TempDir()
	for _, block := range pageFile.FindAllStringSubmatch(page, -1) {
		text := strings.TrimSuffix(strings.TrimPrefix(block[0], "```lua\n"), "```")
		if err := os.WriteFile(filepath.Join(dir, block[1]), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(dir)
	sessions := pageSession.FindAllStringSubmatch(page, -1)
	if len(sessions) != 4 {
		t.Fatalf("the page has %d commands", len(sessions))
	}
	for _, session := range sessions {
		args := strings.Fields(session[1])
		if !strings.Contains(session[1], ".lua") {
			args = append(args, "greeter_test.lua") // the only test file that the page has shown by then
		}
		want := strings.ReplaceAll("\n"+session[2], "\n    ", "\n")[1:]
		var out, problems bytes.Buffer
		run(t.Context(), args, &out, &problems)
		if got := out.String() + problems.String(); got != want {
			t.Errorf("%q prints\n%s\nthe page shows\n%s", args, got, want)
		}
	}
	// Delete the test that fails on purpose.
	if err := os.Remove("polite_test.lua"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"test"}, &out, &out); !strings.HasSuffix(out.String(), "\n12 passed, 0 failed, 1 skipped\n") || code != 0 {
		t.Errorf("all of the page's tests: %d\n%s", code, out.String())
	}
}
