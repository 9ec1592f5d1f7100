package stream_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/task"
)

func TestArrivedAsksTheSocket(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	expect := func(what string, socket any, want bool) {
		t.Helper()
		if got := stream.Arrived(socket); got != want {
			t.Errorf("%s: got %v", what, got)
		}
	}
	expect("nobody connects", listener, false)
	there, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	expect("somebody connects", listener, true)
	here, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	expect("the connection is accepted", listener, false)
	secure := tls.Server(here, &tls.Config{})
	expect("no data", here, false)
	if _, err := there.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	expect("data", here, true)
	expect("data below TLS", secure, true)
	if _, err := io.ReadFull(here, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	expect("the data is read", here, false)
	there.Close()
	expect("the peer has gone", here, true)
	here.Close()
	expect("this side is closed", here, true)
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	expect("a pipe in memory, which cannot tell", near, false)
}

// slow is a source whose data has arrived, and is read late.
type slow struct{ net.Conn }

func (s slow) Read(p []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return s.Conn.Read(p)
}

// TestSettleWaitsForReadersOfDataThatHasArrived reads from a socket on a machine that is busy.
func TestSettleWaitsForReadersOfDataThatHasArrived(t *testing.T) {
	here, there := connection(t)
	if _, err := there.Write([]byte("line\n")); err != nil {
		t.Fatal(err)
	}
	s := task.New(task.Options{Clock: clock.NewMovable(func(context.Context) {})})
	defer s.Close()
	o := s.NewOwner(t.Context(), "user")
	r := stream.New(slow{here}, stream.Options{
		What: "connection", Arrived: func() bool { return stream.Arrived(here) },
		Closed: func() error { return nil }, Explain: func(err error) error { return err },
	})
	var got string
	o.Spawn("reader", func(t *task.Task) { got, _ = r.TaskLine(t, 100) })
	task.Settle(t.Context(), s)
	s.Do(func() {
		if got != "line" {
			t.Errorf("got %q", got)
		}
	})
	o.Cancel(errors.New("the test has ended"))
	<-o.Idle()
}

// connection returns both ends of a connection.
func connection(t *testing.T) (here, there net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if there, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if here, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); there.Close() })
	return here, there
}
