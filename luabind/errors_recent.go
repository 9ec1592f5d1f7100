package luabind

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/shorten"
)

// Limits of the errors that a host remembers.
const (
	maxFailures = 50          // places
	maxFailText = 2 << 10     // bytes of a message, and of a traceback
	failEvery   = time.Second // how often the texts of a place change
)

// failures remembers the newest errors of a script, by place. The zero value is ready to
// use. It is safe for concurrent use.
type failures struct {
	mu  sync.Mutex
	all map[failurePlace]*failure
}

// failurePlace is what equal errors have in common.
type failurePlace struct{ what, at string }

// failure is the errors of a place.
type failure struct {
	admin.Failure
	described time.Time // when the texts were set
}

// add counts an error. describe is called for its texts, at most once a second for a place,
// because hiding secrets takes time.
func (f *failures) add(now time.Time, what, at string, describe func() (user, message, traceback string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	place := failurePlace{what, at}
	known := f.all[place]
	if known == nil {
		if f.all == nil {
			f.all = map[failurePlace]*failure{}
		}
		if len(f.all) >= maxFailures {
			f.forget()
		}
		known = &failure{Failure: admin.Failure{What: what, At: at, First: now}}
		f.all[place] = known
	}
	known.Count++
	known.Last = now
	if known.described.IsZero() || now.Sub(known.described) >= failEvery {
		known.User, known.Message, known.Traceback = describe()
		known.described = now
	}
}

// forget removes the place whose last error is the oldest.
func (f *failures) forget() {
	var oldest failurePlace
	var at time.Time
	for place, known := range f.all {
		if at.IsZero() || known.Last.Before(at) {
			oldest, at = place, known.Last
		}
	}
	delete(f.all, oldest)
}

// newest returns the errors, those of the place that failed last first.
func (f *failures) newest() []admin.Failure {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]admin.Failure, 0, len(f.all))
	for _, known := range f.all {
		all = append(all, known.Failure)
	}
	slices.SortFunc(all, func(a, b admin.Failure) int {
		return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.At, b.At), cmp.Compare(a.What, b.What))
	})
	return all
}

// Failures returns the newest errors of handlers and tasks, by place, the newest first. It
// does not wait for the script lock.
func (h *Host) Failures() []admin.Failure { return h.failures.newest() }

// remember adds an error to Failures.
func (h *Host) remember(what, user string, err error, script *ScriptError) {
	message, trace := "", ""
	if script != nil {
		message, trace = script.Message, script.Traceback
	} else {
		message = err.Error()
	}
	h.failures.add(h.opts.Scheduler.Clock().Now(), what, sourceOf(message, what), func() (string, string, string) {
		return user, h.shown(message), h.shown(trace)
	})
}

// shown returns the beginning of a text, without secrets.
func (h *Host) shown(text string) string {
	return strings.Clone(shorten.Ellipsis(h.opts.Secrets.Hide(text), maxFailText))
}
