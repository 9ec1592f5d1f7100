package luatest

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// MeasureWaiting reports the resident memory of a session that waits, in bytes.
// The script's on.conv_message begins to wait, and says "waiting".
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

// OpenFiles is how many descriptors this process has open.
func OpenFiles(t testing.TB) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("there is no /proc/self/fd")
	}
	return len(files)
}

// resident is the resident memory of this process, in bytes, without what the
// collector can give back.
func resident(b *testing.B) int {
	b.Helper()
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("there is no /proc/self/statm")
	}
	pages, err := strconv.Atoi(strings.Fields(string(data))[1])
	if err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}
