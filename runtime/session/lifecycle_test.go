package session

import (
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/sirupsen/logrus"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
)

func TestSessionHandlesMessagesFromLoginToLogout(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.say("alice", "before")
		p.logout("alice")
		p.expect()
		p.login("alice")
		p.say("alice", "one")
		p.say("bob", "stranger")
		p.say("alice", "two")
		p.expect("alice login", "alice one", "alice two")
		p.logout("alice")
		p.say("alice", "after")
		p.logout("alice")
		p.expect("alice logout", "alice ended")
		p.empty()
	})
}

// returns holds states of a session at a LOGOUT that a LOGIN follows at once.
var returns = []struct {
	name  string
	plans map[string]string
	scene func(p *play)
	want  []string
}{
	{"idle", nil, func(p *play) {
		p.logout("alice")
		p.login("alice")
		p.expect("alice logout", "alice ended", "alice login")
	}, nil},
	{"a handler waits", nil, func(p *play) {
		p.say("alice", "wait")
		p.say("alice", "dropped?")
		p.expect("alice wait")
		p.logout("alice")
		p.login("alice")
		p.say("alice", "new")
		p.expect()
		p.later(3 * time.Second)
	}, []string{"2s alice wait: the user has logged out", "2s alice logout", "2s alice ended", "2s alice login", "2s alice new"}},
	{"a handler ends in time", nil, func(p *play) {
		p.say("alice", "wait")
		p.say("alice", "queued")
		p.expect("alice wait")
		p.logout("alice")
		p.login("alice")
		p.expect()
		p.later(time.Second)
		p.goOn <- struct{}{}
		p.later(3 * time.Second)
	}, []string{"1s alice queued", "1s alice logout", "1s alice ended", "1s alice login"}},
	{"on.logout waits", map[string]string{"alice logout": "wait"}, func(p *play) {
		p.logout("alice")
		p.login("alice")
		p.later(3 * time.Second)
	}, []string{"alice logout", "1s alice logout: stopped: on.logout took too long (logout_timeout)", "1s alice ended", "1s alice login"}},
	{"on.logout naps", map[string]string{"alice logout": "nap"}, func(p *play) {
		p.r.opts.LogoutTimeout = 2 * time.Second
		p.logout("alice")
		p.login("alice")
		p.later(3 * time.Second)
	}, []string{"alice logout", "1s alice ended", "1s alice login"}},
	{"a handler stands at a breakpoint", nil, func(p *play) {
		p.say("alice", "stop")
		p.say("alice", "queued")
		p.expect("alice stop")
		p.logout("alice")
		p.login("alice")
		p.expect()
		p.later(5 * time.Second)
	}, []string{"3.5s alice queued", "3.5s alice logout", "3.5s alice ended", "3.5s alice login"}},
	{"on.logout stands at a breakpoint", map[string]string{"alice logout": "stop"}, func(p *play) {
		p.logout("alice")
		p.login("alice")
		p.later(5 * time.Second)
	}, []string{"alice logout", "3.5s alice ended", "3.5s alice login"}},
	{"a task ends late", nil, func(p *play) {
		p.say("alice", "spawn")
		p.expect("alice spawn")
		p.logout("alice")
		p.login("alice")
	}, []string{"alice logout", "alice ended", "alice task: the user has logged out", "alice login"}},
	{"a task does not end", nil, func(p *play) {
		p.say("alice", "spawndeaf")
		p.expect("alice spawndeaf")
		p.logout("alice")
		p.login("alice")
		p.later(10 * time.Second)
		p.logged(logrus.ErrorLevel, "tasks of the user did not end within 5s of the logout")
	}, []string{"alice logout", "alice ended", "5s alice login"}},
	{"three logins", nil, func(p *play) {
		p.say("alice", "wait")
		p.expect("alice wait")
		p.logout("alice")
		p.login("alice")
		p.say("alice", "never")
		p.logout("alice")
		p.login("alice")
		p.say("alice", "last")
		p.expect()
		p.later(3 * time.Second)
	}, []string{"2s alice wait: the user has logged out", "2s alice logout", "2s alice ended", "2s alice login", "2s alice last"}},
	{"three logins, and then a logout", nil, func(p *play) {
		p.say("alice", "wait")
		p.expect("alice wait")
		for range 3 {
			p.logout("alice")
			p.login("alice")
		}
		p.logout("alice")
		p.expect()
		p.later(3 * time.Second)
		p.expect("2s alice wait: the user has logged out", "2s alice logout", "2s alice ended")
		p.login("alice")
	}, []string{"alice login"}},
	{"a second LOGIN", nil, func(p *play) {
		p.say("alice", "wait")
		p.expect("alice wait")
		p.login("alice")
		p.logged(logrus.WarnLevel, "LOGIN of a user who is logged in")
		p.say("alice", "new")
		p.expect()
		p.later(3 * time.Second)
	}, []string{"2s alice wait: the user has logged out", "2s alice logout", "2s alice ended", "2s alice login", "2s alice new"}},
	{"other users are served", nil, func(p *play) {
		p.say("alice", "wait")
		p.login("bob")
		p.logout("alice")
		p.login("alice")
		p.say("bob", "hello")
	}, []string{"alice wait", "bob login", "bob hello"}},
}

// TestLoginRightAfterLogoutStartsANewSession does what Spectrum does after a user's
// network failed.
func TestLoginRightAfterLogoutStartsANewSession(t *testing.T) {
	for _, c := range returns {
		t.Run(c.name, func(t *testing.T) {
			perform(t, nil, func(p *play) {
				p.plans = c.plans
				p.login("alice")
				p.expect("alice login")
				c.scene(p)
				p.expect(c.want...)
			})
		})
	}
}

// TestSessionWithoutOnLoginHasNoOnLogout sends a LOGOUT before on.login has started.
func TestSessionWithoutOnLoginHasNoOnLogout(t *testing.T) {
	perform(t, func(o *Options) { o.LogoutGrace = 0 }, func(p *play) {
		busy := make(chan struct{})
		go p.s.Do(func() { <-busy }) // the script computes
		p.expect()
		p.login("alice")
		p.say("alice", "hello")
		if p.r.Find("alice") != nil || len(p.r.Sessions()) > 0 {
			p.Error("the script can see a session before its on.login")
		}
		p.logout("alice")
		p.login("alice")
		p.later(time.Millisecond)
		p.expect()
		close(busy)
		p.expect("alice ended", "alice login")
		if p.r.Find("alice") == nil || len(p.r.Sessions()) != 1 {
			p.Error("the script cannot see a session after its on.login")
		}
		p.logout("alice")
		p.expect("alice logout", "alice ended")
		if p.r.Find("alice") != nil || len(p.r.Sessions()) > 0 {
			p.Error("the script can see a session after its on.logout")
		}
	})
}

func TestErrorOfOnLoginIsSentToTheUser(t *testing.T) {
	for _, c := range []struct {
		name  string
		plan  string
		scene func(p *play)
		want  []string
	}{
		{"sent", "error", func(*play) {}, []string{"alice login",
			"alice login: the script does not like alice", "alice < disconnected 7 the script does not like alice"}},
		{"not after the user's logout", "nap error", func(p *play) { p.logout("alice"); p.later(time.Second) }, []string{"alice login",
			"1s alice login: the script does not like alice", "1s alice logout", "1s alice ended"}},
		{"not if the logout ended on.login", "wait", func(p *play) { p.logout("alice"); p.later(2 * time.Second) }, []string{"alice login",
			"2s alice login: the user has logged out", "2s alice logout", "2s alice ended"}},
		{"not if the process ends", "wait", func(p *play) { p.expect("alice login"); p.exit(3 * time.Second) }, []string{"- exit",
			"1s alice login: the backend is exiting", "1s alice logout", "1s alice ended"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			perform(t, nil, func(p *play) {
				p.plan("alice login", c.plan)
				p.login("alice")
				c.scene(p)
				p.expect(c.want...)
			})
		})
	}
}

func TestMessagesOfASessionAreSentUntilLogout(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.plan("alice logout", "send dropped")
		p.login("alice")
		p.say("alice", "send")
		p.expect("alice login", "alice send", "alice < buddy_changed")
		old := p.r.Find("alice")
		p.say("alice", "wait send connected dropped")
		p.expect("alice wait send connected dropped")
		p.logout("alice")
		p.login("alice")
		p.goOn <- struct{}{}
		p.expect("alice logout", "alice ended", "alice login")
		if err := p.do(nil, old, "send"); err != nil || !old.Muted() {
			p.Errorf("sending for an old session: %v", err)
		}
		p.expect()
		p.say("alice", "send")
		p.expect("alice send", "alice < buddy_changed")
		if err := p.r.Send(nil, 31, nil); err != nil {
			p.Error(err)
		}
		p.expect(" < query")
	})
}

func TestManyLoginsLeaveNoSessions(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.plan("alice login", "spawn")
		turn := func() {
			p.login("alice")
			p.say("alice", "wait")
			p.login("bob")
			p.logout("alice")
			p.logout("bob")
		}
		for range race.Reduce(5000, 1000) {
			turn()
			p.later(2 * time.Second)
			p.forget()
		}
		p.empty()
		if n := len(p.r.all); n != 0 {
			p.Errorf("%d sessions are left", n)
		}
	})
}

// TestEndedSessionIsReleased checks that only a script keeps an ended session in memory,
// and that the session does not keep the user's next one.
func TestEndedSessionIsReleased(t *testing.T) {
	perform(t, nil, func(p *play) {
		var kept *Session
		var gone []weak.Pointer[Session]
		for i := range 3 {
			p.login("alice")
			p.say("alice", "spawn")
			p.say("alice", "wait")
			p.later(time.Minute)
			if s := p.r.Find("alice"); i == 0 {
				kept = s
			} else {
				gone = append(gone, weak.Make(s))
			}
			p.logout("alice")
		}
		p.login("alice")
		p.later(time.Minute)
		runtime.GC()
		for _, s := range gone {
			if s.Value() != nil {
				p.Error("an ended session is still in memory")
			}
		}
		runtime.KeepAlive(kept)
		p.forget()
	})
}

func TestGraceOfZeroEndsAtOnce(t *testing.T) {
	perform(t, func(o *Options) { o.LogoutGrace = 0 }, func(p *play) {
		for range 500 {
			p.login("alice")
			p.say("alice", "wait")
			p.later(0)
			p.forget()
			p.logout("alice")
			p.later(time.Millisecond)
			p.expect("alice wait: the user has logged out", "alice logout", "alice ended")
		}
	})
}
