//go:build soak

package main

import (
	"bufio"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// killer is a server that echoes lines and resets connections.
type killer struct {
	net.Listener
	mu     sync.Mutex
	conns  map[net.Conn]bool
	killed atomic.Int64
}

func newKiller(t *testing.T) *killer {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	k := &killer{Listener: ln, conns: map[net.Conn]bool{}}
	t.Cleanup(func() { ln.Close(); k.kill(1 << 20) })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			k.mu.Lock()
			k.conns[conn] = true
			k.mu.Unlock()
			go k.serve(conn)
		}
	}()
	return k
}

func (k *killer) serve(conn net.Conn) {
	for lines := bufio.NewReader(conn); ; {
		line, err := lines.ReadString('\n')
		if err == nil {
			_, err = conn.Write([]byte(line))
		}
		if err != nil {
			break
		}
	}
	conn.Close()
	k.mu.Lock()
	delete(k.conns, conn)
	k.mu.Unlock()
}

// kill resets n connections.
func (k *killer) kill(n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for conn := range k.conns {
		if n--; n < 0 {
			return
		}
		_ = conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
		k.killed.Add(1)
	}
}
