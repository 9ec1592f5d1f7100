//go:build linux

package memory_test

import (
	"os"
	"strings"
	"testing"

	"spectrumlua/runtime/memory"
)

// resident returns how many kB of files are in the process's memory.
func resident(t *testing.T) string {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssFile:")
	size, _, _ := strings.Cut(rest, " kB")
	return strings.TrimSpace(size)
}

func TestForgetReleasesPagesOfTheProgram(t *testing.T) {
	before := resident(t)
	if err := memory.Forget(); err != nil {
		t.Fatal(err)
	}
	after := resident(t)
	if len(after) > len(before) || len(after) == len(before) && after >= before {
		t.Errorf("%s kB of files before, %s after", before, after)
	}
}
