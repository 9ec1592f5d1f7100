package session

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// unlimited makes a registry retry logins.
func unlimited(o *Options) { o.LoginRetries = Unlimited }

var stamp = regexp.MustCompile(`^(\d+h)?(\d+m)?[\d.]+m?s `)

// expectUntimed is like expect, but ignores when things happened: pauses are random.
func (p *play) expectUntimed(want ...string) {
	p.Helper()
	p.mu.Lock()
	for i, line := range p.record {
		p.record[i] = stamp.ReplaceAllString(line, "")
	}
	p.mu.Unlock()
	p.expect(want...)
}

// told is the record's line of the message that tells a user about a failure.
func toldLine(user, reason string) string { return " < raw_xml " + string(notice(user, reason)) }

func (p *play) status(user, text string) {
	p.receive("status_changed", mustMarshal(&pb.Status{UserName: &user, Status: pb.StatusType_STATUS_TYPE_AWAY.Enum(), StatusMessage: &text}))
}

func (p *play) room(typ, user string) {
	p.receive(typ, mustMarshal(&pb.Room{UserName: &user, Nickname: &user, Room: proto.String("r")}))
}

// retried are sessions that fail, after alice has logged in and connected.
var retried = []struct {
	name   string
	change func(*Options)
	scene  func(p *play)
	want   []string
}{
	{"a lost connection", nil, func(p *play) {
		p.say("alice", "dropped")
		p.later(2 * time.Second)
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended", "alice login"}},
	{"an error of the script", nil, func(p *play) {
		p.say("alice", "other")
		p.later(2 * time.Second)
	}, []string{"alice other", toldLine("alice", "other"), "alice logout", "alice ended", "alice login"}},
	{"a final error", nil, func(p *play) {
		p.say("alice", "refused dropped")
		p.later(time.Minute)
	}, []string{"alice refused dropped", "alice < disconnected 2 refused", toldLine("alice", "dropped"), "alice logout", "alice ended", "alice login"}},
	{"a session that sends more after its end", nil, func(p *play) {
		p.say("alice", "dropped send dropped refused connected")
		p.later(2 * time.Second)
	}, []string{"alice dropped send dropped refused connected", toldLine("alice", "dropped"), "alice logout",
		"alice < buddy_changed offline", "alice ended", "alice login"}},
	{"contacts are shown offline before they return", nil, func(p *play) {
		p.plan("alice login", "connected send")
		p.say("alice", "send")
		p.say("alice", "dropped")
		p.later(2 * time.Second)
	}, []string{"alice send", "alice < buddy_changed", "alice dropped", toldLine("alice", "dropped"), "alice logout",
		"alice < buddy_changed offline", "alice ended", "alice login", "alice < connected", "alice < buddy_changed"}},
	{"queued and later messages wait until the user is connected", nil, func(p *play) {
		p.say("alice", "dropped")
		p.say("alice", "queued")
		p.later(0)
		p.say("alice", "later")
		p.later(3 * time.Second)
		p.say("alice", "last")
		p.goOn <- struct{}{}
		p.later(settleTime)
		p.say("alice", "after")
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended", "alice login",
		"alice < connected", "alice queued", "alice later", "alice last", "alice after"}},
	{"messages of rooms follow Spectrum's JOIN_ROOM", nil, func(p *play) {
		p.plan("alice login", "connected")
		p.say("alice", "dropped")
		p.later(0)
		p.say("alice", "to a room")
		p.room("join_room", "alice") // Spectrum repeats it
		for p.r.Find("alice") == nil {
			p.later(time.Millisecond)
		}
		p.room("join_room", "alice")
		p.say("alice", "to a room too")
		p.later(settleTime)
		p.room("leave_room", "alice")
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended", "alice login",
		"alice < connected", "alice join_room", "alice to a room", "alice to a room too", "alice leave_room"}},
	{"a presence and the roster are repeated", nil, func(p *play) {
		p.status("alice", "early")
		p.receive("buddies", mustMarshal(&pb.Buddies{Buddy: []*pb.Buddy{{UserName: proto.String("alice"), BuddyName: proto.String("b")}}}))
		p.say("alice", "dropped")
		p.later(0)
		p.status("alice", "later")
		p.later(2 * time.Second)
		p.status("alice", "at once")
	}, []string{"alice status_changed", "alice buddies", "alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended",
		"alice login", "alice buddies", "alice status_changed", "alice status_changed"}},
	{"a LOGOUT during the pause", nil, func(p *play) {
		p.say("alice", "dropped")
		p.say("alice", "queued")
		p.later(0)
		p.logout("alice")
		p.later(time.Hour)
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended"}},
	{"a LOGOUT while the failed session ends", nil, func(p *play) {
		p.say("alice", "send dropped wait")
		p.later(time.Second)
		p.logout("alice")
		p.later(time.Hour)
	}, []string{"alice send dropped wait", "alice < buddy_changed", toldLine("alice", "dropped"),
		"alice send dropped wait: " + errRetried.Error(), "alice logout", "alice ended"}},
	{"a LOGIN during the pause", nil, func(p *play) {
		p.say("alice", "dropped")
		p.say("alice", "of the old session")
		p.later(0)
		p.login("alice")
		p.say("alice", "new")
		p.later(2 * time.Second)
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended", "alice login", "alice new"}},
	{"a LOGOUT of the retried session", nil, func(p *play) {
		p.say("alice", "dropped")
		p.later(0)
		p.say("alice", "waits")
		p.later(2 * time.Second)
		p.logout("alice")
		p.later(time.Hour)
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended", "alice login", "alice logout", "alice ended"}},
	{"the user receives one message in an outage", nil, func(p *play) {
		p.plan("alice login", "dropped")
		p.say("alice", "dropped")
		p.later(9 * time.Second)
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended",
		"alice login", "alice logout", "alice ended", "alice login", "alice logout", "alice ended"}},
	{"the user receives a message in a new outage", nil, func(p *play) {
		p.plan("alice login", "connected")
		p.say("alice", "dropped")
		p.later(2*time.Minute + 2*time.Second)
		p.say("alice", "other")
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended", "alice login", "alice < connected",
		"alice other", toldLine("alice", "other"), "alice logout", "alice ended"}},
	{"Spectrum receives the disconnected after the last retry", func(o *Options) { o.LoginRetries = 2 }, func(p *play) {
		p.plan("alice login", "dropped")
		p.say("alice", "dropped")
		p.later(7 * time.Second)
		p.expectUntimed("alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended",
			"alice login", "alice logout", "alice ended", "alice login", "alice < disconnected 0 dropped")
		p.logout("alice") // what Spectrum does then
		p.login("alice")
		p.later(8 * time.Second)
		p.expectUntimed("alice logout", "alice ended", "alice login", "alice < disconnected 0 dropped")
		p.logout("alice") // it gives up
		p.later(time.Minute)
		p.forget()
		p.login("alice") // much later
		p.later(0)
	}, []string{"alice login", toldLine("alice", "dropped"), "alice logout", "alice ended"}},
	{"too many messages", nil, func(p *play) {
		p.say("alice", "wait")
		p.later(0)
		for range p.r.opts.MaxQueue + 1 {
			p.say("alice", "queued")
		}
		p.say("alice", "new")
		p.later(5 * time.Second)
	}, []string{"alice wait", toldLine("alice", errTooManyWaiting.Error()), "alice wait: " + errTooManyWaiting.Error(),
		"alice logout", "alice ended", "alice login"}},
	{"exit during the pause", nil, func(p *play) {
		p.say("alice", "dropped")
		p.later(0)
		p.say("alice", "waits")
		p.exit(time.Second)
	}, []string{"alice dropped", toldLine("alice", "dropped"), "alice logout", "alice ended", "- exit"}},
	{"a failure at exit", nil, func(p *play) {
		p.plan("alice logout", "dropped")
		p.exit(time.Second)
	}, []string{"- exit", "alice logout", "alice < disconnected 0 dropped", "alice ended"}},
	{"the memory is used up", nil, func(p *play) { p.r.DisconnectAll(fmt.Errorf("too much")) }, []string{"alice < disconnected 16 too much"}},
	{"without pauses", func(o *Options) { o.LoginDelay = 0 }, func(p *play) {
		p.say("alice", "dropped")
	}, []string{"alice dropped", "alice < disconnected 0 dropped"}},
	{"in server mode, after CONNECTED", func(o *Options) { o.ServerMode = true }, func(p *play) {
		p.say("alice", "connected dropped")
		p.later(0)
		p.expectUntimed("alice connected dropped", "alice < connected", toldLine("alice", "dropped"), "alice logout", "alice ended")
		p.plan("alice login", "dropped")
		p.later(2 * time.Second)
	}, []string{"alice login", "alice logout", "alice ended"}},
	{"in server mode, before CONNECTED", func(o *Options) { o.ServerMode = true }, func(p *play) {
		p.say("alice", "dropped")
	}, []string{"alice dropped", "alice < disconnected 0 dropped"}},
	{"a message that needs no user", nil, func(p *play) {
		p.say("alice", "dropped")
		p.later(0)
		p.forget()
		p.receive("raw_xml", []byte("hello"))
	}, []string{"- hello"}},
}

func TestRetriedLogins(t *testing.T) {
	for _, c := range retried {
		t.Run(c.name, func(t *testing.T) {
			perform(t, func(o *Options) {
				unlimited(o)
				if c.change != nil {
					c.change(o)
				}
			}, func(p *play) {
				p.login("alice")
				p.later(0)
				p.forget()
				if strings.Contains(c.name, "wait until") {
					p.plan("alice login", "wait connected")
				}
				c.scene(p)
				p.later(0)
				p.expectUntimed(c.want...)
				if n := p.r.held; n != 0 && len(p.r.users) == 0 {
					p.Errorf("%d bytes of backlogs are left", n)
				}
				p.exit(time.Hour)
				p.forget()
				if p.r.held != 0 {
					p.Errorf("%d bytes of backlogs are left", p.r.held)
				}
			})
		})
	}
}

func TestRetriedLoginHasTheSamePayload(t *testing.T) {
	perform(t, unlimited, func(p *play) {
		p.receive("login", mustMarshal(&pb.Login{User: proto.String("alice"), LegacyName: proto.String("a"), Password: proto.String("x"),
			Settings: &pb.UserSettings{Value: map[string]string{"nick": "al"}}}))
		p.later(0)
		first := p.r.Find("alice")
		p.say("alice", "dropped")
		p.later(2 * time.Second)
		second := p.r.Find("alice")
		if second == nil || second == first || second.LegacyName != "a" || second.Settings["nick"] != "al" || second.login != first.login {
			p.Errorf("%+v", second)
		}
		if !first.Muted() || second.Muted() {
			p.Error("the wrong session is muted")
		}
		p.forget()
	})
}

// TestBacklogIsBounded sends messages to users whose network is down: to one user, and to
// so many that the messages fill the budget.
func TestBacklogIsBounded(t *testing.T) {
	perform(t, func(o *Options) { unlimited(o); o.MaxQueueBytes = 1 << 20; o.LoginDelay = time.Minute }, func(p *play) {
		for i := range 60 {
			user := fmt.Sprint("user", i)
			p.login(user)
			p.say(user, "dropped")
		}
		p.later(0)
		for i := range p.r.opts.MaxQueue + 5 {
			p.say("user0", fmt.Sprint("number ", i))
			p.receive("buddy_typing", mustMarshal(&pb.Buddy{UserName: proto.String("user0"), BuddyName: proto.String("b")}))
		}
		p.logged(logrus.WarnLevel, "too many messages wait until the user is connected again")
		if n := len(p.r.users["user0"].backlog.items); n != p.r.opts.MaxQueue {
			p.Errorf("%d messages wait", n)
		}
		before := p.r.budget.inUse() - p.r.held
		for i := range 60 {
			p.say(fmt.Sprint("user", i), big("hello", 20_000))
		}
		if held := p.r.held; held < 200<<10 || held > 1<<20/heldPart || p.r.budget.inUse() != before+held {
			p.Errorf("backlogs use %d bytes, all %d, and %d before", held, p.r.budget.inUse(), before)
		}
		p.plan("user0 login", "connected")
		p.later(2 * time.Minute)
		p.say("user0", "after")
		p.later(0)
		p.mu.Lock()
		texts := slices.DeleteFunc(slices.Clone(p.record), func(line string) bool { return !strings.Contains(line, "user0 number") })
		last := p.record[len(p.record)-1]
		p.mu.Unlock()
		if len(texts) != p.r.opts.MaxQueue || !strings.HasSuffix(texts[3], "number 3") || !strings.HasSuffix(last, "user0 after") {
			p.Errorf("%d messages were handled, the last line is %q", len(texts), last)
		}
		p.forget()
	})
}

// TestRetriesOfManyAreSpread measures the logins of users whose network fails and returns
// at the same time.
func TestRetriesOfManyAreSpread(t *testing.T) {
	const users = 500
	perform(t, func(o *Options) { unlimited(o); o.MaxQueueBytes = 1 << 20 }, func(p *play) {
		for i := range users {
			p.login(fmt.Sprint("user", i))
		}
		p.later(0)
		for i := range users {
			p.say(fmt.Sprint("user", i), "dropped")
		}
		p.later(0)
		p.forget()
		begin := time.Now()
		most := 0
		for before := 0; before < users && time.Since(begin) < time.Hour; {
			p.later(100 * time.Millisecond)
			n := len(p.r.Sessions())
			most = max(most, n-before)
			before = n
		}
		if took := time.Since(begin); took > 15*time.Second || most > 6 {
			p.Errorf("all are back after %v, and up to %d have logged in within 0.1 s", took, most)
		}
		p.forget()
	})
}

func TestOutageIsLoggedOnceAndItsEndWithTheFailures(t *testing.T) {
	perform(t, unlimited, func(p *play) {
		p.plan("alice login", "dropped")
		p.login("alice")
		p.later(5 * time.Second)
		p.plan("alice login", "connected")
		p.later(8 * time.Second)
		got := p.logLines()
		if len(got) != 2 || !strings.HasPrefix(got[0], "login failed user=alice took=0s error=CONNECTION_ERROR_NETWORK_ERROR reason=dropped retry=") ||
			!regexp.MustCompile(`^logged in user=alice took=.* waited=.* failures=\d$`).MatchString(got[1]) {
			p.Errorf("%q", got)
		}
		p.forget()
	})
}

func TestOnRetryIsCalledForEachRetry(t *testing.T) {
	var calls []string
	perform(t, func(o *Options) {
		unlimited(o)
		calls = nil
		o.OnRetry = func(user string, d *pb.Disconnected, pause time.Duration) {
			calls = append(calls, fmt.Sprint(user, " ", d.GetMessage(), " ", pause > time.Second && pause <= 4*time.Second))
		}
	}, func(p *play) {
		p.plan("alice login", "dropped")
		p.login("alice")
		p.later(3 * time.Second)
		if want := []string{"alice dropped true", "alice dropped true"}; !slices.Equal(calls, want) {
			p.Errorf("%q, want %q", calls, want)
		}
		p.forget()
	})
}

func TestNoticeIsOneValidStanza(t *testing.T) {
	got := string(notice(`a"<b@localhost`, "no <route>\x01 & \xff"))
	want := `<message to="a&#34;&lt;b@localhost"><body>no &lt;route&gt; &amp; ` + "\uFFFD\nThe transport reconnects as soon as it can.</body></message>"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := string(notice("a", "")); !strings.Contains(got, "The connection to the network is lost.") {
		t.Error(got)
	}
}
