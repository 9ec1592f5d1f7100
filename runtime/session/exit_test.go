package session

import (
	"context"
	"testing"
	"time"

	"spectrumlua/runtime/task"
)

// within is the usual time limit for the end of the program.
const within = 1500 * time.Millisecond

// exits holds states in which the process ends, with the expected lines.
var exits = []struct {
	name   string
	plans  map[string]string
	scene  func(p *play)
	within time.Duration
	want   []string
}{
	{"no user", nil, func(*play) {}, within, []string{"- exit"}},
	{"idle users", nil, func(p *play) {
		p.login("alice")
	}, within, []string{"- exit", "alice logout", "alice ended"}},
	{"messages of on.logout are sent", map[string]string{"alice logout": "send"}, func(p *play) {
		p.login("alice")
	}, within, []string{"- exit", "alice logout", "alice < buddy_changed", "alice ended"}},
	{"a handler waits", nil, func(p *play) {
		p.login("alice")
		p.say("alice", "wait")
		p.say("alice", "dropped")
	}, within, []string{"- exit", "500ms alice wait: the backend is exiting", "500ms alice logout", "500ms alice ended"}},
	{"a handler ends in time", nil, func(p *play) {
		p.login("alice")
		p.say("alice", "nap")
		p.say("alice", "queued")
	}, 6 * time.Second, []string{"- exit", "1s alice queued", "1s alice logout", "1s alice ended"}},
	{"the limits of LOGOUT still apply", map[string]string{"alice logout": "wait"}, func(p *play) {
		p.login("alice")
		p.say("alice", "wait")
	}, time.Hour, []string{"- exit", "2s alice wait: the backend is exiting", "2s alice logout",
		"3s alice logout: stopped: on.logout took too long (logout_timeout)", "3s alice ended"}},
	{"on.exit waits", map[string]string{"- exit": "wait"}, func(p *play) {
		p.login("alice")
	}, within, []string{"- exit", "500ms - exit: stopped: on.exit took too long (exit_timeout)", "500ms alice logout", "500ms alice ended"}},
	{"a message before on.exit waits", nil, func(p *play) {
		p.login("alice")
		p.receive("raw_xml", []byte("wait"))
		p.receive("raw_xml", []byte("dropped"))
	}, within, []string{"250ms - wait: the backend is exiting", "250ms - exit", "250ms alice logout", "250ms alice ended"}},
	{"all of them wait", map[string]string{"- exit": "wait", "alice logout": "wait"}, func(p *play) {
		p.login("alice")
		p.receive("raw_xml", []byte("wait"))
		p.say("alice", "spawn wait")
	}, 6 * time.Second, []string{
		"1s - wait: the backend is exiting", "1s - exit",
		"2s - exit: stopped: on.exit took too long (exit_timeout)",
		"3.333s alice spawn wait: the backend is exiting", "3.333s alice logout",
		"4.333s alice logout: stopped: on.logout took too long (logout_timeout)", "4.333s alice ended",
		"4.333s alice task: the backend is exiting"}},
	{"handlers that ignore their context", nil, func(p *play) {
		p.login("alice")
		p.say("alice", "sleepwell")
		p.login("bob")
	}, within, []string{"- exit", "bob logout", "bob ended"}},
	{"a session that waits for its pause", nil, func(p *play) {
		p.login("alice")
		p.say("alice", "dropped")
		p.later(0)
		p.logout("alice")
		p.login("alice")
	}, within, []string{"alice logout", "alice ended", "- exit"}},
	{"a session that waits for the user's previous one", nil, func(p *play) {
		p.login("alice")
		p.say("alice", "wait")
		p.later(0)
		p.logout("alice")
		p.login("alice")
	}, within, []string{"- exit", "500ms alice wait: the user has logged out", "500ms alice logout", "500ms alice ended"}},
	{"a grace period that is almost over is not extended", nil, func(p *play) {
		p.login("alice")
		p.say("alice", "wait")
		p.later(0)
		p.logout("alice")
		time.Sleep(1900 * time.Millisecond)
	}, within, []string{"- exit", "100ms alice wait: the user has logged out", "100ms alice logout", "100ms alice ended"}},
	{"on.logout after that is not extended either", map[string]string{"alice logout": "wait"}, func(p *play) {
		p.login("alice")
		p.say("alice", "wait")
		p.later(0)
		p.logout("alice")
		time.Sleep(1900 * time.Millisecond)
	}, within, []string{"- exit", "100ms alice wait: the user has logged out", "100ms alice logout",
		"600ms alice logout: stopped: on.logout took too long (logout_timeout)", "600ms alice ended"}},
	{"a running on.logout has the same limit as others", map[string]string{"alice logout": "wait"}, func(p *play) {
		p.login("alice")
		p.later(0)
		p.logout("alice")
		p.later(0)
	}, within, []string{"alice logout", "- exit", "500ms alice logout: stopped: on.logout took too long (logout_timeout)", "500ms alice ended"}},
	{"no time", nil, func(p *play) {
		p.login("alice")
		p.say("alice", "spawn wait")
	}, 0, nil},
}

func TestExitEndsAllSessions(t *testing.T) {
	for _, c := range exits {
		t.Run(c.name, func(t *testing.T) {
			perform(t, nil, func(p *play) {
				p.plans = c.plans
				c.scene(p)
				p.later(0)
				p.skip("alice login", "bob login", "alice spawn", "alice wait", "alice nap", "alice sleepwell",
					"alice spawn wait", "- wait", "alice dropped", "alice < disconnected 0 dropped")
				begin := time.Now()
				p.exit(c.within)
				if took := time.Since(begin); took > c.within {
					p.Errorf("Exit took %v, limit %v", took, c.within)
				}
				if c.within == 0 {
					p.later(0)
					p.forget()
					return // the order of lines is not fixed if all is cancelled at once
				}
				p.expect(c.want...)
			})
		})
	}
}

// skip removes these lines from the record, and restarts its clock.
func (p *play) skip(lines ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rest := p.record[:0]
	for _, line := range p.record {
		known := false
		for _, l := range lines {
			known = known || l == line
		}
		if !known {
			rest = append(rest, line)
		}
	}
	p.record, p.from = rest, time.Now()
}

// TestMessagesAfterExitAreIgnored checks that no session begins and that no message
// counts against the budget.
func TestMessagesAfterExitAreIgnored(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.expect("alice login")
		p.exit(time.Second)
		p.expect("- exit", "alice logout", "alice ended")
		p.login("bob")
		p.say("bob", "hello")
		p.say("alice", "hello")
		p.logout("alice")
		for range 100 {
			p.receive("raw_xml", []byte("hello"))
		}
		p.exit(time.Second)
		p.expect()
	})
}

func TestMessagesAreHandledWhileOnExitRuns(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.plan("- exit", "wait")
		p.login("alice")
		p.expect("alice login")
		exited := make(chan struct{})
		go func() {
			defer close(exited)
			p.exit(6 * time.Second)
		}()
		p.expect("- exit")
		p.say("alice", "hello")
		p.login("bob")
		p.login("alice")
		p.receive("raw_xml", []byte("hello"))
		p.expect("alice hello")
		p.logout("alice")
		p.expect("alice logout", "alice ended")
		p.goOn <- struct{}{}
		<-exited
		p.expect()
	})
}

// TestNoLoginWhileOnExitRuns lets a login's pause end while on.exit runs.
func TestNoLoginWhileOnExitRuns(t *testing.T) {
	perform(t, func(o *Options) { o.LoginDelay = 100 * time.Millisecond }, func(p *play) {
		p.plan("- exit", "nap")
		p.r.opts.LogoutTimeout = 2 * time.Second
		p.login("alice")
		p.say("alice", "dropped")
		p.later(0)
		p.logout("alice")
		p.login("alice")
		p.later(0)
		p.forget()
		p.exit(time.Hour)
		p.expect("- exit")
	})
}

// TestExitWaitsForTheTasksOfTheProcess lets a task clean up.
func TestExitWaitsForTheTasksOfTheProcess(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.r.Process().Spawn("", func(t *task.Task) {
			_ = t.Wait(func(ctx context.Context) error { <-ctx.Done(); time.Sleep(time.Second); return nil })
			p.note("cleaned up")
		})
		p.exit(3 * time.Second)
		p.expect("- exit", "1s cleaned up")
	})
}

func TestExitAfterTheProcessIsCancelled(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.login("alice")
		p.say("alice", "spawn wait")
		p.expect("alice login", "alice spawn wait")
		p.r.Process().Cancel(context.Canceled)
		p.exit(time.Second)
		p.later(time.Second)
		p.forget()
	})
}
