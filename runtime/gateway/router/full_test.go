package router_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/capacity"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// slowStream is full with most stanzas, until the test takes them.
type slowStream struct {
	stream
	most    int
	waiters capacity.Waiters
}

func (s *slowStream) isFull() bool { return len(s.sent) >= s.most }

func (s *slowStream) Full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.isFull()
}

func (s *slowStream) WaitCapacity(ctx context.Context) error {
	return s.waiters.Wait(ctx, &s.mu, s.isFull)
}

func (s *slowStream) drain() []string {
	sent := s.take()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters.Release()
	return sent
}

// openSlow returns a router with a stream that is full with one stanza. A payload and a
// stanza of a user become a stanza each.
func openSlow(t *testing.T, quick bool) (*router.Router, *slowStream) {
	log := logrus.New()
	log.SetOutput(t.Output())
	send := func(u *router.User, text string) {
		u.State = router.Online
		u.Send(stanza.Message("t.localhost", u.JID, "chat", stanza.Text("", "body", text)))
	}
	payload := router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Contact, func(u *router.User, m *pb.ConversationMessage) { send(u, m.GetMessage()) })
	message := router.Route{Kind: "message", Type: "chat", Handle: func(u *router.User, s *router.Stanza) { send(u, stanza.ChildText(s.Node, "", "body")) }}
	if quick {
		payload = payload.Quick(func(proto.Message) bool { return true })
		message.Quick = always
	}
	out := &slowStream{most: 1}
	return router.New(router.Options{
		Settings: settings.Settings{Service: settings.Service{JID: "t.localhost", JIDEscaping: true}},
		Stream:   out, Log: log, Clock: clock.Real(),
		Features: []router.Feature{{Stanzas: []router.Route{message}, Payloads: []router.PayloadRoute{payload}}},
	}), out
}

// TestHandlersWaitForTheStream checks that stanzas and payloads become stanzas in order, and
// no faster than the stream takes them.
func TestHandlersWaitForTheStream(t *testing.T) {
	for _, quick := range []bool{false, true} {
		t.Run(fmt.Sprint("quick ", quick), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, out := openSlow(t, quick)
				const each = 20
				for i := range each {
					body := fmt.Sprintf("<body>%02d</body></message>", 2*i)
					r.Receive(t.Context(), parse(t, `<message type="chat" from="alice@localhost/x" to="t.localhost">`+body))
					bytes, err := proto.Marshal(&pb.ConversationMessage{
						UserName: proto.String("alice@localhost"), BuddyName: proto.String("bob"), Message: proto.String(fmt.Sprintf("%02d", 2*i+1)),
					})
					if err == nil {
						err = r.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, bytes)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if r.Queued() == 0 {
					t.Error("no payload waits")
				}
				for i := range 2 * each {
					synctest.Wait()
					sent := out.drain()
					if len(sent) != 1 {
						t.Fatalf("the stream has %d stanzas, not 1", len(sent))
					}
					n, err := xmltree.Parse(sent[0], xmltree.DefaultLimits)
					if want := fmt.Sprintf("%02d", i); err != nil || stanza.ChildText(n, "", "body") != want {
						t.Fatalf("%s (%v), not %s", sent[0], err, want)
					}
				}
				if n := r.Queued(); n != 0 {
					t.Errorf("%d bytes of payloads wait", n)
				}
				r.Close(t.Context())
			})
		})
	}
}

// TestCloseEndsHandlersThatWaitForTheStream checks that a server that does not read delays the
// end no longer than Close may take.
func TestCloseEndsHandlersThatWaitForTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, out := openSlow(t, false)
		for range 3 {
			r.Receive(t.Context(), parse(t, fromAlice))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var ended sync.WaitGroup
		ended.Go(func() { r.Close(ctx) })
		ended.Wait()
		synctest.Wait()
		if n := len(out.take()); n != 1 {
			t.Errorf("%d stanzas are sent, not 1", n)
		}
	})
}

// TestLongHandlersWaitForTheStream has a handler that answers with several stanzas.
func TestLongHandlersWaitForTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, out := openSlow(t, false)
		const answers = 5
		ended := false
		err := r.For("alice@localhost", func(u *router.User) {
			for range answers {
				u.Send(parse(t, fromAlice))
			}
			ended = true
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range answers {
			synctest.Wait()
			if n := len(out.drain()); n != 1 {
				t.Fatalf("the stream has %d stanzas after %d others, not 1", n, i)
			}
		}
		synctest.Wait()
		if !ended {
			t.Error("the handler still waits")
		}
		r.Close(t.Context())
	})
}

// TestQuickHandlersDoNotWaitForTheStream has a quick handler that answers with several stanzas. It
// runs on the goroutine of the script, which must not wait.
func TestQuickHandlersDoNotWaitForTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &slowStream{most: 1}
		r := router.New(router.Options{
			Settings: settings.Settings{Service: settings.Service{JID: "t.localhost"}}, Stream: out, Log: logrus.New(), Clock: clock.Real(),
			Features: []router.Feature{{Payloads: []router.PayloadRoute{
				router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Contact, func(u *router.User, _ *pb.ConversationMessage) {
					for range 3 {
						u.Send(parse(t, fromAlice))
					}
				}).Quick(func(proto.Message) bool { return true }),
			}}},
		})
		if err := r.For("alice@localhost", func(u *router.User) { u.State = router.Online }); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		bytes, err := proto.Marshal(&pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("bob"), Message: proto.String("hi")})
		if err == nil {
			err = r.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, bytes)
		}
		if n := len(out.drain()); err != nil || n != 3 {
			t.Errorf("%d stanzas are sent, not 3 (%v)", n, err)
		}
		r.Close(t.Context())
	})
}
