// Package componenttest is a small XMPP server for tests of a component. It accepts one
// component (XEP-0114), records the stanzas that it receives, and sends what the test
// wants. As a real server does, it returns stanzas to the component that the component
// has sent to its own address.
//
// In a bubble of testing/synctest use Dial, elsewhere Listen.
package componenttest

import (
	"context"
	"crypto/sha1" // the protocol's hash
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"

	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/xmltree"
)

// Server is a server with one component. It is safe for concurrent use.
type Server struct {
	JID, Password string

	mu      sync.Mutex
	change  chan struct{} // closed at each change
	conns   map[*conn]bool
	current *conn // the component that is logged in; nil without one
	stanzas []*xmltree.Node
	taken   map[string]int // stanzas that Expect has passed, by the user who gets them
	logins  int
	dials   int
	streams int
	refuse  string // the condition that answers logins
	offline bool
	stalled bool
	mute    bool // does not return pings
	on      func(n *xmltree.Node)

	listeners []net.Listener
	work      sync.WaitGroup
}

// New returns a server that accepts a component, until the test ends.
func New(t testing.TB, jid, password string) *Server {
	s := &Server{JID: jid, Password: password, change: make(chan struct{}), conns: map[*conn]bool{}, taken: map[string]int{}}
	t.Cleanup(s.Close)
	return s
}

// ErrOffline is the error of Dial while the server is offline.
var ErrOffline = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

// Dial returns a connection in memory. It is for component.Options.
func (s *Server) Dial(context.Context, string) (net.Conn, error) {
	s.mu.Lock()
	s.dials++
	offline := s.offline
	s.changed()
	s.mu.Unlock()
	if offline {
		return nil, ErrOffline
	}
	ours, theirs := net.Pipe()
	s.Serve(ours)
	return theirs, nil
}

// Listen serves components on a TCP port of this machine and returns its address.
func (s *Server) Listen(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	s.work.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.Serve(c)
		}
	})
	return l.Addr().String()
}

// Serve serves one connection, in the background.
func (s *Server) Serve(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cn := &conn{server: s, conn: c, wake: make(chan struct{}, 1)}
	s.conns[cn] = true
	s.work.Go(cn.read)
	s.work.Go(cn.write)
}

// Close ends all connections without a word, for good.
func (s *Server) Close() {
	s.Offline()
	s.mu.Lock()
	for _, l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	s.work.Wait()
}

// Offline ends all connections without a word and makes Dial fail, until Online.
func (s *Server) Offline() {
	s.mu.Lock()
	s.offline = true
	s.mu.Unlock()
	s.Disconnect()
}

// Online makes Dial work again.
func (s *Server) Online() { s.set(func() { s.offline = false }) }

// Refuse answers logins with a stream error, or accepts them again if condition is "".
func (s *Server) Refuse(condition string) { s.set(func() { s.refuse = condition }) }

// Stall stops or continues to read and to answer.
func (s *Server) Stall(stalled bool) { s.set(func() { s.stalled = stalled }) }

// Mute stops or continues to return pings.
func (s *Server) Mute(mute bool) { s.set(func() { s.mute = mute }) }

// OnStanza calls f for each stanza of the component, by the goroutine that reads from it,
// before the next stanza is read. f may use the server.
func (s *Server) OnStanza(f func(n *xmltree.Node)) { s.set(func() { s.on = f }) }

// Disconnect ends all connections without a word.
func (s *Server) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.close()
	}
	s.changed()
}

// End ends the stream with an error, such as system-shutdown, or without one if
// condition is "".
func (s *Server) End(condition string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.end(condition)
	}
}

// Send sends XML to the component. It returns an error if the component is not connected.
func (s *Server) Send(xml string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil {
		return errors.New("the component is not connected")
	}
	s.current.send(xml)
	return nil
}

// Logins returns the number of logins that the server has accepted.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Dials returns the number of connections that Dial was asked for.
func (s *Server) Dials() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// Stanzas returns all stanzas so far, without the pings of the component to itself. An
// element in the namespace of the stream has the Space "".
func (s *Server) Stanzas() []*xmltree.Node {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*xmltree.Node(nil), s.stanzas...)
}

// WaitLogin waits until the component is logged in.
func (s *Server) WaitLogin(ctx context.Context) error {
	return s.wait(ctx, func() bool { return s.current != nil })
}

// WaitLogout waits until no component is logged in.
func (s *Server) WaitLogout(ctx context.Context) error {
	return s.wait(ctx, func() bool { return s.current == nil })
}

// Expect returns the next stanza for which match returns true, after the one to the same
// user that it returned last. It skips others to that user. Stanzas to different users have
// no order.
func (s *Server) Expect(ctx context.Context, match func(n *xmltree.Node) bool) (*xmltree.Node, error) {
	var found *xmltree.Node
	i := 0
	err := s.wait(ctx, func() bool {
		for ; i < len(s.stanzas) && found == nil; i++ {
			n := s.stanzas[i]
			to := jid.Bare(n.Get("to"))
			if i >= s.taken[to] && match(n) {
				found = n
				s.taken[to] = i + 1
			}
		}
		return found != nil
	})
	return found, err
}

// wait waits until ready returns true, which is called with the lock held.
func (s *Server) wait(ctx context.Context, ready func() bool) error {
	for {
		s.mu.Lock()
		ok, change := ready(), s.change
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return fmt.Errorf("the test server waits in vain: %w", context.Cause(ctx))
		}
	}
}

func (s *Server) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	s.changed()
}

// changed is called with s.mu held.
func (s *Server) changed() {
	close(s.change)
	s.change = make(chan struct{})
}

func digest(id, password string) string {
	sum := sha1.Sum([]byte(id + password))
	return hex.EncodeToString(sum[:])
}

// The namespaces of component streams.
const (
	componentSpace = "jabber:component:accept"
	streamSpace    = "http://etherx.jabber.org/streams"
)

// plain gives the elements in the namespaces of stanzas the Space "".
func plain(n *xmltree.Node) {
	if n.Space == componentSpace || n.Space == "jabber:client" {
		n.Space = ""
	}
	for _, c := range n.Children {
		if c.Element != nil {
			plain(c.Element)
		}
	}
}

func isPing(n *xmltree.Node) bool { return strings.HasPrefix(n.Get("id"), "ping-") && n.Name == "iq" }
