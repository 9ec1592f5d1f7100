package bench

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// blockingPair returns a blocking connection and its other end.
func blockingPair(t *testing.T) (*blocking, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBlocking(near)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.free(); _ = far.Close() })
	return b, far
}

func TestBlockingReadsAndWritesEverything(t *testing.T) {
	b, far := blockingPair(t)
	long := strings.Repeat("0123456789", 1<<20) // exceeds the socket buffers
	go func() { _, _ = io.Copy(far, io.LimitReader(far, int64(len(long)))); _ = far.Close() }()
	wrote := make(chan error, 1)
	go func() { _, err := b.Write([]byte(long)); wrote <- err }()
	got, err := io.ReadAll(b)
	if err != nil || string(got) != long {
		t.Errorf("read %d bytes of %d, %v", len(got), len(long), err)
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

func TestBlockingReadReturnsAtCloseAndAtTheDeadline(t *testing.T) {
	b, _ := blockingPair(t)
	if err := b.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Read(make([]byte, 1)); !errors.Is(err, syscall.EAGAIN) {
		t.Errorf("at the deadline: %v", err)
	}
	if err := b.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() { _, err := b.Read(make([]byte, 1)); read <- err }()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := <-read; !errors.Is(err, io.EOF) {
		t.Errorf("at Close: %v", err)
	}
	b.free()
	if err := b.Close(); err != nil {
		t.Errorf("Close after free: %v", err)
	}
}

func TestBlockingNeedsADescriptor(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	defer near.Close()
	if _, err := newBlocking(near); err == nil {
		t.Error("a pipe in memory has no descriptor")
	}
}
