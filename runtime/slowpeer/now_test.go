package slowpeer_test

import (
	"bytes"
	"io"
	"net"
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
	if rest := now.Write(net.Buffers{[]byte("hello, "), []byte("world")}); len(rest) != 0 {
		t.Errorf("%q was not written", rest)
	}
	got := make([]byte, len("hello, world"))
	if _, err := io.ReadFull(peer, got); err != nil || string(got) != "hello, world" {
		t.Errorf("the peer received %q (%v)", got, err)
	}

	all := bytes.Repeat([]byte("0123456789"), 10<<20)
	rest := now.Write(net.Buffers{all})
	if len(rest) != 1 || len(rest[0]) == 0 || len(rest[0]) == len(all) {
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
	if rest := slowpeer.NewNow(conn).Write(net.Buffers{[]byte("hello")}); len(rest) != 1 {
		t.Errorf("%q is left", rest)
	}
}

func TestNowLeavesEverythingAfterAnError(t *testing.T) {
	conn, _ := sockets(t)
	now := slowpeer.NewNow(conn)
	conn.Close()
	if rest := now.Write(net.Buffers{[]byte("hello")}); len(rest) != 1 || string(rest[0]) != "hello" {
		t.Errorf("%q is left", rest)
	}
}
