package simulator_test

import (
	"net"
	"os"
	"testing"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// Short names for types that many tests use.
const (
	typePing         = pb.WrapperMessage_TYPE_PING
	typePong         = pb.WrapperMessage_TYPE_PONG
	typeStats        = pb.WrapperMessage_TYPE_STATS
	typeConnected    = pb.WrapperMessage_TYPE_CONNECTED
	typeDisconnected = pb.WrapperMessage_TYPE_DISCONNECTED
	typeLogin        = pb.WrapperMessage_TYPE_LOGIN
	typeLogout       = pb.WrapperMessage_TYPE_LOGOUT
	typeBuddyChanged = pb.WrapperMessage_TYPE_BUDDY_CHANGED
	typeConvMessage  = pb.WrapperMessage_TYPE_CONV_MESSAGE
	typeConfig       = pb.WrapperMessage_TYPE_BACKEND_CONFIG
	typeQuery        = pb.WrapperMessage_TYPE_QUERY
	typeRawXML       = pb.WrapperMessage_TYPE_RAW_XML
	typeExit         = pb.WrapperMessage_TYPE_EXIT
)

const alice = "alice@localhost"

func TestMain(m *testing.M) {
	if role := roles[os.Getenv(roleVariable)]; role != nil {
		os.Exit(role(os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

// fake is a backend that the test controls.
type fake struct {
	t      testing.TB
	conn   net.Conn
	frames *wire.Reader
}

// connect returns a simulated Spectrum and a fake backend that talk over TCP. Both may be
// used from one goroutine.
func connect(t *testing.T, o simulator.Options) (*simtest.Backend, *fake) {
	t.Helper()
	s := simtest.Listen(t, o)
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return s.Accept(), newFake(t, conn)
}

// greeted is like connect, after the first PING and PONG.
func greeted(t *testing.T, o simulator.Options) (*simtest.Backend, *fake) {
	t.Helper()
	b, f := connect(t, o)
	b.Send(typePing, nil)
	f.next()
	f.send(typePong, nil)
	b.Expect(typePong, nil)
	return b, f
}

func newFake(t testing.TB, conn net.Conn) *fake {
	return &fake{t: t, conn: conn, frames: wire.NewReader(conn, 0)}
}

// serve answers PING and passes other frames to handle. It closes the connection at EXIT
// or when the connection ends.
func (f *fake) serve(handle func(simulator.Frame)) {
	defer func() { _ = f.conn.Close() }()
	for {
		frame, err := f.read()
		switch {
		case err != nil || frame.Type == typeExit:
			return
		case frame.Type == typePing:
			f.send(typePong, nil)
		default:
			handle(frame)
		}
	}
}

func (f *fake) read() (simulator.Frame, error) {
	bytes, err := f.frames.Next()
	if err != nil {
		return simulator.Frame{}, err
	}
	return simulator.Decode(simulator.ToBackend, append([]byte(nil), bytes...)), nil
}

// next returns the next frame from Spectrum.
func (f *fake) next() simulator.Frame {
	f.t.Helper()
	frame, err := f.read()
	if err != nil {
		f.t.Fatalf("the backend reads: %v", err)
	}
	return frame
}

// send sends a message to Spectrum.
func (f *fake) send(typ pb.WrapperMessage_Type, payload proto.Message) {
	f.t.Helper()
	var bytes []byte
	if payload != nil {
		var err error
		if bytes, err = (proto.MarshalOptions{AllowPartial: true}).MarshalAppend([]byte{}, payload); err != nil {
			f.t.Fatal(err)
		}
	}
	f.raw(simulator.AppendFrame(nil, typ, bytes))
}

func (f *fake) raw(bytes []byte) {
	f.t.Helper()
	if _, err := f.conn.Write(bytes); err != nil {
		f.t.Errorf("the backend writes: %v", err)
	}
}
