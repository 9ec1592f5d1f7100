package net

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"
	"weak"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// Socket is a listening socket. A reload hands it over to the new generation
// if the new script listens on the same address. The port stays open all the
// time, and either generation accepts the clients that are waiting.
//
// The new generation gets a second descriptor of the same socket. Each
// generation can close its own, or wait on it, without disturbing the other.
type Socket struct {
	net.Listener
	place    Place
	resource *task.Resource
	// Server is the server that uses the socket, if a reload can hand it over
	// too.
	Server any

	// sockets.mu guards these fields.
	by      weak.Pointer[bind.Runtime] // the VM whose script listens on it
	claimed bool                       // a script that is loading has a second descriptor
	from    *Socket                    // the socket that this one replaces at the takeover
}

// Place identifies a socket across generations: its owner, and its address as
// the script wrote it.
type Place struct {
	owner           *task.Owner
	network, target string
}

// sockets lists all sockets that scripts listen on, in the order of opening.
var sockets struct {
	mu  sync.Mutex
	all []*Socket
}

// Older returns the open socket of an older generation at this place, or nil
// if no such socket exists or another script has claimed it.
func (p Place) Older(rt *bind.Runtime) *Socket {
	sockets.mu.Lock()
	defer sockets.mu.Unlock()
	for _, s := range sockets.all {
		if s.place == p && !s.claimed && s.by != weak.Make(rt) && s.resource != nil && !s.resource.Closed() {
			return s
		}
	}
	return nil
}

// share returns a Socket with a second descriptor of the same socket.
func (s *Socket) share() (*Socket, error) {
	filer, ok := s.Listener.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, errors.ErrUnsupported
	}
	file, err := filer.File()
	if err != nil {
		return nil, err
	}
	defer file.Close()
	ln, err := net.FileListener(file)
	if err != nil {
		return nil, err
	}
	sockets.mu.Lock()
	defer sockets.mu.Unlock()
	s.claimed = true
	return &Socket{Listener: ln, place: s.place, from: s}, nil
}

// Own gives closer to the owner as a resource; closer is the socket or its
// server. The socket takes its place at once or, while the script loads, when
// the script takes over. The next reload closes a socket that was opened while
// loading, unless the new script listens there too or the data tables refer to
// it.
func (s *Socket) Own(rt *bind.Runtime, owner *task.Owner, closer interface{ Close() error }) *task.Resource {
	s.resource = owner.Own(closer)
	rt.Defer(func() {
		if !s.resource.Closed() {
			s.takePlace(rt)
		}
	})
	if rt.Loading() {
		s.endWith(rt)
	}
	return s.resource
}

// takePlace makes the socket belong to rt's script and closes the one it
// replaces.
func (s *Socket) takePlace(rt *bind.Runtime) {
	sockets.mu.Lock()
	from := s.from
	s.by, s.from, s.claimed = weak.Make(rt), nil, false
	if !slices.Contains(sockets.all, s) {
		sockets.all = append(sockets.all, s)
	}
	sockets.mu.Unlock()
	if from != nil {
		from.unlinkOnClose(false)
		s.unlinkOnClose(true)
		_ = from.resource.Close()
	}
}

// Retain makes a script that is loading take over the socket, together with
// its server. It calls taken when the script takes over.
func (s *Socket) Retain(rt *bind.Runtime, taken func()) {
	rt.Defer(func() {
		s.takePlace(rt)
		taken()
	})
	if rt.Loading() {
		s.endWith(rt)
	}
}

// endWith closes the socket when a newer VM takes over without claiming it.
func (s *Socket) endWith(rt *bind.Runtime) {
	if s.place.owner != rt.Process {
		return // a session owns it, and closes it at its end
	}
	rt.AtRetirement(func(kept func(*task.Resource) bool) {
		sockets.mu.Lock()
		mine := s.by == weak.Make(rt)
		sockets.mu.Unlock()
		if mine && !kept(s.resource) && !s.resource.Closed() {
			rt.Log.WithField("address", AddressText(s.Addr())).Info("closed a listener: the reloaded script does not listen on its address while it loads")
			_ = s.resource.Close()
		}
	})
}

// Close closes this descriptor and leaves other descriptors of the socket
// open.
func (s *Socket) Close() error {
	sockets.mu.Lock()
	if s.from != nil {
		s.from.claimed = false
	}
	sockets.all = slices.DeleteFunc(sockets.all, func(other *Socket) bool { return other == s })
	sockets.mu.Unlock()
	return s.Listener.Close()
}

// SetDeadline sets the time at which Accept stops waiting.
func (s *Socket) SetDeadline(t time.Time) error {
	if ln, ok := s.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		return ln.SetDeadline(t)
	}
	return fmt.Errorf("the listener %T has no deadlines", s.Listener)
}

// unlinkOnClose sets whether closing a Unix socket deletes its file.
func (s *Socket) unlinkOnClose(unlink bool) {
	if ln, ok := s.Listener.(*net.UnixListener); ok {
		ln.SetUnlinkOnClose(unlink)
	}
}
