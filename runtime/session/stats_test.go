package session

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// summary returns the numbers that are not 0, as text.
func (p *play) summary() string {
	s := p.r.Stats()
	var text string
	for _, name := range StateNames {
		if n := s.States[name]; n > 0 {
			text += fmt.Sprintf("%s=%d ", name, n)
		}
	}
	return text + fmt.Sprintf("logins=%d failed=%v lost=%v abandoned=%d retries=%d pending=%d",
		s.Logins, s.Failed, s.Lost, s.Abandoned, s.Retries, s.Pending)
}

func (p *play) expectStats(want string) {
	p.Helper()
	if got := p.summary(); got != want {
		p.Errorf("the numbers are %s\nwant            %s", got, want)
	}
}

func TestStatsCountTheOutcomesOfLogins(t *testing.T) {
	perform(t, nil, func(p *play) {
		p.plan("alice login", "connected")
		p.login("alice")
		p.plan("bob login", "refused")
		p.login("bob")
		p.login("carol")
		p.later(time.Second)
		p.expectStats("login=1 online=1 failed=1 logins=1 failed=map[CONNECTION_ERROR_AUTHENTICATION_FAILED:1] lost=map[] abandoned=0 retries=0 pending=0")
		p.logout("carol")
		p.logout("bob")
		p.say("alice", "dropped")
		p.later(time.Second)
		p.logout("alice")
		p.later(time.Second)
		p.expectStats("logins=1 failed=map[CONNECTION_ERROR_AUTHENTICATION_FAILED:1] lost=map[CONNECTION_ERROR_NETWORK_ERROR:1] abandoned=1 retries=0 pending=0")
	})
}

func TestStatsCountRetries(t *testing.T) {
	perform(t, func(o *Options) {
		unlimited(o)
		o.LoginDelay, o.LoginDelayMax = time.Minute, time.Minute
	}, func(p *play) {
		p.plan("alice login", "connected")
		p.login("alice")
		p.later(0)
		p.say("alice", "dropped")
		p.later(time.Second)
		p.say("alice", "12345")
		p.expectStats("retry=1 logins=1 failed=map[] lost=map[CONNECTION_ERROR_NETWORK_ERROR:1] abandoned=0 retries=1 pending=1")
		if s := p.r.Stats(); s.Messages != 2 || s.Bytes <= 0 { // the login and the message
			p.Errorf("%d messages with %d bytes wait", s.Messages, s.Bytes)
		}
		p.plan("alice login", "connected")
		p.later(2 * time.Minute)
		p.expectStats("online=1 logins=2 failed=map[] lost=map[CONNECTION_ERROR_NETWORK_ERROR:1] abandoned=0 retries=1 pending=0")
		if s := p.r.Stats(); s.Messages != 0 || s.Bytes != 0 {
			p.Errorf("%d messages with %d bytes are left", s.Messages, s.Bytes)
		}
	})
}

func TestMailboxesAreSortedAndLimited(t *testing.T) {
	perform(t, nil, func(p *play) {
		for _, user := range []string{"carol", "alice", "bob"} {
			p.plan(user+" login", "connected")
			p.login(user)
		}
		p.later(0)
		p.say("alice", "wait")
		p.say("alice", "1")
		p.say("alice", "2")
		p.later(0)
		all := p.r.Mailboxes(2)
		if len(all) != 2 || all[0].User != "alice" || all[1] != (Mailbox{User: "bob"}) || all[0].Messages != 2 || all[0].Bytes <= 0 {
			p.Errorf("%+v", all)
		}
		if users := p.r.Mailboxes(10); !slices.ContainsFunc(users, func(m Mailbox) bool { return m.User == "carol" }) {
			p.Errorf("%+v", users)
		}
	})
}
