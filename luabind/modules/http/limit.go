package http

import (
	stdnet "net"
	"sync"
)

// limitConnections returns a listener that has at most n connections open at a
// time. Further clients wait in the system's queue.
func limitConnections(ln stdnet.Listener, n int) stdnet.Listener {
	return &limited{Listener: ln, places: make(chan struct{}, n), closed: make(chan struct{})}
}

type limited struct {
	stdnet.Listener
	places chan struct{}
	once   sync.Once
	closed chan struct{}
}

func (ln *limited) Accept() (stdnet.Conn, error) {
	select {
	case ln.places <- struct{}{}:
	case <-ln.closed:
		return nil, stdnet.ErrClosed
	}
	conn, err := ln.Listener.Accept()
	if err != nil {
		<-ln.places
		return nil, err
	}
	return &counted{Conn: conn, leave: sync.OnceFunc(func() { <-ln.places })}, nil
}

func (ln *limited) Close() error {
	ln.once.Do(func() { close(ln.closed) })
	return ln.Listener.Close()
}

type counted struct {
	stdnet.Conn
	leave func()
}

func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
