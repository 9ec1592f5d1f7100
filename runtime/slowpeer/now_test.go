package slowpeer_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"

	"spectrumlua/runtime/slowpeer"
)

// sockets returns both ends of a TCP connection.
func sockets(t *testing.T) (conn, peer net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if conn, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if peer, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		_ = peer.Close()
	})
	return conn, peer
}

func TestNowWritesWhatTheSocketAccepts(t *testing.T) {
	conn, peer := sockets(t)
	now := slowpeer.NewNow(conn)
	if rest, err := now.Write(net.Buffers{[]byte("hello, "), []byte("world")}); len(rest) != 0 || err != nil {
		t.Errorf("%q was not written: %v", rest, err)
	}
	got := make([]byte, len("hello, world"))
	if _, err := io.ReadFull(peer, got); err != nil || string(got) != "hello, world" {
		t.Errorf("the peer received %q (%v)", got, err)
	}

	all := bytes.Repeat([]byte("0123456789"), 10<<20)
	rest, err := now.Write(net.Buffers{all})
	if err != nil || len(rest) != 1 || len(rest[0]) == 0 || len(rest[0]) == len(all) {
		t.Fatalf("the socket accepted all or nothing of %d bytes", len(all))
	}
	accepted := all[:len(all)-len(rest[0])]
	got = make([]byte, len(accepted))
	if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, accepted) {
		t.Errorf("the peer did not receive what was accepted (%v)", err)
	}
}

func TestNowNeedsASocket(t *testing.T) {
	conn, peer := net.Pipe()
	defer conn.Close()
	defer peer.Close()
	if rest, err := slowpeer.NewNow(conn).Write(net.Buffers{[]byte("hello")}); len(rest) != 1 || err != nil {
		t.Errorf("%q is left: %v", rest, err)
	}
}

func TestNowLeavesEverythingAfterAnError(t *testing.T) {
	for name, c := range map[string]struct {
		before func(t *testing.T, conn, peer net.Conn)
		want   error
	}{
		"closed": {func(_ *testing.T, conn, _ net.Conn) { conn.Close() }, net.ErrClosed},
		"reset": {func(t *testing.T, conn, peer net.Conn) {
			if _, err := conn.Write([]byte("x")); err != nil { // the peer closes with unread data
				t.Fatal(err)
			}
			if err := peer.(*net.TCPConn).SetLinger(0); err != nil {
				t.Fatal(err)
			}
			peer.Close()
		}, syscall.ECONNRESET},
	} {
		t.Run(name, func(t *testing.T) {
			conn, peer := sockets(t)
			now := slowpeer.NewNow(conn)
			c.before(t, conn, peer)
			if rest, err := now.Write(net.Buffers{[]byte("hello")}); !errors.Is(err, c.want) || len(rest) != 1 || string(rest[0]) != "hello" {
				t.Errorf("%q is left: %v", rest, err)
			}
		})
	}
}
