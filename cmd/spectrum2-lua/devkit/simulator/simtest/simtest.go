// Package simtest is the simulator for Go tests. A failing call fails the test, and the end
// of a test closes its connections and checks that the backend broke no rule of Spectrum.
package simtest

import (
	"net"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// Spectrum is a simulator.Spectrum of one test.
type Spectrum struct {
	*simulator.Spectrum
	t testing.TB
}

// Backend is a simulator.Backend of one test. Its methods use the test's context and end
// the test if they fail. Call them only from the test's goroutine.
type Backend struct {
	*simulator.Backend
	t        testing.TB
	tolerant bool
}

// User is a simulator.User of one test.
type User struct {
	*simulator.User
	b *Backend
}

// Listen listens on a port of 127.0.0.1 until the test ends.
func Listen(t testing.TB, o simulator.Options) *Spectrum {
	t.Helper()
	s, err := simulator.Listen(simulator.IPv4, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return &Spectrum{Spectrum: s, t: t}
}

// Accept waits for a backend.
func (s *Spectrum) Accept() *Backend {
	s.t.Helper()
	b, err := s.Spectrum.Accept(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return watch(s.t, b)
}

// Attach plays Spectrum on a connection until the test ends.
func Attach(t testing.TB, conn net.Conn, o simulator.Options) *Backend {
	t.Helper()
	return watch(t, simulator.Attach(conn, o))
}

// Pipe plays Spectrum on one end of a net.Pipe. It returns the other end for a backend in
// the same process.
func Pipe(t testing.TB, o simulator.Options) (*Backend, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _ = far.Close() })
	return Attach(t, near, o), far
}

// Watch returns a test's Backend for one from elsewhere, such as
// simulator.Spectrum.Launch.
func Watch(t testing.TB, b *simulator.Backend) *Backend {
	t.Helper()
	return watch(t, b)
}

func watch(t testing.TB, b *simulator.Backend) *Backend {
	watched := &Backend{Backend: b, t: t}
	t.Cleanup(func() {
		b.Close()
		if watched.tolerant {
			return
		}
		for _, v := range b.Violations() {
			t.Errorf("the backend breaks Spectrum's rules: %v", v)
		}
	})
	return watched
}

// Tolerate keeps violations from failing the test. Violations returns them.
func (b *Backend) Tolerate() { b.tolerant = true }

// Send sends a message.
func (b *Backend) Send(typ pb.WrapperMessage_Type, payload proto.Message) {
	b.t.Helper()
	b.check(b.Backend.Send(typ, payload))
}

// Ping sends PING and waits for its PONG.
func (b *Backend) Ping() {
	b.t.Helper()
	b.check(b.Backend.Ping(b.t.Context()))
}

// Exit sends EXIT and waits for the end of the connection.
func (b *Backend) Exit() {
	b.t.Helper()
	b.check(b.Backend.Exit(b.t.Context()))
}

// AwaitEnd waits for the end of the connection.
func (b *Backend) AwaitEnd() {
	b.t.Helper()
	b.check(b.Backend.AwaitEnd(b.t.Context()))
}

// Login logs a user in with default settings. It does not wait for an answer.
func (b *Backend) Login(jid, legacyName, password string) *User {
	b.t.Helper()
	u, err := b.Backend.Login(jid, legacyName, password, nil)
	b.check(err)
	return &User{User: u, b: b}
}

// User returns a User without sending a message.
func (b *Backend) User(jid string) *User { return &User{User: b.Backend.User(jid), b: b} }

// Expect waits for a message; see simulator.Backend.
func (b *Backend) Expect(typ pb.WrapperMessage_Type, match func(proto.Message) bool) simulator.Frame {
	b.t.Helper()
	f, err := b.Backend.Expect(b.t.Context(), typ, match)
	b.check(err)
	return f
}

// ExpectNext waits for the next message; see simulator.Backend.
func (b *Backend) ExpectNext(typ pb.WrapperMessage_Type, match func(proto.Message) bool) simulator.Frame {
	b.t.Helper()
	f, err := b.Backend.ExpectNext(b.t.Context(), typ, match)
	b.check(err)
	return f
}

// Never checks that a message does not arrive before the barrier returns.
func (b *Backend) Never(barrier simulator.Barrier, typ pb.WrapperMessage_Type, match func(proto.Message) bool) {
	b.t.Helper()
	b.check(b.Backend.Never(b.t.Context(), barrier, typ, match))
}

func (b *Backend) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// Logout logs the user out.
func (u *User) Logout(legacyName string) {
	u.b.t.Helper()
	u.b.check(u.User.Logout(legacyName))
}

// Say sends a message from the user to a contact or a room.
func (u *User) Say(buddy, text string) {
	u.b.t.Helper()
	u.b.check(u.User.Say(buddy, text))
}

// Send sends a message and adds the user's name.
func (u *User) Send(typ pb.WrapperMessage_Type, payload proto.Message) {
	u.b.t.Helper()
	u.b.check(u.User.Send(typ, payload))
}

// Expect waits for a message to the user.
func (u *User) Expect(typ pb.WrapperMessage_Type, match func(proto.Message) bool) simulator.Frame {
	u.b.t.Helper()
	f, err := u.User.Expect(u.b.t.Context(), typ, match)
	u.b.check(err)
	return f
}

// ExpectNext waits for the next message to the user.
func (u *User) ExpectNext(typ pb.WrapperMessage_Type, match func(proto.Message) bool) simulator.Frame {
	u.b.t.Helper()
	f, err := u.User.ExpectNext(u.b.t.Context(), typ, match)
	u.b.check(err)
	return f
}

// Never checks that a message to the user does not arrive before the barrier returns.
func (u *User) Never(barrier simulator.Barrier, typ pb.WrapperMessage_Type, match func(proto.Message) bool) {
	u.b.t.Helper()
	u.b.check(u.User.Never(u.b.t.Context(), barrier, typ, match))
}
