package session

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
)

// TestLoginIsDelayedAfterNetworkFailures lets a user's network fail several times, and
// measures the time from each LOGIN to on.login.
func TestLoginIsDelayedAfterNetworkFailures(t *testing.T) {
	const none = 0
	for _, c := range []struct {
		name   string
		change func(*Options)
		ends   []string // the verbs of each session; "idle" is an hour without a session
		want   []time.Duration
	}{
		{"grow", nil, []string{"dropped", "dropped", "other", "dropped"},
			[]time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second}},
		{"pauses have a limit", func(o *Options) { o.LoginDelayMax = 5 * time.Second }, []string{"dropped", "dropped", "dropped", "dropped"},
			[]time.Duration{2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second}},
		{"a limit below the first", func(o *Options) { o.LoginDelayMax = time.Second }, []string{"dropped", "dropped"},
			[]time.Duration{time.Second, time.Second}},
		{"none", func(o *Options) { o.LoginDelay = 0 }, []string{"dropped", "dropped"}, []time.Duration{none, none}},
		{"not after a final error", nil, []string{"dropped", "refused", "dropped"}, []time.Duration{2 * time.Second, none, 2 * time.Second}},
		{"not after a logout", nil, []string{"", "send"}, []time.Duration{none, none}},
		{"short connections do not help", nil, []string{"connected dropped", "connected dropped"},
			[]time.Duration{2 * time.Second, 4 * time.Second}},
		{"a stable connection does", nil, []string{"dropped", "dropped", "connected minute dropped", "dropped"},
			[]time.Duration{2 * time.Second, 4 * time.Second, 2 * time.Second, 4 * time.Second}},
		{"a long login does not", nil, []string{"dropped", "minute dropped"}, []time.Duration{2 * time.Second, 4 * time.Second}},
		{"two errors of a session count once", nil, []string{"dropped dropped", "dropped other dropped"},
			[]time.Duration{2 * time.Second, 4 * time.Second}},
		{"failures are forgotten", nil, []string{"dropped", "dropped", "hour dropped"},
			[]time.Duration{2 * time.Second, 4 * time.Second, 2 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			perform(t, c.change, func(p *play) {
				p.login("alice")
				p.login("bob")
				for i, end := range c.ends {
					for end != "" && p.passTime(&end) {
					}
					p.say("alice", end)
					p.later(0)
					p.forget()
					p.logout("alice")
					p.login("alice")
					p.later(0)
					begin := time.Now()
					for p.r.Find("alice") == nil {
						time.Sleep(10 * time.Millisecond)
					}
					took := time.Since(begin)
					if want := c.want[i]; took > want+10*time.Millisecond || took < want*3/4 {
						p.Errorf("pause %d took %v, want %v or up to a quarter less", i, took, want)
					}
				}
			})
		})
	}
}

// passTime lets time pass if the first word says so, and removes that word.
func (p *play) passTime(words *string) bool {
	for word, d := range map[string]time.Duration{"minute ": time.Minute, "hour ": time.Hour} {
		if rest, ok := cut(*words, "connected "+word); ok {
			p.say("alice", "connected")
			time.Sleep(d)
			*words = rest
			return true
		}
		if rest, ok := cut(*words, word); ok {
			time.Sleep(d)
			*words = rest
			return true
		}
	}
	return false
}

func cut(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && s[:len(prefix)] == prefix {
		return s[len(prefix):], true
	}
	return s, false
}

// TestLogoutDuringAPauseKeepsThePause checks that the session never begins, and that the
// next one waits for the rest of the pause.
func TestLogoutDuringAPauseKeepsThePause(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.say("alice", "dropped")
		p.later(0)
		p.logout("alice")
		p.login("alice")
		p.later(0)
		p.logged(logrus.DebugLevel, "on.login waits for")
		p.forget()
		p.say("alice", "never")
		time.Sleep(time.Second)
		p.logout("alice")
		p.expect()
		p.login("alice")
		p.say("alice", "hello")
		p.expect()
		p.later(2 * time.Second)
		p.mu.Lock()
		p.from = time.Now()
		p.mu.Unlock()
		p.say("alice", "more")
		p.later(0)
		if len(p.record) != 3 || p.record[2] != "alice more" {
			p.Errorf("got %q", p.record)
		}
		p.forget()
	})
}

func TestLoginWaitsForPauseAndPreviousSession(t *testing.T) {
	for _, longer := range []string{"pause", "predecessor"} {
		t.Run(longer, func(t *testing.T) {
			perform(t, func(o *Options) {
				if longer == "pause" {
					o.LoginDelay = 10 * time.Second
				} else {
					o.LogoutGrace = 10 * time.Second
				}
			}, func(p *play) {
				p.login("alice")
				p.say("alice", "dropped wait")
				p.later(0)
				p.logout("alice")
				p.login("alice")
				p.say("alice", "hello")
				p.later(0)
				p.forget()
				p.later(7 * time.Second)
				if p.r.Find("alice") != nil {
					p.Error("the session has begun too early")
				}
				p.later(4 * time.Second)
				if p.r.Find("alice") == nil {
					p.Error("the session has not begun")
				}
				p.forget()
			})
		})
	}
}

// TestRememberedFailuresAreLimited covers users whose pauses have not ended, too.
func TestRememberedFailuresAreLimited(t *testing.T) {
	for name, gap := range map[string]time.Duration{"at once": 0, "one after the other": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := pauses{clock: clock.Real(), base: time.Second, limit: time.Minute, users: map[string]*failure{}}
				for i := range 3 * maxFailures {
					p.failed(fmt.Sprint("user", i), 0)
					time.Sleep(gap)
					if n := len(p.users); n > maxFailures || p.users[fmt.Sprint("user", i)] == nil {
						t.Fatalf("%d failures are remembered, of user %d: %v", n, i, p.users[fmt.Sprint("user", i)])
					}
				}
				if len(p.users) < maxFailures/2 {
					t.Errorf("only %d failures are remembered", len(p.users))
				}
			})
		})
	}
}

func TestWithoutPausesNoFailureIsRemembered(t *testing.T) {
	p := pauses{clock: clock.Real(), limit: time.Minute, users: map[string]*failure{}}
	p.failed("alice", 0)
	if len(p.users) > 0 || p.of("alice") != 0 {
		t.Errorf("%d failures are remembered", len(p.users))
	}
}

// TestPausesOfManyUsersDiffer checks that users who failed together do not all log in
// again at the same time.
func TestPausesOfManyUsersDiffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := pauses{clock: clock.Real(), base: time.Second, limit: time.Second, users: map[string]*failure{}}
		different := map[time.Duration]bool{}
		for i := range 100 {
			user := fmt.Sprint(i)
			p.failed(user, 0)
			different[p.of(user)] = true
		}
		if len(different) < 90 {
			t.Errorf("100 users have %d different pauses", len(different))
		}
	})
}
