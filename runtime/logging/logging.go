package logging

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
)

// CategoryField is the field whose value is log4cxx's logger name, %c.
const CategoryField = "category"

// ownCategory is the category of this package's entries.
const ownCategory = "log"

// closeWait limits Close and Flush. A backend has 2 s for its whole exit.
const closeWait = 500 * time.Millisecond

// Options are the settings of a log. The zero value logs to standard error.
type Options struct {
	// ConfigFile is the log4cxx properties file of [logging] backend_config. Empty
	// selects standard error at level INFO.
	ConfigFile string
	// JID and ID are the transport's JID and the backend's number
	// (service.backend_id). They replace ${jid} and ${id} in the file.
	JID, ID string
	// Identifier names the program in the journal. Empty selects spectrum2_lua_backend.
	Identifier string
	// PID replaces ${pid}. 0 selects this process.
	PID int
	// Stdout and Stderr are the streams for console appenders. Stderr also receives
	// entries that cannot be written elsewhere. Nil selects the process's own.
	Stdout, Stderr *os.File
	// Hide removes secrets from messages and fields. It may be nil.
	Hide func(text string) string
	// Limits are the limits of the log. Nil selects DefaultLimits.
	Limits *Limits
	// Clock is the clock of the limits. Nil selects clock.Real.
	Clock clock.Clock
	// JournalSocket is the path of the journal's socket. Empty selects systemd's.
	JournalSocket string
}

// Logger is a logrus logger that must be closed. It is safe for concurrent use.
// Callers must not use SetFormatter, SetOutput and ReplaceHooks.
//
// SetLevel works as with any logrus logger, but levels for categories and appenders
// (Threshold) in the config file still apply.
type Logger struct {
	*logrus.Logger
	outputs  []*output
	pipeline *pipeline
	usual    *levels
	over     atomic.Pointer[levels] // replaces usual; nil if it does not
}

// Open returns a log. It cannot fail, and does not open log files yet. It logs
// problems of the config file as warnings, and uses defaults in place of unusable
// settings.
//
// From the first call on, a write to a closed standard error or output fails with
// EPIPE. By default SIGPIPE would end the process.
func Open(o Options) *Logger {
	guardPipes()
	o = o.withDefaults()
	c := loadConfig(o)

	l := &Logger{Logger: logrus.New(), usual: &c.levels}
	l.ExitFunc = func(int) {} // Fatal must not end the process
	l.Level = c.levels.highest()
	l.Out, l.Formatter = io.Discard, nothing{} // the pipeline writes
	for _, a := range c.appenders {
		l.outputs = append(l.outputs, newOutput(o, c, a, l.levels))
	}
	l.pipeline = &pipeline{outputs: l.outputs, tail: newTail(o.Hide)}
	l.pipeline.limiter = newLimiter(*o.Limits, o.Clock, l.pipeline.summarize)
	l.AddHook(l.pipeline)

	log := l.Category(ownCategory)
	for _, w := range c.warnings {
		log.Warn(w)
	}
	return l
}

func (o Options) withDefaults() Options {
	if o.PID == 0 {
		o.PID = os.Getpid()
	}
	if o.Stdout == nil {
		o.Stdout = os.Stdout
	}
	if o.Stderr == nil {
		o.Stderr = os.Stderr
	}
	if o.Limits == nil {
		limits := DefaultLimits()
		o.Limits = &limits
	}
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	if o.JournalSocket == "" {
		o.JournalSocket = journalSocket
	}
	if o.Identifier == "" {
		o.Identifier = journalIdentifier
	}
	return o
}

// nothing is a formatter that returns no text.
type nothing struct{}

func (nothing) Format(*logrus.Entry) ([]byte, error) { return nil, nil }

// Category returns an entry with the category name, which %c shows. Keep the entry:
// each WithField copies a map.
func (l *Logger) Category(name string) *logrus.Entry {
	return l.WithField(CategoryField, name)
}

// Flush waits until all entries so far are written, including the counts of dropped
// lines, but at most 500 ms. It is for code that ends the process without Close.
func (l *Logger) Flush() {
	l.summarize((*limiter).flush)
	deadline := time.Now().Add(closeWait)
	for _, out := range l.outputs {
		out.queue.flush(time.Until(deadline))
	}
}

// errUnwritten is returned by Close if it gives up.
var errUnwritten = errors.New("closing the log: some entries could not be written in time")

// Close writes the queued entries and ends the log's goroutines, within 500 ms.
// Later entries are dropped. Close may be called more than once.
func (l *Logger) Close() error {
	l.summarize((*limiter).close)
	deadline := time.Now().Add(closeWait)
	for _, out := range l.outputs {
		out.queue.shut()
	}
	var err error
	for _, out := range l.outputs {
		if !out.queue.wait(time.Until(deadline)) {
			err = errUnwritten
		}
	}
	return err
}

func (l *Logger) summarize(how func(*limiter)) {
	if l.pipeline != nil {
		how(l.pipeline.limiter)
	}
}

// guardPipes catches SIGPIPE. By default Go ends the process with it when a write
// to descriptor 1 or 2 finds no reader. Nothing receives from the channel, so
// further signals are dropped. A caught signal, unlike an ignored one, has its
// default action in child processes.
var guardPipes = sync.OnceFunc(func() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
})
