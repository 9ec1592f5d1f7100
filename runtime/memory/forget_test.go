//go:build linux

package memory_test

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"spectrumlua/runtime/memory"
)

// resident returns how many kB of the program's file are in the process's memory. The counters
// of /proc/self/status are not exact.
func resident(t *testing.T) (sum int) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	ofProgram := false
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) > 1 && strings.Contains(fields[0], "-"): // a mapping begins
			ofProgram = fields[len(fields)-1] == program
		case len(fields) > 1 && fields[0] == "Rss:" && ofProgram:
			size, err := strconv.Atoi(fields[1])
			if err != nil {
				t.Fatal(err)
			}
			sum += size
		}
	}
	return sum
}

func TestForgetReleasesPagesOfTheProgram(t *testing.T) {
	before := resident(t)
	if err := memory.Forget(); err != nil {
		t.Fatal(err)
	}
	if after := resident(t); before == 0 || after >= before {
		t.Errorf("%d kB of the program before, %d after", before, after)
	}
}
