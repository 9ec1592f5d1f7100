package logging

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
)

// gateDest writes only while its gate is open.
type gateDest struct {
	gate   chan struct{} // write blocks until it is closed
	got    strings.Builder
	closed bool
}

func (d *gateDest) write(entries []byte) {
	<-d.gate
	d.got.Write(entries)
}

func (d *gateDest) close() { d.closed = true }

func testNote(at logrus.Level, text string) []byte {
	return []byte(levelName(at) + " " + text + "\n")
}

func TestBlockedQueueWaitsOnceAndThenDrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &gateDest{gate: make(chan struct{})}
		q := newQueue(d, testNote)
		entry := []byte(strings.Repeat("x", maxEntry-1) + "\n")
		write := func() time.Duration {
			start := time.Now()
			if n, err := q.Write(entry); n != len(entry) || err != nil {
				t.Errorf("Write: %d, %v", n, err)
			}
			return time.Since(start)
		}
		write()
		synctest.Wait() // the writer has taken the first entry
		for i := range maxQueued / maxEntry {
			if took := write(); took != 0 {
				t.Fatalf("entry %d waited %v, although the queue has capacity", i, took)
			}
		}
		if took := write(); took != stallWait {
			t.Errorf("the first entry over the capacity waited %v, want %v", took, stallWait)
		}
		if took := write(); took != 0 {
			t.Errorf("the next entry waited %v, want 0s", took)
		}
		if q.flush(closeWait) {
			t.Error("flush reports that all entries are written")
		}
		close(d.gate)
		if !q.flush(closeWait) {
			t.Error("flush reports that entries are left")
		}
		want := strings.Repeat(string(entry), 1+maxQueued/maxEntry) +
			"WARN 2 log entries were dropped here: the log could not be written fast enough\n"
		if d.got.String() != want {
			t.Errorf("written are %d bytes, want %d: … %q", d.got.Len(), len(want), d.got.String()[max(d.got.Len()-100, 0):])
		}
		write()
		q.shut()
		if !q.wait(closeWait) || !d.closed {
			t.Error("the queue has not ended")
		}
	})
}

func TestQueueWaitsForAShortPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &gateDest{gate: make(chan struct{})}
		q := newQueue(d, testNote)
		time.AfterFunc(stallWait/2, func() { close(d.gate) })
		for range 20 {
			_, _ = q.Write([]byte(strings.Repeat("x", maxEntry)))
		}
		q.shut()
		if !q.wait(closeWait) || d.got.Len() != 20*maxEntry {
			t.Errorf("%d bytes are written, want %d", d.got.Len(), 20*maxEntry)
		}
	})
}

func TestCloseReturnsWhileTheQueueIsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &gateDest{gate: make(chan struct{})}
		q := newQueue(d, testNote)
		_, _ = q.Write([]byte("x\n"))
		l := &Logger{outputs: []*output{{queue: q}}}
		start := time.Now()
		if err := l.Close(); err == nil {
			t.Error("Close returns no error")
		}
		if took := time.Since(start); took != closeWait {
			t.Errorf("Close took %v, want %v", took, closeWait)
		}
		close(d.gate)
		if err := l.Close(); err != nil {
			t.Error("second Close:", err)
		}
		_, _ = q.Write([]byte("late\n"))
		if d.got.String() != "x\n" {
			t.Errorf("written is %q", d.got.String())
		}
	})
}

func TestQueueKeepsEachWritersOrder(t *testing.T) {
	d := &gateDest{gate: make(chan struct{})}
	close(d.gate)
	q := newQueue(d, testNote)
	const writers, each = 16, 500
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				_, _ = q.Write(fmt.Appendf(nil, "%d %d\n", w, i))
			}
		})
	}
	wg.Wait()
	q.shut()
	if !q.wait(patience) {
		t.Fatal("the queue has not ended")
	}
	var next [writers]int
	for line := range strings.Lines(d.got.String()) {
		var w, i int
		if _, err := fmt.Sscanf(line, "%d %d\n", &w, &i); err != nil || next[w] != i {
			t.Fatalf("%q where %d comes next: %v", line, next[w], err)
		}
		next[w]++
	}
	for w, n := range next {
		if n != each {
			t.Errorf("writer %d: %d entries, want %d", w, n, each)
		}
	}
}

func TestEmptyEntriesAreIgnored(t *testing.T) {
	d := &gateDest{gate: make(chan struct{})} // never closed: a write would hang
	q := newQueue(d, testNote)
	_, _ = q.Write(nil)
	q.shut()
	if !q.wait(patience) {
		t.Error("something was written")
	}
}
