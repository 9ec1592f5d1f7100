package router_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltree"
)

// stream collects stanzas.
type stream struct {
	mu   sync.Mutex
	sent []string
}

func (s *stream) SendNode(n *xmltree.Node) error {
	text, err := n.Text(512 << 10)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, text)
	return nil
}
func (s *stream) Full() bool                         { return false }
func (s *stream) WaitCapacity(context.Context) error { return nil }

// take returns the stanzas since the last call.
func (s *stream) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	sent := s.sent
	s.sent = nil
	return sent
}

// open returns a router with one feature. receive may be nil.
func open(t *testing.T, f router.Feature, receive func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender)) (*router.Router, *stream) {
	log := logrus.New()
	log.SetOutput(t.Output())
	return openWith(t, log, f, receive)
}

// openWith is open with a log.
func openWith(t *testing.T, log logrus.FieldLogger, f router.Feature, receive func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender)) (*router.Router, *stream) {
	out := &stream{}
	r := router.New(router.Options{
		Settings: settings.Settings{Service: settings.Service{JID: "t.localhost", JIDEscaping: true}},
		Stream:   out, Receive: receive, Features: []router.Feature{f}, Log: log, Clock: clock.Real(),
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		r.Close(ctx)
	})
	return r, out
}

func parse(t *testing.T, xml string) *xmltree.Node {
	t.Helper()
	n, err := xmltree.Parse(xml, xmltree.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func iq(id, space string) string {
	return `<iq type="get" id="` + id + `" from="alice@localhost/x" to="t.localhost"><query xmlns="` + space + `"/></iq>`
}

func TestDeferredIQIsAnsweredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, out := open(t, router.Feature{Stanzas: []router.Route{
			{Kind: "iq", Type: "get", Space: "urn:later", Handle: func(_ *router.User, s *router.Stanza) { s.Defer() }},
			{Kind: "iq", Type: "get", Space: "urn:soon", Handle: func(u *router.User, s *router.Stanza) {
				s.Defer()
				u.After(time.Second, func(*router.User) { s.Result(nil); s.Fail(stanza.Conflict, "") })
			}},
			{Kind: "iq", Type: "get", Space: "urn:never", Handle: func(*router.User, *router.Stanza) {}},
		}}, nil)
		for i, c := range []struct {
			space string
			after time.Duration
			want  string
		}{
			{"urn:later", 20 * time.Second, "remote-server-timeout"},
			{"urn:soon", time.Second, `type="result"`},
			{"urn:never", 0, "internal-server-error"},
			{"urn:unknown", 0, "service-unavailable"},
		} {
			id := fmt.Sprint(i)
			r.Receive(t.Context(), parse(t, iq(id, c.space)))
			if c.after > 0 {
				time.Sleep(c.after - time.Millisecond)
				synctest.Wait()
				if sent := out.take(); len(sent) != 0 {
					t.Errorf("%s: answered too early: %q", c.space, sent)
				}
				time.Sleep(time.Millisecond)
			}
			synctest.Wait()
			sent := out.take()
			time.Sleep(time.Minute)
			synctest.Wait()
			sent = append(sent, out.take()...)
			if len(sent) != 1 || !strings.Contains(sent[0], c.want) || !strings.Contains(sent[0], `id="`+id+`"`) {
				t.Errorf("%s: the answers are %q", c.space, sent)
			}
		}
	})
}

func TestStanzasAndPayloadsOfAUserKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		r, _ := open(t, router.Feature{
			Stanzas: []router.Route{{Kind: "message", Type: "normal", Handle: func(u *router.User, s *router.Stanza) {
				u.State = router.Online
				u.Deliver(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: &u.JID, BuddyName: &s.ID, Message: proto.String("")})
			}}},
		}, func(_ context.Context, _ *schema.Type, payload []byte, _ task.Lender) {
			var m pb.ConversationMessage
			if err := proto.Unmarshal(payload, &m); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got = append(got, m.GetUserName()+" "+m.GetBuddyName())
		})
		go r.RunDelivery(t.Context())
		const count = 200
		for i := range count {
			for _, user := range []string{"alice", "bob"} {
				r.Receive(t.Context(), parse(t, fmt.Sprintf(`<message id="%d" from="%s@localhost/x" to="t.localhost"/>`, i, user)))
			}
		}
		synctest.Wait()
		next := map[string]int{}
		for _, line := range got {
			user, id, _ := strings.Cut(line, " ")
			if id != fmt.Sprint(next[user]) {
				t.Fatalf("%s: message %s instead of %d", user, id, next[user])
			}
			next[user]++
		}
		if len(got) != 2*count {
			t.Errorf("%d of %d messages arrived", len(got), 2*count)
		}
	})
}

// slowAndFast answers one request at once and the other one after release.
func slowAndFast(release <-chan struct{}) router.Feature {
	return router.Feature{Stanzas: []router.Route{
		{Kind: "iq", Type: "get", Space: "urn:slow", Handle: func(_ *router.User, s *router.Stanza) { <-release; s.Result(nil) }},
		{Kind: "iq", Type: "get", Space: "urn:fast", Handle: func(_ *router.User, s *router.Stanza) { s.Result(nil) }},
	}}
}

func TestSlowUserDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r, out := open(t, slowAndFast(release), nil)
		r.Receive(t.Context(), parse(t, iq("1", "urn:slow")))
		r.Receive(t.Context(), parse(t, iq("2", "urn:fast")))
		r.Receive(t.Context(), parse(t, strings.Replace(iq("3", "urn:fast"), "alice", "bob", 1)))
		synctest.Wait()
		if sent := out.take(); len(sent) != 1 || !strings.Contains(sent[0], `id="3"`) {
			t.Errorf("answers while one user waits: %q", sent)
		}
		close(release)
		synctest.Wait()
		if sent := out.take(); len(sent) != 2 || !strings.Contains(sent[0], `id="1"`) {
			t.Errorf("answers after the wait: %q", sent)
		}
	})
}

func TestUserWithTooManyStanzasReceivesErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r, out := open(t, slowAndFast(release), nil)
		r.Receive(t.Context(), parse(t, iq("first", "urn:slow")))
		synctest.Wait() // it runs, and is not in the queue any more
		const most = 10_000
		for range most + 5 {
			r.Receive(t.Context(), parse(t, iq("more", "urn:slow")))
		}
		if sent := out.take(); len(sent) != 5 || !strings.Contains(sent[0], "resource-constraint") {
			t.Errorf("%d errors", len(sent))
		}
		close(release)
		synctest.Wait()
		if sent := out.take(); len(sent) != most+1 {
			t.Errorf("%d answers", len(sent))
		}
	})
}

// TestUserWithLongStanzasDelaysNobodyElse sends more bytes than may wait for one user.
func TestUserWithLongStanzasDelaysNobodyElse(t *testing.T) {
	for _, c := range []struct {
		name string
		size int // of each of 40 stanzas
		most int // stanzas that are accepted
	}{
		{name: "long stanzas", size: 500_000, most: 12},
		{name: "one that exceeds the limit alone", size: 7 << 20, most: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				r, out := open(t, slowAndFast(release), nil)
				r.Receive(t.Context(), parse(t, iq("first", "urn:slow")))
				synctest.Wait() // it runs
				request := iq("more", "urn:slow")
				const count = 40
				for range count {
					n := parse(t, request)
					stanza.Add(stanza.Children(n)[0], stanza.Text("urn:slow", "text", strings.Repeat("x", c.size)))
					r.Receive(t.Context(), n)
				}
				if sent := out.take(); len(sent) != count-c.most || !strings.Contains(sent[0], "resource-constraint") {
					t.Errorf("%d errors, not %d", len(sent), count-c.most)
				}
				r.Receive(t.Context(), parse(t, strings.ReplaceAll(iq("other", "urn:fast"), "alice", "bob")))
				synctest.Wait()
				if sent := out.take(); len(sent) != 1 || !strings.Contains(sent[0], "result") {
					t.Errorf("another user gets %q", sent)
				}
				close(release)
				synctest.Wait()
				if sent := out.take(); len(sent) != c.most+1 {
					t.Errorf("%d answers, not %d", len(sent), c.most+1)
				}
				r.Receive(t.Context(), parse(t, request))
				synctest.Wait()
				if sent := out.take(); len(sent) != 1 || !strings.Contains(sent[0], "result") {
					t.Errorf("after the wait, the user gets %q", sent)
				}
			})
		})
	}
}

// TestReadingPausesWhileTheScriptIsBehind delivers more than the script takes.
func TestReadingPausesWhileTheScriptIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		body := strings.Repeat("x", 1<<19)
		r, _ := open(t, router.Feature{Stanzas: []router.Route{
			{Kind: "message", Type: "normal", Handle: func(u *router.User, s *router.Stanza) {
				u.Deliver(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{UserName: &u.JID, BuddyName: proto.String("carol"), Message: &body})
			}},
		}}, func(context.Context, *schema.Type, []byte, task.Lender) { <-release })
		go r.RunDelivery(t.Context())
		received := 0
		reader := make(chan struct{})
		go func() {
			defer close(reader)
			for i := range 100 {
				r.Receive(t.Context(), parse(t, `<message from="user`+strconv.Itoa(i)+`@localhost/x" to="t.localhost"><body>`+body+`</body></message>`))
				received++
			}
		}()
		synctest.Wait()
		if received < 15 || received > 40 {
			t.Errorf("reading paused after %d messages of 512 KiB", received)
		}
		close(release)
		<-reader
	})
}

func TestSendersWaitWhileAUserIsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r, _ := open(t, router.Feature{Stanzas: []router.Route{
			{Kind: "message", Type: "normal", Handle: func(u *router.User, _ *router.Stanza) { u.State = router.Online; <-release }},
		}, Payloads: []router.PayloadRoute{
			router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Any, func(*router.User, *pb.ConversationMessage) {}),
		}}, nil)
		r.Receive(t.Context(), parse(t, `<message from="alice@localhost/x" to="t.localhost"/>`))
		payload, err := proto.Marshal(&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("carol"), Message: proto.String(strings.Repeat("x", 1<<20))})
		if err != nil {
			t.Fatal(err)
		}
		for range 4 {
			if r.Full() {
				t.Error("full too early")
			}
			if err := r.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, payload); err != nil {
				t.Fatal(err)
			}
		}
		if !r.Full() {
			t.Error("not full with 4 MiB")
		}
		waited := make(chan error)
		go func() { waited <- r.WaitCapacity(t.Context()) }()
		synctest.Wait()
		select {
		case <-waited:
			t.Error("WaitCapacity does not wait")
		default:
		}
		close(release)
		if err := <-waited; err != nil || r.Full() {
			t.Errorf("after the wait: %v, full %v", err, r.Full())
		}
	})
}

// asks returns a feature that sends a query to the sender of each message, and passes the
// answer to answered.
func asks(answered func(answer *xmltree.Node)) router.Feature {
	return router.Feature{Stanzas: []router.Route{
		{Kind: "message", Type: "normal", Handle: func(u *router.User, s *router.Stanza) {
			u.Query("get", s.From, stanza.Element("urn:q", "query", nil), func(_ *router.User, answer *xmltree.Node) { answered(answer) })
		}},
	}}
}

func TestQueryAcceptsAnswersOfItsAddresseeOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers []string
		r, out := open(t, asks(func(answer *xmltree.Node) { answers = append(answers, stanza.Attr(answer, "from")) }), nil)
		ask := func() string {
			r.Receive(t.Context(), parse(t, `<message from="alice@localhost/x" to="t.localhost"/>`))
			synctest.Wait()
			return stanza.Attr(parse(t, out.take()[0]), "id")
		}
		answer := func(id, from string) {
			r.Receive(t.Context(), parse(t, `<iq type="result" id="`+id+`" from="`+from+`" to="t.localhost"/>`))
			synctest.Wait()
		}
		id := ask()
		answer("other", "alice@localhost/x")
		answer(id, "eve@localhost/x")
		answer(id, "alice@localhost/x")
		answer(id, "alice@localhost/x")
		if fmt.Sprint(answers) != "[alice@localhost/x]" {
			t.Errorf("answers: %q", answers)
		}
		ask()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(answers) != 2 || answers[1] != "" {
			t.Errorf("no call without an answer: %q", answers)
		}
	})
}

// earlyClock is a real clock that calls early before each timer is set.
type earlyClock struct {
	clock.Clock
	early func()
}

func (c *earlyClock) AfterFunc(d time.Duration, f func()) clock.Timer {
	c.early()
	return c.Clock.AfterFunc(d, f)
}

func TestAnswerBeforeItsQueryHasNoEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var answers []string
		r, out := open(t, asks(func(answer *xmltree.Node) { answers = append(answers, stanza.Attr(answer, "n")) }), nil)
		answer := func(id, n string) {
			r.Receive(t.Context(), parse(t, `<iq type="result" id="`+id+`" n="`+n+`" from="alice@localhost/x" to="t.localhost"/>`))
		}
		const first = "q1"
		r.Clock = &earlyClock{r.Clock, func() { answer(first, "early") }}
		r.Receive(t.Context(), parse(t, `<message from="alice@localhost/x" to="t.localhost"/>`))
		synctest.Wait()
		if id := stanza.Attr(parse(t, out.take()[0]), "id"); id != first {
			t.Fatalf("the first query has the id %q", id)
		}
		answer(first, "in time")
		synctest.Wait()
		if fmt.Sprint(answers) != "[in time]" {
			t.Errorf("answers: %q", answers)
		}
	})
}

func TestNamesKeepTheCaseOfTheScript(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var names []string
		r, _ := open(t, router.Feature{Stanzas: []router.Route{
			{Kind: "message", Type: "normal", Handle: func(u *router.User, s *router.Stanza) {
				u.State = router.Online
				u.ContactJID("Carol@Net.org")
				names = append(names, s.Name)
			}},
		}}, nil)
		for _, to := range []string{"x", `carol\40net.org`, `dave\40net.org`, "#room%irc.net"} {
			r.Receive(t.Context(), parse(t, `<message from="alice@localhost/x" to="`+to+`@t.localhost"/>`))
		}
		synctest.Wait()
		if fmt.Sprint(names) != "[x Carol@Net.org dave@net.org #room@irc.net]" {
			t.Errorf("names: %q", names)
		}
	})
}

func TestCloseWaitsForTheQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, out := open(t, router.Feature{Stanzas: []router.Route{
			{Kind: "message", Type: "normal", Handle: func(u *router.User, _ *router.Stanza) {
				u.State = router.Online
				time.Sleep(time.Second)
			}},
		}}, nil)
		r.Receive(t.Context(), parse(t, `<message from="alice@localhost/x" to="t.localhost"/>`))
		synctest.Wait()
		r.Each(func(u *router.User) { u.Send(stanza.Presence("t.localhost", u.JID, "unavailable")) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r.Close(ctx)
		if sent := out.take(); len(sent) != 1 {
			t.Errorf("sent before the end: %q", sent)
		}
		if err := r.Send(pb.WrapperMessage_TYPE_CONNECTED, nil); err == nil {
			t.Error("Send works after Close")
		}
		r.Receive(t.Context(), parse(t, iq("late", "urn:x")))
		if sent := out.take(); len(sent) != 1 || !strings.Contains(sent[0], "service-unavailable") {
			t.Errorf("an IQ after the end: %q", sent)
		}
	})
}

func TestTwoFeaturesWithOneRoutePanic(t *testing.T) {
	route := router.Route{Kind: "iq", Type: "get", Space: "urn:x", Handle: func(*router.User, *router.Stanza) {}}
	payload := router.On(pb.WrapperMessage_TYPE_CONNECTED, router.Any, func(*router.User, *pb.Connected) {})
	for _, f := range []router.Feature{{Stanzas: []router.Route{route}}, {Payloads: []router.PayloadRoute{payload}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for %+v", f)
				}
			}()
			router.New(router.Options{Features: []router.Feature{f, f}})
		}()
	}
}
