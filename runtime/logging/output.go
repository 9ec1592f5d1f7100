package logging

import (
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/sirupsen/logrus"
)

// An output is an open appender: it formats an entry and queues the line.
type output struct {
	pattern   pattern
	threshold level
	levels    func() *levels
	colour    bool
	terminal  bool
	hide      func(string) string
	journal   *journalDest // the destination if it is the journal, or nil
	queue     *queue
}

func newOutput(o Options, c *config, a appender, levels func() *levels) *output {
	out := &output{threshold: a.threshold, levels: levels, hide: o.Hide}
	text := a.pattern
	otherwise := defaultPattern
	var d dest
	switch stream := o.stream(a.target); {
	case a.target == toFile:
		file := newFileDest(a, o.Stderr, out.note)
		if isJournal(o.Stderr) {
			file.mark = prefixed
		}
		d = file
	case isJournal(stream):
		out.journal = &journalDest{path: o.JournalSocket, stream: stream, jid: o.JID, name: o.Identifier}
		d, otherwise = out.journal, journalPattern
	default:
		out.terminal = isatty.IsTerminal(stream.Fd())
		if out.colour = inColour(stream); out.colour {
			otherwise = terminalPattern
		}
		d = streamDest{stream}
	}
	if text == "" {
		text = otherwise
	}
	out.pattern = compilePattern(text, func(warning string) {
		c.warnings = append(c.warnings, o.ConfigFile+": "+warning)
	})
	out.queue = newQueue(d, out.note)
	return out
}

func (o Options) stream(t target) *os.File {
	if t == toStdout {
		return o.Stdout
	}
	return o.Stderr
}

// inColour reports whether f is a terminal that shows colours.
func inColour(f *os.File) bool {
	return isatty.IsTerminal(f.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// category returns the value of an entry's %c.
func category(data logrus.Fields) string {
	if s, ok := data[CategoryField].(string); ok && s != "" {
		return s
	}
	return "root" // log4cxx's name for the root logger
}

// wants reports whether the entry is to be written.
func (o *output) wants(r *record) bool {
	return level(r.level) <= o.threshold && o.levels().passes(r.level, r.category)
}

// append appends the entry's line in the format of the destination.
func (o *output) append(b []byte, r record) []byte {
	r.colour, r.hide = o.colour, o.hide
	if o.journal == nil {
		return o.pattern.append(b, &r)
	}
	return o.journal.frame(b, &r, o.pattern.append(nil, &r))
}

var linePool = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled is the largest buffer that is kept after a long entry.
const maxPooled = 16 << 10

// log queues the entry if it is to be written.
func (o *output) log(r *record) {
	if !o.wants(r) {
		return
	}
	line := linePool.Get().(*[]byte)
	*line = o.append((*line)[:0], *r)
	_, _ = o.queue.Write(*line)
	if cap(*line) <= maxPooled {
		linePool.Put(line)
	}
}

// note returns the line of an entry about the log itself.
func (o *output) note(at logrus.Level, text string) []byte {
	return o.append(nil, record{time: time.Now(), level: at, category: ownCategory, message: text})
}
