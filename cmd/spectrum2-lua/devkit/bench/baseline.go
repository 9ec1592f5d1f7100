package bench

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// flushAt is the number of bytes after which the baseline writes although more input is
// buffered.
const flushAt = 8 << 10

// Baseline is the backend to which a Lua backend is compared: a plain Go echo of the same
// frames with the same wire package. It parses the wrapper and the payload, builds an
// answer with the same fields and encodes it. It writes answers that are ready together in
// one write. It answers PING and LOGIN, ignores other messages, and returns at EXIT or at
// the end of the connection. It does not close the connection.
func Baseline(conn net.Conn) error {
	b := baseline{frames: wire.NewReader(conn, 0)}
	for {
		frame, err := b.frames.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		exit, err := b.handle(frame)
		if err != nil {
			return err
		}
		if len(b.out) >= flushAt || len(b.out) > 0 && (exit || !b.frames.Buffered()) {
			if _, err := conn.Write(b.out); err != nil {
				return err
			}
			b.out = b.out[:0]
		}
		if exit {
			return nil
		}
	}
}

// DialSpectrum connects to the Spectrum that a backend's arguments name with
// --host and --port.
func DialSpectrum(args []string) (net.Conn, error) {
	host, port := flagValue(args, "--host"), flagValue(args, "--port")
	if host == "" || port == "" {
		return nil, errors.New("--host and --port are missing")
	}
	return net.Dial("tcp", net.JoinHostPort(host, port))
}

// flagValue returns the argument after a flag, or "".
func flagValue(args []string, flag string) string {
	i := slices.Index(args, flag)
	if i < 0 || i+1 == len(args) {
		return ""
	}
	return args[i+1]
}

type baseline struct {
	frames  *wire.Reader
	out     []byte
	payload []byte
}

func (b *baseline) handle(frame []byte) (exit bool, err error) {
	typ, payload, err := pb.SplitWrapper(frame)
	if err != nil {
		return false, err
	}
	switch typ {
	case pb.WrapperMessage_TYPE_EXIT:
		return true, nil
	case pb.WrapperMessage_TYPE_PING:
		return false, b.pong()
	case pb.WrapperMessage_TYPE_LOGIN:
		return false, b.login(payload)
	case pb.WrapperMessage_TYPE_CONV_MESSAGE:
		return false, b.echo(payload)
	}
	return false, nil
}

func (b *baseline) echo(payload []byte) error {
	var got pb.ConversationMessage
	if err := proto.Unmarshal(payload, &got); err != nil {
		return err
	}
	return b.send(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
		UserName:  got.UserName,
		BuddyName: got.BuddyName,
		Message:   got.Message,
	})
}

func (b *baseline) login(payload []byte) error {
	var login pb.Login
	if err := proto.Unmarshal(payload, &login); err != nil {
		return err
	}
	err := b.send(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: login.User})
	if err != nil {
		return err
	}
	return b.send(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{
		UserName:  login.User,
		BuddyName: proto.String(contact),
		Alias:     proto.String("Echo"),
		Status:    pb.StatusType_STATUS_TYPE_ONLINE.Enum(),
	})
}

func (b *baseline) pong() error {
	b.out = appendFrame(b.out, pb.WrapperMessage_TYPE_PONG, nil)
	return b.send(pb.WrapperMessage_TYPE_STATS, &pb.Stats{
		Res:     proto.Int32(0),
		InitRes: proto.Int32(0),
		Shared:  proto.Int32(0),
		Id:      proto.String(strconv.Itoa(os.Getpid())),
	})
}

func (b *baseline) send(typ pb.WrapperMessage_Type, message proto.Message) (err error) {
	b.payload, err = proto.MarshalOptions{}.MarshalAppend(b.payload[:0], message)
	if err != nil {
		return fmt.Errorf("%v: %w", typ, err)
	}
	b.out = appendFrame(b.out, typ, b.payload)
	return nil
}
