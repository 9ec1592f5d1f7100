package spectrum

import (
	"context"
	"testing"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// BenchmarkPlainMessage measures what the Side adds to a message from Spectrum and its
// answer, which it passes on unchanged.
func BenchmarkPlainMessage(b *testing.B) {
	s := New(Options{
		JID: "echo.localhost", Log: logrus.New(),
		Send:    func(pb.WrapperMessage_Type, []byte) error { return nil },
		Receive: func(context.Context, *schema.Type, []byte, task.Lender) {},
	})
	payload, err := proto.Marshal(&pb.ConversationMessage{
		UserName: proto.String("user@localhost"), BuddyName: proto.String("contact"),
		Message: proto.String("a message of sixty-four bytes, as people write them to each other"), Xhtml: proto.String(""),
	})
	if err != nil {
		b.Fatal(err)
	}
	typ := schema.TypeByNumber(pb.WrapperMessage_TYPE_CONV_MESSAGE)
	b.ReportAllocs()
	for b.Loop() {
		s.Receive(context.Background(), typ, payload, nil)
		if err := s.Send(typ.Number, payload); err != nil {
			b.Fatal(err)
		}
	}
}
