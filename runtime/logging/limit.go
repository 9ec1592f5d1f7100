package logging

import (
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
)

// Limits limit the lines in the log, so that a flood does not push out the lines
// that an admin needs. docs/admin/operations.md describes them for admins.
type Limits struct {
	// Own is the limit for one place in the program, Script the one for one line of
	// a script that calls print or spectrum.log. Both count each user separately.
	// Process is the limit for one place in the program that logs about no user,
	// such as the loads of a script that its author saves repeatedly.
	Own, Process, Script Rate
	// Lines and Bytes are the limits for all places together.
	Lines, Bytes Rate
	// Summary is the interval between reports of dropped lines.
	Summary time.Duration
}

// Rate is the number that is allowed at once, and the number that is added each
// second.
type Rate struct {
	Burst, PerSecond float64
}

// DefaultLimits returns the limits of a log without Options.Limits.
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
	// maxPlaces is the number of distinct pairs of place and user. Further pairs
	// count as one.
	maxPlaces = 4096
	// maxUsers is the number of users with a summary of their own for each place.
	maxUsers = 3
	// forgetEvery is the minimum time between two searches for silent pairs. A search
	// takes as long as hundreds of lines.
	forgetEvery = time.Second
	// freshAfter is how long a place must be silent for its next line to be always
	// shown.
	freshAfter = time.Minute
	// lineOverhead is the approximate size of a line's time, level and category.
	lineOverhead = 64
	// maxExample is the maximum length of the example in a summary.
	maxExample = 200
)

// place is the origin of a line. Lines of one place are similar.
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

// bucket holds the number of lines or bytes that are still allowed.
type bucket struct {
	left float64
	at   time.Time
}

// fill adds the number for the time since the last call.
func (b *bucket) fill(r Rate, now time.Time) {
	if b.at.IsZero() {
		b.left = r.Burst
	} else if d := now.Sub(b.at).Seconds(); d > 0 {
		b.left = min(r.Burst, b.left+d*r.PerSecond)
	}
	b.at = now
}

// entryCount is the state of one key.
type entryCount struct {
	bucket
	rate    Rate
	hidden  int    // number of lines dropped since the last summary
	example string // the last dropped line
}

// limiter decides which lines are logged. It is safe for concurrent use.
type limiter struct {
	limits Limits
	clock  clock.Clock
	// tell logs a summary.
	tell func(summary)

	mu           sync.Mutex
	keys         map[key]*entryCount
	shown        map[place]time.Time // when each place was last shown
	lines, bytes bucket
	forgot       time.Time   // the last call of forget
	timer        clock.Timer // runs flush when the next summary is due; nil if no line is hidden
	since        time.Time   // the first dropped line since the last summary
	closed       bool
}

// summary reports the dropped lines of one place.
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

// allow reports whether a line may be logged. It counts the line if not.
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
	// Lines that are always shown also count, so that the log shows fewer other lines.
	l.lines.left = max(l.lines.left-1, -l.limits.Lines.Burst)
	l.bytes.left = max(l.bytes.left-cost, -l.limits.Bytes.Burst)
	if known || len(l.shown) < maxPlaces {
		l.shown[k.place] = now
	}
	return true
}

// entry returns the state of k. If the number of keys is at its limit, it forgets keys
// that have been silent for long. If that is not enough, it stops distinguishing users.
// l.mu is held.
func (l *limiter) entry(k key, now time.Time) *entryCount {
	if e := l.keys[k]; e != nil {
		return e
	}
	if len(l.keys) >= maxPlaces && now.Sub(l.forgot) >= forgetEvery {
		l.forget(now)
		l.forgot = now
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

// others stands for all users that are not distinguished.
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

// later schedules a summary. l.mu is held.
func (l *limiter) later(now time.Time) {
	if l.timer == nil && !l.closed {
		l.since = now
		l.timer = l.clock.AfterFunc(l.limits.Summary, l.flush)
	}
}

// flush logs the summaries of all dropped lines.
func (l *limiter) flush() {
	for _, s := range l.take() {
		l.tell(s)
	}
}

// close logs the summaries and stops the timer.
func (l *limiter) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.flush()
}

// take removes and returns the summaries.
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
