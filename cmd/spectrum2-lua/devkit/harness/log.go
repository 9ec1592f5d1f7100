package harness

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/luabind/debugger"
	"spectrumlua/runtime/logging"
)

// Line is one entry of the backend's log. Its text has several lines if it has a traceback.
type Line struct {
	Time  time.Time
	Level logrus.Level
	// Category is the part of the program that logs: "backend", "link" or "lua". It is
	// "script" for lines of the script.
	Category string
	// User is the user of the handler or task, or "".
	User string
	// Text is the message and Fields its fields.
	Text   string
	Fields map[string]string
}

// String returns level, user, text and sorted fields, as a log shows them.
func (l Line) String() string {
	var b strings.Builder
	b.WriteString(strings.ToUpper(l.Level.String()))
	if l.User != "" {
		b.WriteString(" " + l.User + ":")
	}
	b.WriteString(" " + l.Text)
	names := make([]string, 0, len(l.Fields))
	for name := range l.Fields {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&b, " %s=%s", name, l.Fields[name])
	}
	return b.String()
}

// backendLog is the log of one backend.
type backendLog struct {
	logger *logrus.Logger
	tell   func(Line)

	mu sync.Mutex // held while tell runs
}

func newLog(tell func(Line)) *backendLog {
	l := &backendLog{logger: logrus.New(), tell: tell}
	l.logger.SetOutput(io.Discard)
	l.logger.SetLevel(logrus.DebugLevel)
	l.logger.SetFormatter(nothing{})
	if tell != nil {
		l.logger.AddHook(l)
	}
	return l
}

// Logger returns loggers by category. tell receives their lines; calls do not overlap.
func Logger(tell func(Line)) func(category string) logrus.FieldLogger { return newLog(tell).category }

func (l *backendLog) category(name string) logrus.FieldLogger {
	return l.logger.WithField(logging.CategoryField, name)
}

// Levels implements logrus.Hook.
func (l *backendLog) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements logrus.Hook.
func (l *backendLog) Fire(e *logrus.Entry) error {
	if _, ok := e.Data[logging.KeepField]; ok {
		return nil // tools see the end of a login by the backend's messages
	}
	line := Line{Time: e.Time, Level: e.Level, Text: e.Message}
	for name, value := range e.Data {
		if logging.IsOwnField(name) && name != logging.CategoryField {
			continue
		}
		switch text := fmt.Sprint(value); name {
		case logging.CategoryField:
			line.Category = text
		case "user":
			line.User = text
		default:
			if line.Fields == nil {
				line.Fields = map[string]string{}
			}
			line.Fields[name] = text
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tell(line)
	return nil
}

// nothing formats entries as nothing, because the hook handles them.
type nothing struct{}

func (nothing) Format(*logrus.Entry) ([]byte, error) { return nil, nil }

// logged returns Log, which also passes the lines to the debugger.
func (o Options) logged() func(Line) {
	log, d := o.Log, o.Debugger
	if d == nil {
		return log
	}
	return func(l Line) {
		d.Output(debugger.Output{Text: l.Text + "\n"})
		if log != nil {
			log(l)
		}
	}
}
