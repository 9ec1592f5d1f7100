package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway"
	"spectrumlua/runtime/gateway/disco"
	logins "spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/privilege"
	registrar "spectrumlua/runtime/gateway/registration"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltree"
)

// stage is a router in a bubble of synctest, with the features about presence and registration.
type stage struct {
	t      *testing.T
	router *router.Router
	store  *users.Store
	out    *outbox
	stop   func()

	mu sync.Mutex
	in []payload // for the script
}

func onStage(t *testing.T, store *users.Store, service settings.Service, user settings.User) *stage {
	return onStageWith(t, aboutPresence(), store, service, user)
}

func aboutPresence() []router.Feature {
	return []router.Feature{registrar.Feature(), privilege.Feature(), disco.Feature(), logins.Feature(), roster.Feature()}
}

func onStageWith(t *testing.T, features []router.Feature, store *users.Store, service settings.Service, user settings.User) *stage {
	service.JID = transport
	s := &stage{t: t, store: store, out: &outbox{}}
	log := logrus.New()
	log.SetOutput(t.Output())
	delivering, stop := context.WithCancel(t.Context())
	s.router = router.New(router.Options{
		Settings: settings.Settings{Service: service, User: user, Registration: settings.Registration{
			Public: true, NeedPassword: true, NeedRegistration: true, // the defaults
		}},
		Store: store, Stream: s.out, Log: log, Clock: clock.Real(),
		Features: features,
		Receive: func(_ context.Context, typ *schema.Type, bytes []byte, _ task.Lender) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.in = append(s.in, payload{typ.Number, decoded(t, typ, bytes)})
		},
	})
	go s.router.RunDelivery(delivering)
	s.stop = func() {
		s.router.Each(logins.Leave)
		s.router.Close(t.Context())
		stop()
		synctest.Wait()
	}
	return s
}

// add registers a user. setting is the value of stay_connected, or "".
func add(t *testing.T, store *users.Store, jid, setting string) users.Account {
	t.Helper()
	a, err := store.Register(t.Context(), users.Account{JID: jid, Name: "bob", Password: "hunter2"}, nil)
	if err == nil && setting != "" {
		err = store.Set(t.Context(), a.ID, "stay_connected", setting)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (s *stage) user(xml string) {
	s.t.Helper()
	n, err := xmltree.Parse(xml, xmltree.DefaultLimits)
	if err != nil {
		s.t.Fatal(err)
	}
	s.router.Receive(s.t.Context(), n)
	synctest.Wait()
}

func (s *stage) script(typ pb.WrapperMessage_Type, m proto.Message) {
	s.t.Helper()
	bytes, err := proto.Marshal(m)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.router.Send(typ, bytes); err != nil {
		s.t.Fatal(err)
	}
	synctest.Wait()
}

// sent returns what the router has sent since the last call, in short: name:type from to.
func (s *stage) sent() string {
	synctest.Wait()
	s.out.mu.Lock()
	defer s.out.mu.Unlock()
	var all []string
	for _, n := range s.out.sent {
		typ := stanza.Attr(n, "type")
		if typ == "" {
			typ = "available"
		}
		all = append(all, fmt.Sprintf("%s %s %s", typ, stanza.Attr(n, "from"), stanza.Attr(n, "to")))
	}
	s.out.sent = nil
	return strings.Join(all, "\n")
}

// got returns the types of what the script has received since the last call.
func (s *stage) got() string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, p := range s.in {
		name := strings.ToLower(strings.TrimPrefix(p.typ.String(), "TYPE_"))
		if status, ok := p.message.(*pb.Status); ok {
			name += "=" + strings.ToLower(strings.TrimPrefix(status.GetStatus().String(), "STATUS_TYPE_"))
		}
		all = append(all, name)
	}
	s.in = nil
	return strings.Join(all, " ")
}

func (s *stage) want(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s:\n%s\nis not\n%s", what, got, want)
	}
}

func connect(jid string) *pb.Connected { return &pb.Connected{User: &jid} }

// TestSessionsStartWithTheProcess starts a process with users of all kinds.
func TestSessionsStartWithTheProcess(t *testing.T) {
	for _, c := range []struct {
		name      string
		byDefault bool
		delay     time.Duration
		probed    string
		logins    int
	}{
		{"not by default", false, 0, "online stays undecided offline", 1},
		{"by default", true, 0, "online stays undecided offline", 2},
		{"spaced", true, 10 * time.Second, "online stays undecided offline", 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := gateway.Memory(t)
			if err := store.SetOnline(t.Context(), add(t, store, "online@localhost", "0").ID, true); err != nil {
				t.Fatal(err)
			}
			add(t, store, "offline@localhost", "0")
			add(t, store, "stays@localhost", "1")
			add(t, store, "undecided@localhost", "")
			disabled := add(t, store, "disabled@localhost", "1")
			if err := store.Set(t.Context(), disabled.ID, "enable_transport", "0"); err != nil {
				t.Fatal(err)
			}
			add(t, store, "foreign@example.org", "1")
			synctest.Test(t, func(t *testing.T) {
				s := onStage(t, store, settings.Service{AllowedServers: []string{"localhost"}, LoginDelay: c.delay}, settings.User{StayConnected: c.byDefault})
				defer s.stop()
				s.router.StreamOpened()
				synctest.Wait()
				if c.delay > 0 {
					s.want("the first user", s.got(), "login")
					time.Sleep(c.delay - time.Second)
					s.want("the pause", s.got(), "")
					time.Sleep(10 * c.delay)
					c.logins--
				}
				if n := strings.Count(s.got(), "login"); n != c.logins {
					t.Errorf("%d logins, not %d", n, c.logins)
				}
				sent := s.sent()
				for name := range strings.FieldsSeq("online offline stays undecided disabled foreign") {
					want := 0
					if strings.Contains(" "+c.probed+" ", " "+name+" ") {
						want = 1
					}
					if n := strings.Count(sent, "probe "+transport+" "+name+"@"); n != want {
						t.Errorf("%s: %d probes, not %d", name, n, want)
					}
				}
			})
		})
	}
}

// TestSessionsStartWhileTheServerIsAway has a first attempt to connect that fails.
func TestSessionsStartWhileTheServerIsAway(t *testing.T) {
	for _, delay := range []time.Duration{0, 10 * time.Second} {
		t.Run(delay.String(), func(t *testing.T) {
			store := gateway.Memory(t)
			for _, name := range []string{alice, "bob@localhost"} {
				add(t, store, name, "1")
			}
			add(t, store, "carol@localhost", "0")
			synctest.Test(t, func(t *testing.T) {
				s := onStage(t, store, settings.Service{LoginDelay: delay}, settings.User{})
				defer s.stop()
				s.router.Unreachable()
				synctest.Wait()
				time.Sleep(delay)
				s.want("users who stay", s.got(), "login login")
				_ = s.sent()
				s.router.StreamOpened()
				sent := s.sent()
				for _, name := range []string{alice, "bob@localhost", "carol@localhost"} {
					if !strings.Contains(sent, "probe "+transport+" "+name) {
						t.Errorf("%s is not asked:\n%s", name, sent)
					}
				}
				s.user(stillThere("carol@localhost/x"))
				s.user(stillThere(desktop))
				time.Sleep(10 * delay)
				s.want("the third user", s.got(), "login")
				s.router.StreamOpened()
				time.Sleep(time.Hour)
				s.want("a reconnect: the third user is silent", s.got(), "logout")
			})
		})
	}
}

// TestSessionStaysWithoutClients follows a user who stays connected.
func TestSessionStaysWithoutClients(t *testing.T) {
	store := gateway.Memory(t)
	add(t, store, alice, "1")
	synctest.Test(t, func(t *testing.T) {
		s := onStage(t, store, settings.Service{}, settings.User{})
		defer s.stop()
		s.router.StreamOpened()
		s.want("the start", s.sent()+", "+s.got(), "probe echo.localhost alice@localhost, login")
		s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
		s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
		s.want("connected", s.got(), "status_changed=away buddy_changed")
		s.want("nobody needs presence", strings.ReplaceAll(s.sent(), "subscribe carol@echo.localhost alice@localhost", ""), "")

		s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
		s.want("a client arrives", s.sent(), "available echo.localhost alice@localhost\navailable carol@echo.localhost/bot alice@localhost/desktop")
		s.want("its status", s.got(), "status_changed=online")
		s.user(`<presence from="` + phone + `" to="` + transport + `"><priority>1</priority></presence>`)
		s.want("another one with the same status", s.sent(), "available echo.localhost alice@localhost/phone\navailable carol@echo.localhost/bot alice@localhost/phone")
		s.want("nothing new for the script", s.got(), "")
		for _, client := range []string{desktop, phone} {
			s.user(`<presence type="unavailable" from="` + client + `" to="` + transport + `"/>`)
		}
		s.want("the last client leaves", s.sent()+s.got(), "status_changed=away")

		s.router.StreamOpened()
		s.want("a reconnect", s.sent(), "probe echo.localhost alice@localhost")
		if err := s.router.For(alice, func(u *router.User) { u.Settings["stay_connected"] = "0"; logins.Apply(u) }); err != nil {
			t.Error(err)
		}
		s.want("the user does not want to stay", s.got(), "logout")
	})
}

// stillThere is the answer of a server to a probe, for a client that has been there since the
// beginning of time in a bubble.
func stillThere(client string) string {
	return `<presence from="` + client + `" to="` + transport + `"><delay xmlns="urn:xmpp:delay" stamp="2000-01-01T00:00:00Z"/></presence>`
}

// TestClientThatReturnedUnnoticedSeesContacts has a client that leaves and comes back with the
// same resource while the stream is closed.
func TestClientThatReturnedUnnoticedSeesContacts(t *testing.T) {
	shown := "available echo.localhost alice@localhost/desktop\navailable carol@echo.localhost/bot alice@localhost/desktop"
	for _, c := range []struct{ name, delay, want string }{
		{"was there all the time", `<delay xmlns="urn:xmpp:delay" stamp="2000-01-01T00:00:00Z"/>`, ""},
		{"came back before the stream opened", `<delay xmlns="urn:xmpp:delay" stamp="2000-01-01T01:00:00Z"/>`, shown},
		{"came back after that", "", shown},
		{"has a wrong time", `<delay xmlns="urn:xmpp:delay" stamp="now"/>`, shown},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := gateway.Memory(t)
			add(t, store, alice, "0")
			synctest.Test(t, func(t *testing.T) {
				s := onStage(t, store, settings.Service{}, settings.User{})
				defer s.stop()
				s.router.StreamOpened()
				s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
				s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
				s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
				time.Sleep(2 * time.Hour)
				s.router.StreamOpened()
				synctest.Wait()
				_, _ = s.sent(), s.got()
				for _, want := range []string{c.want, ""} { // once
					s.user(`<presence from="` + desktop + `" to="` + transport + `">` + c.delay + `</presence>`)
					s.want("the client sees", s.sent()+s.got(), want)
				}
			})
		})
	}
}

// TestClientsThatLeftUnnoticedAreGone reconnects with three clients, of which one answers
// and one reports an error.
func TestClientsThatLeftUnnoticedAreGone(t *testing.T) {
	store := gateway.Memory(t)
	add(t, store, alice, "0")
	synctest.Test(t, func(t *testing.T) {
		s := onStage(t, store, settings.Service{}, settings.User{})
		defer s.stop()
		s.router.StreamOpened()
		for _, resource := range []string{"desktop", "phone", "tablet"} {
			s.user(`<presence from="` + alice + "/" + resource + `" to="` + transport + `"/>`)
		}
		s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
		s.want("a session", s.got(), "login status_changed=online")
		_ = s.sent()
		clients := func() (n int) {
			if err := s.router.For(alice, func(u *router.User) { n = len(u.Clients) }); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			return n
		}
		s.router.StreamOpened()
		s.want("one probe", s.sent(), "probe echo.localhost alice@localhost")
		s.user(stillThere(phone))
		s.user(`<presence type="error" from="` + alice + `/tablet" to="` + transport + `"><error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>`)
		s.user(`<presence type="unavailable" from="` + alice + `" to="` + transport + `"/>`)
		s.want("the answers change nothing", s.sent()+s.got(), "")
		if n := clients(); n != 2 {
			t.Errorf("%d clients before the end of the time, not 2", n)
		}
		time.Sleep(time.Minute)
		if n := clients(); n != 1 {
			t.Errorf("%d clients after the time, not 1", n)
		}
		s.want("the session stays", s.sent()+s.got(), "")
		s.router.StreamOpened()
		time.Sleep(time.Minute)
		s.want("nobody is left", s.got(), "logout")
	})
}

// TestSessionsReturnAfterFailures lets the network of a user fail, who stays connected.
func TestSessionsReturnAfterFailures(t *testing.T) {
	for _, c := range []struct {
		setting string
		error   pb.ConnectionError
		returns bool
	}{
		{"1", pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR, true},
		{"0", pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR, false},
		{"1", pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED, false},
	} {
		t.Run(c.setting+" "+c.error.String(), func(t *testing.T) {
			store := gateway.Memory(t)
			add(t, store, alice, c.setting)
			synctest.Test(t, func(t *testing.T) {
				s := onStage(t, store, settings.Service{}, settings.User{})
				defer s.stop()
				s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
				for range 4 {
					s.script(pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{User: proto.String(alice), Error: c.error.Enum()})
				}
				if got := s.got(); !strings.HasSuffix(got, "logout") {
					t.Errorf("the session has not ended: %s", got)
				}
				time.Sleep(2 * time.Minute)
				want := ""
				if c.returns {
					want = "login"
				}
				s.want("later", s.got(), want)
			})
		})
	}
}

// TestLoopsOfPresenceEnd plays a server that reacts to each answer.
func TestLoopsOfPresenceEnd(t *testing.T) {
	store := gateway.Memory(t)
	add(t, store, alice, "0")
	reactions := map[string]string{
		"subscribed": "unsubscribe", "unsubscribed": "subscribe", "subscribe": "unsubscribed", "unsubscribe": "unsubscribed",
		"unavailable": "unavailable", "available": "probe", "probe": "unavailable", "error": "error",
	}
	for _, who := range []string{"a stranger", "offline", "online"} {
		from := desktop
		if who == "a stranger" {
			from = "eve@localhost/x"
		}
		for _, to := range []string{transport, "carol@" + transport, roomJID} {
			for typ := range reactions {
				t.Run(fmt.Sprintf("%s to %s, %s", typ, to, who), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := onStage(t, store, settings.Service{}, settings.User{})
						defer s.stop()
						if who == "online" {
							s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
							s.script(pb.WrapperMessage_TYPE_CONNECTED, connect(alice))
							_ = s.sent()
						}
						answers := 0
						for queue := []string{typ}; len(queue) > 0 && answers < 1000; {
							next := queue[0]
							queue = queue[1:]
							attr := ` type="` + next + `"`
							if next == "available" {
								attr = ""
							}
							s.user(`<presence` + attr + ` from="` + from + `" to="` + to + `"/>`)
							for line := range strings.Lines(s.sent()) {
								answers++
								queue = append(queue, reactions[strings.Fields(line)[0]])
							}
						}
						if answers > 50 {
							t.Errorf("%d answers", answers)
						}
					})
				})
			}
		}
	}
}
