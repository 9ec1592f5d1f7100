package session

import (
	"testing"
	"time"
)

func TestOverviewsDescribeSessions(t *testing.T) {
	perform(t, unlimited, func(p *play) {
		expect := func(when, state string, check func(o Overview) bool) {
			p.Helper()
			all := p.r.Overviews()
			if len(all) != 1 || all[0].User != "alice" || all[0].State != state || !check(all[0]) {
				p.Errorf("%s: %+v, want the state %s", when, all, state)
			}
		}
		p.plan("alice login", "wait connected")
		p.login("alice")
		p.later(3 * time.Second)
		p.say("alice", "hello")
		expect("during on.login", StateLogin, func(o Overview) bool { return o.For == 3*time.Second && o.Bytes > 5 && o.Backlog == 0 })
		p.goOn <- struct{}{}
		p.later(time.Minute)
		expect("after CONNECTED", StateOnline, func(o Overview) bool { return o.For == time.Minute && o.Bytes == 0 && o.Failures == 0 })
		p.plan("alice login", "wait wait refused")
		p.say("alice", "dropped")
		p.later(time.Second)
		p.say("alice", "later")
		expect("during a pause", StateRetry, func(o Overview) bool {
			return o.Failures == 1 && o.Retry > 0 && o.Retry < 2*time.Second && o.Backlog == 1 && o.Bytes > 5
		})
		p.later(2 * time.Second)
		expect("at the next attempt", StateLogin, func(o Overview) bool { return o.Failures == 1 && o.Retry == 0 && o.Backlog == 1 })
		p.goOn <- struct{}{}
		p.goOn <- struct{}{}
		p.later(0)
		expect("after a final error", StateFailed, func(o Overview) bool { return o.Retry == 0 })
		p.plan("alice logout", "wait")
		p.logout("alice")
		p.later(0)
		expect("during on.logout", StateLogout, func(Overview) bool { return true })
		p.login("alice")
		p.later(0)
		if all := p.r.Overviews(); len(all) != 2 || all[0].State == all[1].State || all[0].State != StateWaiting && all[1].State != StateWaiting {
			p.Errorf("with another login: %+v", all)
		}
		p.logout("alice")
		p.goOn <- struct{}{}
		p.later(time.Minute)
		if all := p.r.Overviews(); len(all) != 0 {
			p.Errorf("after the logout: %+v", all)
		}
		p.forget()
	})
}
