package logging

import (
	"errors"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
)

// CategoryField is the field whose value is log4cxx's logger name, %c.
const CategoryField = "category"

// ownCategory is the category of this package's own entries.
const ownCategory = "log"

// closeWait bounds Close and Flush: the whole end of a backend has 2 s.
const closeWait = 500 * time.Millisecond

// Options say where the log goes. The zero value logs to standard error.
type Options struct {
	// ConfigFile is [logging] backend_config: a log4cxx properties file.
	// Empty means standard error at level INFO.
	ConfigFile string
	// JID and ID are the transport's JID and the number of this backend
	// (service.backend_id), for ${jid} and ${id} in the file.
	JID, ID string
	// PID is for ${pid}; 0 means this process.
	PID int
	// Stdout and Stderr are for appenders to the console, and Stderr for
	// whatever cannot go where it should; nil means the process's own.
	Stdout, Stderr *os.File
	// Hide hides secrets in messages and fields; nil hides none.
	Hide func(text string) string
	// Limits bound what is logged; nil means DefaultLimits.
	Limits *Limits
	// Clock is what the limits go by; nil means clock.Real.
	Clock clock.Clock
	// JournalSocket is where the journal listens; "" means systemd's.
	JournalSocket string
}

// Logger is a logrus logger with an end. Its methods may be called from any
// goroutine; SetFormatter, SetOutput and ReplaceHooks are not for callers.
//
// SetLevel works as with any logrus logger, but what the config file says holds
// too if that gives levels to single categories, or to an appender (Threshold).
type Logger struct {
	*logrus.Logger
	outputs  []*output
	pipeline *pipeline
}

// Open sets up the log. It cannot fail, and it touches no log file yet: what
// is wrong with the config file is logged as a warning, and what cannot be
// used of it is replaced by its default, in the end by standard error.
//
// From the first call on, the process gets EPIPE for a write to a standard
// error or output that nobody reads, where Go would end it by SIGPIPE.
func Open(o Options) *Logger {
	guardPipes()
	o = o.withDefaults()
	c := loadConfig(o)

	l := &Logger{Logger: logrus.New()}
	l.ExitFunc = func(int) {} // Fatal must not end the process behind everyone's back
	l.Level = c.levels.highest()
	l.Out, l.Formatter = io.Discard, nothing{} // the pipeline writes
	for _, a := range c.appenders {
		l.outputs = append(l.outputs, newOutput(o, c, a))
	}
	l.pipeline = &pipeline{outputs: l.outputs}
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
	return o
}

// nothing formats an entry as nothing.
type nothing struct{}

func (nothing) Format(*logrus.Entry) ([]byte, error) { return nil, nil }

// Category returns an entry whose %c is name. Keep it: each WithField makes a
// new map.
func (l *Logger) Category(name string) *logrus.Entry {
	return l.WithField(CategoryField, name)
}

// Flush waits until what was logged so far is written, with the counts of what
// was left out, 500 ms at most. It is for what ends the process without Close.
func (l *Logger) Flush() {
	l.summarize((*limiter).flush)
	deadline := time.Now().Add(closeWait)
	for _, out := range l.outputs {
		out.queue.flush(time.Until(deadline))
	}
}

// errUnwritten says that Close gave up.
var errUnwritten = errors.New("the log could not be written to its end in time")

// Close writes what is queued and ends the log's goroutines, in 500 ms at
// most. Entries logged afterwards are dropped. It may be called more than once.
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

// guardPipes takes SIGPIPE, which Go otherwise lets end the process when a
// write to descriptor 1 or 2 finds no reader. Nobody receives from the channel,
// and a full one is passed over; unlike an ignored signal, a caught one is back
// to its default in the processes that we start.
var guardPipes = sync.OnceFunc(func() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
})
