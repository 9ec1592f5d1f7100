package router_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

const fromAlice = `<message type="chat" from="alice@localhost/x" to="t.localhost"/>`

func always(*router.Stanza) bool { return true }

// quickFeature has a slow IQ, and messages in both directions. It appends what it handles to
// handled.
func quickFeature(handled *[]string, release <-chan struct{}) router.Feature {
	message := router.On(pb.WrapperMessage_TYPE_CONV_MESSAGE, router.Contact, func(*router.User, *pb.ConversationMessage) {
		*handled = append(*handled, "payload")
	})
	return router.Feature{
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", Space: "urn:slow", Handle: func(u *router.User, s *router.Stanza) {
				<-release
				u.State = router.Online
				*handled = append(*handled, "slow")
				s.Result(nil)
			}},
			{Kind: "message", Type: "chat", Quick: always, Handle: func(*router.User, *router.Stanza) {
				*handled = append(*handled, "stanza")
			}},
		},
		Payloads: []router.PayloadRoute{message.Quick(func(proto.Message) bool { return true })},
	}
}

func toAlice(t *testing.T, r *router.Router) {
	t.Helper()
	bytes, err := proto.Marshal(&pb.ConversationMessage{
		UserName: proto.String("alice@localhost"), BuddyName: proto.String("bob"), Message: proto.String("hi"),
	})
	if err == nil {
		err = r.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, bytes)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestQuickHandlersRunOnTheGoroutineOfTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled []string
		release := make(chan struct{})
		close(release)
		r, _ := open(t, quickFeature(&handled, release), nil)
		r.Receive(t.Context(), parse(t, iq("1", "urn:slow"))) // makes the user online
		synctest.Wait()
		r.Receive(t.Context(), parse(t, fromAlice))
		toAlice(t, r)
		if want := []string{"slow", "stanza", "payload"}; !slices.Equal(handled, want) {
			t.Errorf("handled without a switch: %q, not %q", handled, want)
		}
	})
}

func TestQuickHandlersKeepTheOrderOfTheirUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var handled []string
		release := make(chan struct{})
		r, _ := open(t, quickFeature(&handled, release), nil)
		r.Receive(t.Context(), parse(t, iq("1", "urn:slow")))
		synctest.Wait() // it waits
		r.Receive(t.Context(), parse(t, fromAlice))
		toAlice(t, r)
		close(release)
		synctest.Wait()
		if want := []string{"slow", "stanza", "payload"}; !slices.Equal(handled, want) {
			t.Errorf("handled: %q, not %q", handled, want)
		}
	})
}

func TestHandlerThatKeepsTheDeliveryDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, received := make(chan struct{}), 0
		r, _ := open(t, router.Feature{Stanzas: []router.Route{
			{Kind: "message", Type: "chat", Quick: always, Handle: func(u *router.User, _ *router.Stanza) {
				u.DeliverRaw(pb.WrapperMessage_TYPE_EXIT, nil)
			}},
		}}, func(_ context.Context, _ *schema.Type, _ []byte, lender task.Lender) {
			if received++; received == 1 {
				lender.Lend()
				lender.Keep()
				lender.Waits()
				<-release
			}
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			r.RunDelivery(ctx)
		}()
		for range 3 {
			r.Receive(t.Context(), parse(t, fromAlice))
		}
		synctest.Wait()
		if received != 3 {
			t.Errorf("%d of 3 payloads are delivered while a handler waits", received)
		}
		cancel()
		<-ended // although the handler still waits
		close(release)
	})
}
