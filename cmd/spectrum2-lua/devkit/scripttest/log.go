package scripttest

import (
	"context"
	"strings"
	"sync"

	"github.com/sirupsen/logrus"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
)

// log holds the log of the script under test and of the test.
type log struct {
	mu      sync.Mutex
	entries []*entry
	changed chan struct{} // closed at the next entry; nil if nobody waits
}

// entry is one line.
type entry struct {
	harness.Line
	ofTest  bool
	taken   bool // by t:log
	excused bool // by t:expect_error
}

// isError reports whether the entry is an error of a handler, a task or a timer. An error
// that the script itself logs does not count.
func (e *entry) isError() bool {
	return !e.ofTest && e.Level <= logrus.ErrorLevel && e.Category != "script"
}

// about returns the entry as a failure.
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

// find returns the first entry that fits, or a channel that closes when there are more.
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

// await waits for an entry that fits. fits may change the entry.
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

// unexpected returns the errors that no test has expected.
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

// lines returns the log lines that may explain a failure: those of scripts, and the
// runtime's warnings. Errors are failures themselves.
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

// excuseLoad marks the error of a script that does not load as expected, because start
// reports it.
func (j *log) excuseLoad() {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		e.excused = e.excused || strings.Contains(e.Text, "cannot load ") && (strings.Contains(e.Text, ", so logins are refused: ") || strings.Contains(e.Text, " keeps running: "))
	}
}

// shownEntries is the number of log lines in the message of a failed expectation.
const shownEntries = 20

// all returns the last lines of the log.
func (j *log) all() (lines []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries[max(0, len(j.entries)-shownEntries):] {
		first, _, _ := strings.Cut(e.String(), "\n")
		lines = append(lines, first)
	}
	return lines
}
