package rooms_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/xmltree"
)

// sink is a stream that counts stanzas.
type sink struct {
	stanzas, want atomic.Int64
	reached       chan struct{} // has a value when want is reached
}

func (s *sink) SendNode(n *xmltree.Node) error {
	_, err := n.Text(512 << 10)
	if s.stanzas.Add(1) == s.want.Load() {
		s.reached <- struct{}{}
	}
	return err
}
func (*sink) Full() bool                         { return false }
func (*sink) WaitCapacity(context.Context) error { return nil }

// crowd are users in one room.
type crowd struct {
	b      *testing.B
	router *router.Router
	out    sink
	users  []string
}

func newCrowd(b *testing.B, size int) *crowd {
	log := logrus.New()
	log.SetOutput(b.Output())
	c := &crowd{b: b, out: sink{reached: make(chan struct{}, 1)}}
	c.router = router.New(router.Options{
		Settings: settings.Settings{Service: settings.Service{JID: "t.localhost", Password: "secret"}},
		Stream:   &c.out, Features: []router.Feature{rooms.Feature()}, Log: log, Clock: clock.Real(),
	})
	b.Cleanup(func() { c.router.Close(context.Background()) })
	for i := range size {
		jid := fmt.Sprintf("u%d@localhost", i)
		c.users = append(c.users, jid)
		if err := c.router.For(jid, func(u *router.User) { u.State = router.Online }); err != nil {
			b.Fatal(err)
		}
		n, err := xmltree.Parse(`<presence from="`+jid+`/x" to="#room@t.localhost/me"><x xmlns="http://jabber.org/protocol/muc"/></presence>`, xmltree.DefaultLimits)
		if err != nil {
			b.Fatal(err)
		}
		c.router.Receive(context.Background(), n)
	}
	return c
}

func (c *crowd) send(typ pb.WrapperMessage_Type, m proto.Message) {
	payload, err := proto.Marshal(m)
	if err == nil {
		err = c.router.Send(typ, payload)
	}
	if err != nil {
		c.b.Fatal(err)
	}
}

func (c *crowd) participant(user, nick string, flag pb.ParticipantFlag) {
	c.send(pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, &pb.Participant{
		UserName: &user, Room: proto.String("#room"), Nickname: &nick, Flag: proto.Int32(int32(flag)), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum(),
	})
}

// expects is called before the stanzas are sent that waits waits for: their number since the
// start.
func (c *crowd) expects(stanzas int) { c.out.want.Store(int64(stanzas)) }

func (c *crowd) waits() {
	select {
	case <-c.out.reached:
	case <-time.After(time.Minute):
		c.b.Fatalf("%d stanzas, not %d", c.out.stanzas.Load(), c.out.want.Load())
	}
}

// BenchmarkRoomMessage sends one message of a room to each of the users in it.
func BenchmarkRoomMessage(b *testing.B) {
	for _, size := range []int{100, 10_000} {
		b.Run(fmt.Sprintf("sessions=%d", size), func(b *testing.B) {
			c := newCrowd(b, size)
			c.expects(2 * size)
			for _, user := range c.users {
				c.participant(user, "me", pb.ParticipantFlag_PARTICIPANT_FLAG_ME)
				c.send(pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED, &pb.ConversationMessage{UserName: &user, BuddyName: proto.String("#room"), Message: proto.String("tea")})
			}
			c.waits()
			b.ReportAllocs()
			b.ResetTimer()
			c.expects(2*size + b.N)
			for i := range b.N {
				c.send(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
					UserName: &c.users[i%size], BuddyName: proto.String("#room"), Nickname: proto.String("carol"), Message: proto.String("hello, how are you?"),
				})
			}
			c.waits()
		})
	}
}

// BenchmarkRoomJoin announces a room of 1,000 occupants to one user after the other. An
// operation is one occupant.
func BenchmarkRoomJoin(b *testing.B) {
	const occupants = 1000
	c := newCrowd(b, (b.N+occupants-1)/occupants)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	b.ResetTimer()
	want := 0
	for _, user := range c.users {
		want += occupants + 1
		c.expects(want)
		for i := range occupants {
			c.participant(user, fmt.Sprintf("occupant%04d", i), 0)
		}
		c.participant(user, "me", pb.ParticipantFlag_PARTICIPANT_FLAG_ME)
		c.waits()
	}
	b.StopTimer()
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(want), "B/occupant")
}
