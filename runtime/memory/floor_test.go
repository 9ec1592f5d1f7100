package memory

import (
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
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

// discard allocates that many bytes of garbage.
func discard(bytes int) {
	for range bytes >> 10 {
		sink = make([]byte, 1<<10)
	}
	runtime.KeepAlive(sink)
}

func makeGarbage(t *testing.T, what string) {
	Begin()
	before, began := Used(), collections()
	if what == "settled" {
		discard(8 << 20)
		if n := collections() - began; n > 0 && os.Getenv("GOGC") == "" {
			t.Errorf("%d collections during the start", n)
		}
		Settle()
		if used := Used(); used > before+8<<20+floorBytes/2 {
			t.Errorf("the floor counts as used: %d MB, then %d MB", before>>20, used>>20)
		}
		discard(2 * firstBytes)
		if collections() == began {
			t.Error("no collection follows the start")
		}
	}
	collected := collections()
	discard(64 << 20)
	switch n := collections() - collected; {
	case n <= 64<<20/floorBytes+1: // without the floor there are at least 15
		t.Logf("%s: seldom collected", what)
	default:
		t.Logf("%s: often collected", what)
	}
	if what == "settled" && os.Getenv("GOGC") == "" {
		waitForUsualPercent(t)
	}
}

// waitForUsualPercent waits for the function that runs after the first collection.
func waitForUsualPercent(t *testing.T) {
	t.Helper()
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	for deadline := time.Now().Add(30 * time.Second); ; runtime.Gosched() {
		metrics.Read(sample)
		if percent := sample[0].Value.Uint64(); percent == usualPercent {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("GOGC is %d", percent)
		}
	}
}

func TestFirstCollectionFollowsFirstBytesOfNewData(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name       string
		used, live uint64
		want       int // percent
	}{
		{"none before", 8 * mib, 0, 300},            // of heapMinimum
		{"one before", 8 * mib, 4 * mib, 200},       // of live, in addition to it
		{"much live data", 90 * mib, 80 * mib, 100}, // as always
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := percentFor(c.used, c.live); got != c.want {
				t.Errorf("%d%%, want %d%%", got, c.want)
			}
		})
	}
}

func collections() uint64 {
	sample := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
