package link

import (
	"bytes"
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	tPing    = pb.WrapperMessage_TYPE_PING
	tPong    = pb.WrapperMessage_TYPE_PONG
	tStats   = pb.WrapperMessage_TYPE_STATS
	tExit    = pb.WrapperMessage_TYPE_EXIT
	tConfig  = pb.WrapperMessage_TYPE_BACKEND_CONFIG
	tMessage = pb.WrapperMessage_TYPE_CONV_MESSAGE
	tQuery   = pb.WrapperMessage_TYPE_QUERY
)

// patience is the time limit for steps that normally take no time.
const patience = time.Minute

// peer is Spectrum's end of a connection.
type peer struct {
	t      testing.TB
	conn   net.Conn
	frames *wire.Reader
}

func newPeer(t testing.TB, conn net.Conn) *peer {
	return &peer{t: t, conn: conn, frames: wire.NewReader(conn, 0)}
}

func (p *peer) send(typ pb.WrapperMessage_Type, payload string) {
	p.t.Helper()
	p.sendBytes(appendFrame(nil, typ, []byte(payload)))
}

func (p *peer) sendBytes(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatal(err)
	}
}

// next reads one message.
func (p *peer) next() (pb.WrapperMessage_Type, string) {
	p.t.Helper()
	frame, err := p.frames.Next()
	if err != nil {
		p.t.Fatalf("the peer reads: %v", err)
	}
	typ, payload, err := pb.SplitWrapper(frame)
	if err != nil {
		p.t.Fatal(err)
	}
	return typ, string(payload)
}

func (p *peer) expect(typ pb.WrapperMessage_Type, payload string) {
	p.t.Helper()
	if gotType, got := p.next(); gotType != typ || got != payload {
		p.t.Fatalf("%v %.50q, want %v %.50q", gotType, got, typ, payload)
	}
}

// ping sends a PING and expects only its answer.
func (p *peer) ping() {
	p.t.Helper()
	p.send(tPing, "")
	p.expectPong()
}

func (p *peer) expectPong() {
	p.t.Helper()
	p.expect(tPong, "")
	p.expectStats()
}

func (p *peer) expectStats() {
	p.t.Helper()
	typ, payload := p.next()
	var stats pb.Stats
	if err := proto.Unmarshal([]byte(payload), &stats); err != nil || typ != tStats {
		p.t.Fatalf("%v %q (%v), want STATS", typ, payload, err)
	}
	if stats.GetId() != strconv.Itoa(os.Getpid()) || stats.GetRes() <= 0 || stats.GetInitRes() <= 0 || stats.GetShared() < 0 {
		p.t.Errorf("STATS %v", &stats)
	}
}

// end reads until the connection ends, and returns the error of the last read.
func (p *peer) end() error {
	for {
		if _, err := p.frames.Next(); err != nil {
			return err
		}
	}
}

// trial is a link with a peer.
type trial struct {
	*Link
	peer *peer
	log  *logText
	done chan struct{} // closed when Run has returned
	err  error         // the result of Run
	stop context.CancelFunc
}

// serve runs a link over TCP. The link is closed when the test ends.
func serve(t testing.TB, o Options) *trial {
	t.Helper()
	ours, theirs := tcpPair(t)
	l := serveOn(t, ours, theirs, o)
	t.Cleanup(func() {
		_ = theirs.Close()
		l.Close(t.Context())
		l.wait()
	})
	return l
}

// serveOn runs a link over any connection. The test must call Close.
func serveOn(t testing.TB, ours, theirs net.Conn, o Options) *trial {
	t.Helper()
	l := &trial{peer: newPeer(t, theirs), log: &logText{}, done: make(chan struct{})}
	o.Log = l.log.logger()
	if o.Receive == nil {
		o.Receive = func(context.Context, *schema.Type, []byte, task.Lender) {}
	}
	l.Link = New(o)
	var ctx context.Context
	ctx, l.stop = context.WithCancel(context.Background())
	go func() {
		defer close(l.done)
		l.err = l.Run(ctx, ours)
	}()
	return l
}

// wait waits for Run to return.
func (l *trial) wait() error {
	l.peer.t.Helper()
	select {
	case <-l.done:
	case <-time.After(patience):
		l.peer.t.Fatal("Run does not return")
	}
	return l.err
}

func (l *trial) mustSend(typ pb.WrapperMessage_Type, payload string) {
	l.peer.t.Helper()
	if err := l.Send(typ, []byte(payload)); err != nil {
		l.peer.t.Fatal(err)
	}
}

// tcpPair returns both ends of a TCP connection. Reads and writes of the peer's end
// time out after patience.
func tcpPair(t testing.TB) (ours, theirs *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	conn, err := Dial(t.Context(), listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = accepted.Close() })
	_ = accepted.SetDeadline(time.Now().Add(patience))
	return conn.(*net.TCPConn), accepted.(*net.TCPConn)
}

// logText collects the log of a link.
type logText struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) count(part string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), part)
}

func (l *logText) logger() *logrus.Logger {
	logger := logrus.New()
	logger.SetOutput(l)
	return logger
}
