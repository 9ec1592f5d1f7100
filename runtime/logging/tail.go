package logging

import (
	"sync"
	"time"

	"spectrumlua/runtime/shorten"
)

// Limits of the lines that Tail returns.
const (
	// TailLines is the number of lines that a log keeps.
	TailLines = 500
	// maxTailText is the longest text of a line, in bytes.
	maxTailText = 2 << 10
)

// Line is a line of the log, without the layout of an appender. Secrets are hidden, and
// control characters escaped.
type Line struct {
	Time     time.Time `json:"time"`
	Level    string    `json:"level"`    // of log4cxx: FATAL, ERROR, WARN, INFO, DEBUG or TRACE
	Category string    `json:"category"` // %c
	// Text is the message with its fields; the lines of a traceback follow. A long text is
	// truncated.
	Text string `json:"text"`
}

// tail keeps the newest lines of a log. It is safe for concurrent use.
type tail struct {
	message step
	hide    func(string) string

	mu    sync.Mutex
	lines []Line // a ring once it has TailLines elements
	next  int    // the oldest line of the ring
}

func newTail(hide func(string) string) *tail {
	return &tail{message: messageStep(nil, nil), hide: hide}
}

// add keeps the line of an entry.
func (t *tail) add(r record) {
	r.hide = t.hide
	text := linePool.Get().(*[]byte)
	*text = t.message((*text)[:0], &r)
	line := Line{Time: r.time, Level: levelName(r.level), Category: r.category, Text: shortened(*text)}
	if cap(*text) <= maxPooled {
		linePool.Put(text)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) < TailLines {
		t.lines = append(t.lines, line)
		return
	}
	t.lines[t.next] = line
	t.next = (t.next + 1) % TailLines
}

// shortened returns the beginning of a text.
func shortened(text []byte) string {
	if len(text) <= maxTailText {
		return string(text)
	}
	return string(shorten.Cut(text, maxTailText)) + "…"
}

// last returns the newest lines, the oldest of them first.
func (t *tail) last(n int) []Line {
	t.mu.Lock()
	defer t.mu.Unlock()
	n = max(min(n, len(t.lines)), 0)
	lines := make([]Line, n)
	for i := range lines {
		lines[i] = t.lines[(t.next+len(t.lines)-n+i)%len(t.lines)]
	}
	return lines
}

// Tail returns up to n of the newest lines that the log has written, the oldest of them
// first. It knows the last TailLines.
func (l *Logger) Tail(n int) []Line { return l.pipeline.tail.last(n) }
