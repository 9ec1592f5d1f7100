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

// frame is a frame for Spectrum, or a message for the script.
type frame struct {
	typ     pb.WrapperMessage_Type
	payload []byte
}

// scene has a Side between a Spectrum and a script that the test plays.
type scene struct {
	*Side
	frames   []frame // for Spectrum
	received []frame // for the script
}

func play(t *testing.T) *scene {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	log.SetLevel(logrus.DebugLevel)
	s := &scene{}
	s.Side = New(Options{
		Name: "My transport",
		JID:  "echo.localhost", Log: log,
		Send: func(typ pb.WrapperMessage_Type, payload []byte) error {
			s.frames = append(s.frames, frame{typ, payload})
			return nil
		},
		Receive: func(_ context.Context, typ *schema.Type, payload []byte, _ task.Lender) {
			s.received = append(s.received, frame{typ.Number, append([]byte(nil), payload...)})
		},
	})
	return s
}

func encoded(t *testing.T, m proto.Message) []byte {
	t.Helper()
	payload, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

func TestTypesOfTheGatewayAreNeverFrames(t *testing.T) {
	s := play(t)
	for _, typ := range schema.Types() {
		_ = s.Send(typ.Number, nil) // some need a payload
	}
	for _, f := range s.frames {
		if schema.TypeByNumber(f.typ).GatewayOnly {
			t.Errorf("Spectrum gets %v", f.typ)
		}
	}
	if len(s.frames) == 0 {
		t.Error("Spectrum gets nothing")
	}
}

func TestPlainMessagesPassUnchanged(t *testing.T) {
	s := play(t)
	payload := encoded(t, &pb.ConversationMessage{UserName: proto.String("alice@localhost"), BuddyName: proto.String("bob"), Message: proto.String("hi")})
	if err := s.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, payload); err != nil {
		t.Fatal(err)
	}
	s.Side.Receive(t.Context(), schema.TypeByNumber(pb.WrapperMessage_TYPE_CONV_MESSAGE), payload, nil)
	if len(s.frames) != 1 || string(s.frames[0].payload) != string(payload) {
		t.Errorf("frames: %v", s.frames)
	}
	if len(s.received) != 1 || string(s.received[0].payload) != string(payload) {
		t.Errorf("received: %v", s.received)
	}
}
