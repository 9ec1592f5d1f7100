package logging

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/shorten"
)

// Fields with information about an entry, which are not shown. Callers pass them,
// like CategoryField, to logrus' WithField.
const (
	// SourceField is the place in a script that an entry comes from, as
	// "irc.lua:120". Its default is the place in the program that logs the entry.
	// Limits count by this place.
	SourceField = "\x00source"
	// KeepField, with any value, exempts an entry from the limits that all places
	// share. It is for the results of logins and for rejections.
	KeepField = "\x00keep"
	// AlwaysField, with any value, exempts an entry from all limits. It is for debuggers and the code
	// that an admin runs.
	AlwaysField = "\x00always"
)

// IsOwnField reports whether a field is one of these, which are not shown.
func IsOwnField(name string) bool {
	return name == CategoryField || name == SourceField || name == KeepField || name == AlwaysField
}

// scriptCategory is the category of lines that a script logs.
const scriptCategory = "script"

// pipeline is the hook that all entries pass. It drops entries that no output
// accepts, counts those over the limits, and passes the others to each output.
type pipeline struct {
	outputs []*output
	tail    *tail
	limiter *limiter // nil: no limits
	// lines counts the entries that an output accepts, by level, before the limits.
	lines [len(levelNames)]atomic.Uint64
}

// Levels implements logrus.Hook.
func (p *pipeline) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements logrus.Hook.
func (p *pipeline) Fire(e *logrus.Entry) error {
	r := record{time: e.Time, level: e.Level, category: category(e.Data), message: e.Message, fields: e.Data}
	if !p.wanted(&r) {
		return nil
	}
	if int(e.Level) < len(p.lines) {
		p.lines[e.Level].Add(1)
	}
	allowed := p.limiter == nil || p.allowed(&r)
	if allowed {
		p.tail.add(r)
	}
	for _, out := range p.outputs {
		if allowed || out.terminal {
			out.log(&r)
		}
	}
	return nil
}

func (p *pipeline) wanted(r *record) bool {
	for _, out := range p.outputs {
		if out.wants(r) {
			return true
		}
	}
	return false
}

func (p *pipeline) allowed(r *record) bool {
	if _, always := r.fields[AlwaysField]; always {
		return true
	}
	k := key{place: place{category: r.category, level: r.level}, user: userOf(r.fields)}
	if source, ok := r.fields[SourceField].(string); ok && source != "" {
		k.source = source
	} else {
		k.pc = callSite()
	}
	size := len(r.message)
	for name, value := range r.fields {
		size += len(name)
		if s, ok := value.(string); ok {
			size += len(s)
		}
	}
	_, keep := r.fields[KeepField]
	return p.limiter.allow(k, r.message, min(size, maxEntry), keep)
}

func userOf(fields logrus.Fields) string {
	user, _ := fields["user"].(string)
	return user
}

// summarize logs the dropped lines of one place.
func (p *pipeline) summarize(s summary) {
	fields := logrus.Fields{"count": s.count, "within": s.over.Round(time.Second).String()}
	switch {
	case s.user == others:
		fields["users"] = "several"
	case s.users > 0:
		fields["users"] = s.users
	case s.user != "":
		fields["user"] = s.user
	}
	if s.source != "" {
		fields["at"] = s.source
	}
	r := record{
		time: time.Now(), level: s.level, category: s.category, fields: fields,
		message: "similar lines are left out, the last one: " + s.example,
	}
	p.tail.add(r)
	for _, out := range p.outputs {
		if !out.terminal {
			out.log(&r)
		}
	}
}

// example returns the beginning of a message, on one line.
func example(message string) string {
	first, _, cut := strings.Cut(strings.TrimSpace(message), "\n")
	if len(first) > maxExample {
		return shorten.Ellipsis(first, maxExample)
	}
	if cut {
		return first + " …"
	}
	return strings.Clone(first)
}

// logrusPrefix starts the names of logrus' functions, ownPrefix those of this
// package.
const (
	logrusPrefix = "github.com/sirupsen/logrus."
	ownPrefix    = "spectrumlua/runtime/logging."
)

// throughs caches which program counters belong to logrus or this package.
var throughs sync.Map // uintptr → bool

// usualDepth is a number of frames that usually contains the code that called logrus.
// Each frame takes a tenth of a microsecond.
const usualDepth = 8

// callSite returns the program counter of the code that called logrus.
func callSite() uintptr {
	var space [32]uintptr
	for from, to := 0, usualDepth; to <= len(space); from, to = to, 2*to {
		n := runtime.Callers(3, space[:to])
		for _, pc := range space[min(from, n):n] {
			if !isThrough(pc) {
				return pc
			}
		}
	}
	return 0
}

// isThrough reports whether a program counter belongs to logrus or this package.
func isThrough(pc uintptr) bool {
	through, known := throughs.Load(pc)
	if !known {
		frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
		through = strings.HasPrefix(frame.Function, logrusPrefix) || strings.HasPrefix(frame.Function, ownPrefix+"(*pipeline)")
		throughs.Store(pc, through)
	}
	return through.(bool)
}
