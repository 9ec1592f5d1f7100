package baseline

import (
	"io"
	"net"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

func TestServeEchoesMessages(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	ended := make(chan error, 1)
	go func() { ended <- Serve(near); _ = near.Close() }()
	var b Backend
	for _, text := range []string{"hello", "", "żółw"} {
		if err := b.Send(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
			UserName: proto.String("alice@localhost"), BuddyName: proto.String(Contact), Message: proto.String(text), Nickname: proto.String("ignored"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	go func() { _, _ = far.Write(append(b.Out, "\x00\x00\x00\x02\x08\x1d"...)) }()
	frames := wire.NewReader(far, 0)
	for _, text := range []string{"hello", "", "żółw"} {
		frame, err := frames.Next()
		if err != nil {
			t.Fatal(err)
		}
		typ, payload, err := pb.SplitWrapper(frame)
		var m pb.ConversationMessage
		if err == nil {
			err = proto.Unmarshal(payload, &m)
		}
		if err != nil || typ != pb.WrapperMessage_TYPE_CONV_MESSAGE || m.GetUserName() != "alice@localhost" || m.GetBuddyName() != Contact || m.GetMessage() != text || m.Nickname != nil {
			t.Errorf("got %v %v, %v", typ, &m, err)
		}
	}
	if _, err := frames.Next(); err != io.EOF {
		t.Errorf("after EXIT: %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestParseMessageRejectsWhatIsNoMessage(t *testing.T) {
	for name, payload := range map[string]string{
		"no field": "", "no text": "\x0a\x01a\x12\x01b", "half a tag": "\x80", "half a field": "\x0a\x05a", "a number": "\x08\x01",
	} {
		if m, err := ParseMessage([]byte(payload)); err == nil {
			t.Errorf("%s: got %q", name, m)
		}
	}
}

func TestDialNeedsHostAndPort(t *testing.T) {
	for _, args := range [][]string{nil, {"--host"}, {"--host", "127.0.0.1"}, {"--port", "1"}} {
		if _, err := Dial(args); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}

func TestServeEndsWithItsConnection(t *testing.T) {
	for name, bytes := range map[string]string{
		"between frames": "", "with EXIT": "\x00\x00\x00\x02\x08\x1d", "of another type": "\x00\x00\x00\x02\x08\x63",
	} {
		near, far := net.Pipe()
		go func() { _, _ = far.Write([]byte(bytes)); _ = far.Close() }()
		if err := Serve(near); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		_ = near.Close()
	}
	for name, bytes := range map[string]string{
		"garbage": "\x00\x00\x00\x01\xff", "half a length": "\x00\x00", "only a length": "\x00\x00\x00\x02", "too long": "\xff\xff\xff\xff", "half a frame": "\x00\x00\x00\x09\x08", "no payload": "\x00\x00\x00\x02\x08\x08",
		"no login": "\x00\x00\x00\x02\x08\x03",
	} {
		near, far := net.Pipe()
		go func() { _, _ = far.Write([]byte(bytes)); _ = far.Close() }()
		if err := Serve(near); err == nil {
			t.Errorf("%s: no error", name)
		}
		_ = near.Close()
	}
}
