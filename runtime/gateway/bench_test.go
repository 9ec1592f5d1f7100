package gateway

import (
	"context"
	"io"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltree"
)

// sink is a component without a connection. It encodes stanzas and drops them.
type sink struct {
	*component.Component
	sent chan struct{}
}

func (s *sink) SendNode(n *xmltree.Node) error {
	_, err := n.Text(component.DefaultMaxSend)
	s.sent <- struct{}{}
	return err
}

func (s *sink) Full() bool                         { return false }
func (s *sink) WaitCapacity(context.Context) error { return nil }

// BenchmarkPlainMessage passes a message of a user to the script and one back. cpu-ns/op is
// the processor time of the process.
func BenchmarkPlainMessage(b *testing.B) {
	store := Memory(b)
	log := logrus.New()
	log.SetOutput(io.Discard)
	out := &sink{sent: make(chan struct{}, 1000)}
	got := make(chan struct{}, 1000)
	var all []router.Feature
	for _, feature := range features {
		all = append(all, feature())
	}
	r := router.New(router.Options{
		Settings: settings.Settings{Service: settings.Service{JID: fuzzJID, JIDEscaping: true}},
		Store:    store, Stream: out, Features: all, Log: log, Clock: clock.Real(),
		Receive: func(_ context.Context, typ *schema.Type, _ []byte, _ task.Lender) {
			if typ.Number == pb.WrapperMessage_TYPE_CONV_MESSAGE {
				got <- struct{}{}
			}
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var delivery sync.WaitGroup
	delivery.Go(func() { r.RunDelivery(ctx) })
	defer delivery.Wait()
	defer cancel()
	if _, err := store.Register(ctx, users.Account{JID: fuzzUser, Name: "bob"}, nil); err != nil {
		b.Fatal(err)
	}
	receive := func(xml string) {
		n, err := xmltree.Parse(xml, xmltree.DefaultLimits)
		if err != nil {
			b.Fatal(err)
		}
		r.Receive(ctx, n)
	}
	send := func(typ pb.WrapperMessage_Type, m proto.Message) {
		payload, err := proto.Marshal(m)
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Send(typ, payload); err != nil {
			b.Fatal(err)
		}
	}
	receive(`<presence from="` + fuzzClient + `" to="` + fuzzJID + `"/>`)
	send(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(fuzzUser)})
	time.Sleep(100 * time.Millisecond) // the benchmark is not a test of the login
	for len(out.sent) > 0 {
		<-out.sent
	}
	m := &pb.ConversationMessage{UserName: proto.String(fuzzUser), BuddyName: proto.String("carol"), Message: proto.String("a message of sixty-four bytes, as people write them every day .")}
	xml := `<message type="chat" id="5b1f6ad4-2d1c-4b6b-9d3f-0c8c3f2b7a11" from="` + fuzzClient + `" to="carol@` + fuzzJID + `"><body>` + m.GetMessage() +
		`</body><active xmlns="http://jabber.org/protocol/chatstates"/><request xmlns="urn:xmpp:receipts"/></message>`
	const batch = 100
	before := processorTime()
	b.ResetTimer()
	for range b.N {
		for range batch {
			receive(xml)
			send(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
		}
		for range batch {
			<-got
			<-out.sent
		}
	}
	b.ReportMetric(float64(processorTime()-before)/float64(b.N*batch), "cpu-ns/message")
}

func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
