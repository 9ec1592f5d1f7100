package scripttest

import (
	"context"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
)

// log keeps what the script under test and the test have logged.
type log struct {
	mu      sync.Mutex
	entries []*entry
	changed chan struct{} // closed at the next entry; nil until somebody waits
}

// entry is one line.
type entry struct {
	harness.Line
	ofTest  bool
	taken   bool // by t:log
	excused bool // by t:expect_error
}

// isError tells of an error that the runtime has logged: one in a handler, a
// task or a timer. What the script itself logs as an error is its own affair.
func (e *entry) isError() bool {
	return !e.ofTest && e.Level <= logrus.ErrorLevel && e.Category != "script"
}

// about is the line as a failure.
func (e *entry) about() string {
	if e.User != "" {
		return e.Text + "\n  (logged for " + e.User + ")"
	}
	return e.Text
}

func (j *log) add(l harness.Line, ofTest bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, &entry{Line: l, ofTest: ofTest})
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// find returns the first entry that fits, or a channel that is closed when there
// are more.
func (j *log) find(fits func(*entry) bool) (*entry, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		if fits(e) {
			return e, nil
		}
	}
	if j.changed == nil {
		j.changed = make(chan struct{})
	}
	return nil, j.changed
}

// await waits for an entry that fits; find's fits may change it.
func (j *log) await(ctx context.Context, fits func(*entry) bool) (*entry, error) {
	for {
		e, more := j.find(fits)
		if e != nil {
			return e, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// unexpected are the errors that no test has expected.
func (j *log) unexpected() (all []*entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		if e.isError() && !e.excused {
			all = append(all, e)
		}
	}
	return all
}

// lines are those that help to understand a case: what scripts have logged, and
// the runtime's warnings. Errors are failures.
func (j *log) lines() (all []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		if e.Category == "script" && e.Level <= logrus.InfoLevel || e.Level == logrus.WarnLevel {
			all = append(all, e.String())
		}
	}
	return all
}

// excuseLoad marks the log lines about a failed load as known. The caller of the load
// reports the failure.
func (j *log) excuseLoad() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		e.excused = e.excused || strings.Contains(e.Text, "cannot load ") && (strings.Contains(e.Text, ", so logins are refused: ") || strings.Contains(e.Text, " keeps running: "))
	}
}

// shownEntries is how much of the log a failed expectation shows.
const shownEntries = 20

// all are the last lines of any kind, each as one line.
func (j *log) all() (lines []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries[max(0, len(j.entries)-shownEntries):] {
		first, _, _ := strings.Cut(e.String(), "\n")
		lines = append(lines, first)
	}
	return lines
}
