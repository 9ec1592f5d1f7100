package memory

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
)

// TestSmallHeapIsSeldomCollected creates 64 MB of garbage in a separate process, and
// counts the collections.
func TestSmallHeapIsSeldomCollected(t *testing.T) {
	if what := os.Getenv("MEMORY_TEST_FLOOR"); what != "" {
		makeGarbage(t, what)
		return
	}
	for _, test := range []struct {
		name string
		env  []string
		want string
	}{
		{"not settled", []string{"GOGC=", "MEMORY_TEST_FLOOR=begun"}, "begun: seldom collected"},
		{"settled", []string{"GOGC=", "MEMORY_TEST_FLOOR=settled"}, "settled: seldom collected"},
		{"GOGC is set", []string{"GOGC=10", "MEMORY_TEST_FLOOR=settled"}, "settled: often collected"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestSmallHeapIsSeldomCollected$", "-test.v")
			cmd.Env = append(os.Environ(), test.env...)
			if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), test.want) {
				t.Errorf("%v, without %q:\n%s", err, test.want, out)
			}
		})
	}
}

var sink []byte

func makeGarbage(t *testing.T, what string) {
	Begin()
	before := Used()
	if what == "settled" {
		Settle()
		if used := Used(); used > before+floorBytes/2 {
			t.Errorf("the floor counts as used: %d MB, then %d MB", before>>20, used>>20)
		}
	}
	collected := collections()
	for range 64 << 10 {
		sink = make([]byte, 1<<10)
	}
	runtime.KeepAlive(sink)
	n := collections() - collected
	percent := debug.SetGCPercent(100)
	switch {
	case what == "settled" && percent != 100 && os.Getenv("GOGC") == "":
		t.Errorf("GOGC is %d", percent)
	case n <= 64<<20/floorBytes+1: // without the floor there are at least 15
		t.Logf("%s: seldom collected", what)
	default:
		t.Logf("%s: often collected", what)
	}
}

func collections() uint64 {
	sample := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
