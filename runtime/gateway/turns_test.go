package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
)

const loginDelay = 10 * time.Second

// spaced plays a transport with login_delay and n users, u0@localhost and so on, who are not
// online.
func spaced(t *testing.T, n int, run func(s *stage), more ...router.Feature) {
	t.Helper()
	store := gateway.Memory(t)
	for i := range n {
		add(t, store, fmt.Sprintf("u%d@localhost", i), "0")
	}
	synctest.Test(t, func(t *testing.T) {
		s := onStageWith(t, append(aboutPresence(), more...), store, settings.Service{LoginDelay: loginDelay}, settings.User{})
		defer s.stop()
		run(s)
	})
}

// appear sends the presence of a client.
func (s *stage) appear(client string) {
	s.t.Helper()
	s.user(`<presence from="` + client + `" to="` + transport + `"/>`)
}

// answer answers each probe as a server does whose user has two clients. It returns the number
// of probes.
func (s *stage) answer() int {
	s.t.Helper()
	n := 0
	for line := range strings.Lines(s.sent()) {
		if f := strings.Fields(line); f[0] == "probe" {
			s.appear(f[2] + "/desktop")
			s.appear(f[2] + "/phone")
			n++
		}
	}
	return n
}

// TestAnswersLogInOneAfterTheOther answers the probes that follow the opening of the stream.
func TestAnswersLogInOneAfterTheOther(t *testing.T) {
	const count = 4
	spaced(t, count, func(s *stage) {
		for _, what := range []string{"the start", "a reconnect"} {
			s.router.StreamOpened()
			if n := s.answer(); n != count {
				s.t.Fatalf("%s: %d probes", what, n)
			}
			s.want(what, s.got(), "login")
			for range count - 1 {
				time.Sleep(loginDelay - time.Second)
				s.want("a pause", s.got(), "")
				time.Sleep(time.Second)
				s.want("the next user", s.got(), "login")
			}
			s.router.Each(func(u *router.User) {
				if len(u.Clients) != 2 {
					s.t.Errorf("%s has %d clients", u.JID, len(u.Clients))
				}
			})
			for i := range count {
				for _, resource := range []string{"desktop", "phone"} {
					s.user(fmt.Sprintf(`<presence type="unavailable" from="u%d@localhost/%s" to="%s"/>`, i, resource, transport))
				}
			}
			s.want("all leave", s.got(), strings.TrimSpace(strings.Repeat("logout ", count)))
			time.Sleep(time.Minute)
		}
	})
}

// TestUsersWhoWereNotAskedDoNotWait fills the line, and then logs in others.
func TestUsersWhoWereNotAskedDoNotWait(t *testing.T) {
	spaced(t, 12, func(s *stage) {
		s.router.StreamOpened()
		_ = s.sent() // all probes
		for i := range 10 {
			s.appear(fmt.Sprintf("u%d@localhost/desktop", i))
		}
		s.want("the first answer", s.got(), "login")
		s.user(`<presence type="unavailable" from="u1@localhost/desktop" to="` + transport + `"/>`)
		time.Sleep(loginDelay)
		s.want("the next user who has not left", s.got(), "login")
		s.want("not the one who has left", online(s, 1, 2), "u2")
		time.Sleep(25 * time.Second) // the answers have had their time
		s.want("the line", s.got(), "login login")
		s.appear("u11@localhost/desktop")
		s.want("a user who has not answered", s.got()+" "+online(s, 11), "login u11")
		s.appear("u8@localhost/desktop")
		s.want("a change of the status", s.got(), "")
		s.appear("u9@localhost/phone")
		s.want("another client of a user in the line", s.got()+" "+online(s, 8, 9), "login u9")
		time.Sleep(time.Hour)
		s.want("the others in the line", s.got(), "login login login login")
		s.want("two have not answered or have left", online(s, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), "u0 u2 u3 u4 u5 u6 u7 u8 u9 u11")
	})
}

// TestLoginsAfterAnOutageOfTheDatabaseAreSpaced has users whose logins wait for the database.
func TestLoginsAfterAnOutageOfTheDatabaseAreSpaced(t *testing.T) {
	failure := users.ErrOutage
	hooks := router.Hooks{Login: func(*router.User) error { return failure }}
	spaced(t, 3, func(s *stage) {
		for i := range 3 {
			s.appear(fmt.Sprintf("u%d@localhost/desktop", i))
		}
		s.want("the outage", s.got(), "")
		_ = s.sent()
		failure = nil
		s.router.Database(nil, true)
		s.answer()
		s.want("the first user", s.got(), "login")
		time.Sleep(loginDelay)
		s.want("the second", s.got(), "login")
		time.Sleep(loginDelay)
		s.want("the third", s.got(), "login")
	}, router.Feature{Name: "outage", Hooks: hooks})
}

// online returns which of the users have a session.
func online(s *stage, numbers ...int) string {
	var all []string
	for _, n := range numbers {
		name := fmt.Sprintf("u%d", n)
		if err := s.router.For(name+"@localhost", func(u *router.User) {
			if u.State != router.Offline {
				all = append(all, name)
			}
		}); err != nil {
			s.t.Error(err)
		}
		synctest.Wait()
	}
	return strings.Join(all, " ")
}
