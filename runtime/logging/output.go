package logging

import (
	"bytes"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/sirupsen/logrus"
)

// An output is an appender at work: it makes an entry's line and queues it. The
// first one is the logger's formatter and its queue the logger's Out, as logrus
// has it; each further one is a hook.
type output struct {
	pattern   pattern
	threshold level
	levels    *levels
	colour    bool
	queue     *queue
}

func newOutput(o Options, c *config, a appender) *output {
	out := &output{threshold: a.threshold, levels: &c.levels}
	text := a.pattern
	var d dest
	switch stream := o.stream(a.target); a.target {
	case toFile:
		d = newFileDest(a, o.Stderr, out.note)
	default:
		out.colour = inColour(stream)
		d = streamDest{stream}
	}
	switch {
	case text == "" && out.colour:
		text = terminalPattern
	case text == "":
		text = defaultPattern
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

// inColour tells if f is a terminal that is to be written to in colour.
func inColour(f *os.File) bool {
	return isatty.IsTerminal(f.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// category gives the value of an entry's %c.
func category(data logrus.Fields) string {
	if s, ok := data[CategoryField].(string); ok && s != "" {
		return s
	}
	return "root" // log4cxx's name for it
}

// append appends the entry's line, if the entry is to be written.
func (o *output) append(b []byte, e *logrus.Entry) []byte {
	r := record{
		time: e.Time, level: e.Level, category: category(e.Data),
		message: e.Message, fields: e.Data, colour: o.colour,
	}
	if level(e.Level) > o.threshold || !o.levels.passes(e.Level, r.category) {
		return b
	}
	return o.pattern.append(b, &r)
}

// Format implements logrus.Formatter.
func (o *output) Format(e *logrus.Entry) ([]byte, error) {
	buf := e.Buffer
	if buf == nil {
		buf = new(bytes.Buffer)
	}
	_, _ = buf.Write(o.append(buf.AvailableBuffer(), e))
	return buf.Bytes(), nil
}

// Levels implements logrus.Hook.
func (o *output) Levels() []logrus.Level { return logrus.AllLevels }

var linePool = sync.Pool{New: func() any { return new([]byte) }}

// maxPooled is the largest buffer that is kept after a long entry.
const maxPooled = 16 << 10

// Fire implements logrus.Hook.
func (o *output) Fire(e *logrus.Entry) error {
	line := linePool.Get().(*[]byte)
	*line = o.append((*line)[:0], e)
	_, _ = o.queue.Write(*line)
	if cap(*line) <= maxPooled {
		linePool.Put(line)
	}
	return nil
}

// note makes the line of an entry about the log itself.
func (o *output) note(at logrus.Level, text string) []byte {
	return o.pattern.append(nil, &record{
		time: time.Now(), level: at, category: ownCategory, message: text, colour: o.colour,
	})
}
