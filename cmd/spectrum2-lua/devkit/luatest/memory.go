package luatest

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// MeasureWaiting reports the resident memory of a waiting session, in bytes. The script's
// on.conv_message must send "waiting" and then wait.
func MeasureWaiting(b *testing.B, sessions int, script string, configLines ...string) {
	b.Helper()
	for range b.N {
		st := Start(b, script, configLines...)
		before := resident(b)
		for i := range sessions {
			user := fmt.Sprintf("user%d@localhost", i)
			st.Login(user)
			st.Say(user, "b", "wait")
		}
		for range sessions {
			st.ExpectSaid("waiting")
		}
		b.ReportMetric(float64(resident(b)-before)/float64(sessions), "B/session")
		st.Close()
	}
}

// OpenFiles returns the number of open descriptors of this process.
func OpenFiles(t testing.TB) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("/proc/self/fd does not exist")
	}
	return len(files)
}

// CPUTime returns the processor time that this process has used. Unlike a clock, it does
// not depend on what else the machine does.
func CPUTime(t testing.TB) time.Duration {
	t.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// resident returns the resident memory of this process in bytes, after a garbage collection.
func resident(b *testing.B) int {
	b.Helper()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("/proc/self/statm does not exist")
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
