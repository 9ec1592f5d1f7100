package slowpeer_test

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/slowpeer"
)

func TestWriterWaitsForAPeerThatReadsSlowly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, peer := net.Pipe()
		var got []byte
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				time.Sleep(50 * time.Second)
				b := make([]byte, 3)
				n, err := peer.Read(b)
				got = append(got, b[:n]...)
				if err != nil {
					return
				}
			}
		}()
		if err := slowpeer.NewWriter(conn, time.Minute).Write(net.Buffers{[]byte("hello, "), []byte("world")}); err != nil {
			t.Error(err)
		}
		conn.Close()
		<-done
		if string(got) != "hello, world" {
			t.Errorf("the peer received %q", got)
		}
	})
}

func TestWriterGivesUpAfterTheTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, peer := net.Pipe()
		go io.ReadFull(peer, make([]byte, 3))
		began := time.Now()
		err := slowpeer.NewWriter(conn, time.Minute).Write(net.Buffers{[]byte("hello")})
		if took := time.Since(began); !errors.Is(err, os.ErrDeadlineExceeded) || took < time.Minute || took > 70*time.Second {
			t.Errorf("after %v: %v", took, err)
		}
		conn.Close()
		peer.Close()
	})
}
