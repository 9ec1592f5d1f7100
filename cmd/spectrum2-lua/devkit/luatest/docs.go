package luatest

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// RunExamples runs each complete Lua block of a page of the docs, as a test. Examples use
// assert and must load without an error.
func RunExamples(t *testing.T, page string, configLines ...string) {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	for i, line := range strings.Split(string(text), "\n") {
		if strings.TrimSpace(line) != "```lua" {
			continue
		}
		examples++
		t.Run(fmt.Sprintf("line %d", i+2), func(t *testing.T) {
			body, _, _ := strings.Cut(strings.Join(strings.Split(string(text), "\n")[i+1:], "\n"), "\n```")
			Run(t, body, configLines...)
		})
	}
	if examples == 0 {
		t.Errorf("%s has no example", page)
	}
}
