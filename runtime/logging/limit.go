package logging

import (
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
)

// Limits bound what the log takes, so that a flood does not roll over what an
// admin needs. docs/admin/operations.md tells admins about them.
type Limits struct {
	// Own is what may come from one place in the program, Script what may come
	// from one line of a script by print or spectrum.log, for each user. Process
	// is what may come from one place in the program about no user, such as the
	// loads of an author who saves a script again and again.
	Own, Process, Script Rate
	// Lines and Bytes are what may come from all places together.
	Lines, Bytes Rate
	// Summary is how often the log says what has been left out.
	Summary time.Duration
}

// Rate is how much may come at once, and how much each second.
type Rate struct {
	Burst, PerSecond float64
}

// DefaultLimits are those of a log without Options.Limits.
func DefaultLimits() Limits {
	return Limits{
		Own:     Rate{Burst: 5, PerSecond: 0.1},
		Process: Rate{Burst: 60, PerSecond: 1},
		Script:  Rate{Burst: 200, PerSecond: 10},
		Lines:   Rate{Burst: 2000, PerSecond: 100},
		Bytes:   Rate{Burst: 1 << 20, PerSecond: 16 << 10},
		Summary: 10 * time.Second,
	}
}

const (
	// maxPlaces is how many places and users are told apart; what comes from
	// others while all are in use counts as one.
	maxPlaces = 4096
	// maxUsers is how many users a place has a summary for each of.
	maxUsers = 3
	// freshAfter is how long a place must have been silent for its next line to
	// be shown in any case.
	freshAfter = time.Minute
	// lineOverhead is about what time, level and category take of a line.
	lineOverhead = 64
	// maxExample bounds the text that stands in a summary.
	maxExample = 200
)

// place is where a line comes from. Its lines are alike.
type place struct {
	source   string // file:line of a script
	pc       uintptr
	category string
	level    logrus.Level
}

type key struct {
	place
	user string
}

// bucket holds what may still come.
type bucket struct {
	left float64
	at   time.Time
}

// fill adds what has come in since the last time.
func (b *bucket) fill(r Rate, now time.Time) {
	if b.at.IsZero() {
		b.left = r.Burst
	} else if d := now.Sub(b.at).Seconds(); d > 0 {
		b.left = min(r.Burst, b.left+d*r.PerSecond)
	}
	b.at = now
}

// entryCount is what is known of one key.
type entryCount struct {
	bucket
	rate    Rate
	hidden  int    // lines left out since the last summary
	example string // the last of them
}

// limiter decides what is logged. It is safe for concurrent use.
type limiter struct {
	limits Limits
	clock  clock.Clock
	// tell logs a summary.
	tell func(summary)

	mu           sync.Mutex
	keys         map[key]*entryCount
	shown        map[place]time.Time // when each place was last shown
	lines, bytes bucket
	timer        clock.Timer // up when the next summary is due; nil if nothing is hidden
	since        time.Time   // the first line that has been left out since the last summary
	closed       bool
}

// summary says what has been left out of one place.
type summary struct {
	place
	user    string
	users   int // if more than maxUsers
	count   int
	over    time.Duration
	example string
}

func newLimiter(l Limits, c clock.Clock, tell func(summary)) *limiter {
	return &limiter{limits: l, clock: c, tell: tell, keys: map[key]*entryCount{}, shown: map[place]time.Time{}}
}

// allow reports whether a line may be logged. If not, it is counted.
func (l *limiter) allow(k key, message string, size int, keep bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.clock.Now()
	e := l.entry(k, now)
	e.fill(e.rate, now)
	l.lines.fill(l.limits.Lines, now)
	l.bytes.fill(l.limits.Bytes, now)

	last, known := l.shown[k.place]
	always := keep || k.level <= logrus.ErrorLevel && k.user == "" ||
		!known && len(l.shown) < maxPlaces || known && now.Sub(last) >= freshAfter
	cost := float64(size + lineOverhead)
	if e.left < 1 || !always && (l.lines.left < 1 || l.bytes.left < cost) {
		e.hidden++
		e.example = example(message)
		l.later(now)
		return false
	}
	e.left--
	// What is always shown takes of the budget too, so that the rest gets less.
	l.lines.left = max(l.lines.left-1, -l.limits.Lines.Burst)
	l.bytes.left = max(l.bytes.left-cost, -l.limits.Bytes.Burst)
	if known || len(l.shown) < maxPlaces {
		l.shown[k.place] = now
	}
	return true
}

// entry returns what is known of k. When too much is known, it first forgets
// what has not come for long, and then tells users apart no longer. l.mu is held.
func (l *limiter) entry(k key, now time.Time) *entryCount {
	if e := l.keys[k]; e != nil {
		return e
	}
	if len(l.keys) >= maxPlaces {
		l.forget(now)
	}
	if len(l.keys) >= maxPlaces {
		if k.user != "" {
			k.user = others
		} else {
			k.place = place{category: ownCategory, level: k.level}
		}
		if e := l.keys[k]; e != nil {
			return e
		}
		if len(l.keys) >= 2*maxPlaces {
			k.place = place{category: ownCategory, level: k.level}
			if e := l.keys[k]; e != nil {
				return e
			}
		}
	}
	e := &entryCount{rate: l.limits.Own}
	switch {
	case k.category == scriptCategory:
		e.rate = l.limits.Script
	case k.user == "":
		e.rate = l.limits.Process
	}
	if k.user == others {
		e.rate = Rate{Burst: l.limits.Lines.Burst, PerSecond: l.limits.Lines.PerSecond}
	}
	l.keys[k] = e
	return e
}

// others stands for users who are not told apart.
const others = "\x00others"

func (l *limiter) forget(now time.Time) {
	for k, e := range l.keys {
		if e.fill(e.rate, now); e.hidden == 0 && e.left >= e.rate.Burst {
			delete(l.keys, k)
		}
	}
	for p, at := range l.shown {
		if now.Sub(at) >= freshAfter {
			delete(l.shown, p)
		}
	}
}

// later has a summary logged in some time. l.mu is held.
func (l *limiter) later(now time.Time) {
	if l.timer == nil && !l.closed {
		l.since = now
		l.timer = l.clock.AfterFunc(l.limits.Summary, l.flush)
	}
}

// flush logs what has been left out.
func (l *limiter) flush() {
	for _, s := range l.take() {
		l.tell(s)
	}
}

// close logs what has been left out, and ends the timer.
func (l *limiter) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.flush()
}

// take takes the summaries.
func (l *limiter) take() []summary {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		return nil
	}
	l.timer.Stop()
	l.timer = nil
	over := l.clock.Now().Sub(l.since)
	byPlace := map[place][]summary{}
	for k, e := range l.keys {
		if e.hidden > 0 {
			byPlace[k.place] = append(byPlace[k.place], summary{
				place: k.place, user: k.user, count: e.hidden, over: over, example: e.example,
			})
			e.hidden, e.example = 0, ""
		}
	}
	var all []summary
	for _, list := range byPlace {
		if len(list) > maxUsers {
			one := summary{place: list[0].place, users: len(list), over: over, example: list[0].example}
			for _, s := range list {
				one.count += s.count
			}
			list = []summary{one}
		}
		all = append(all, list...)
	}
	return all
}
