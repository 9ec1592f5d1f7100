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

// Socket is a listening socket. When a script is loaded anew and listens on the
// same address, the socket is handed over: the port is open all the time, and
// who has connected already is accepted by the one or the other.
//
// It is handed over as a second descriptor of the same socket, so that each
// generation can close its own, or wait at it, without the other.
type Socket struct {
	net.Listener
	place    Place
	resource *task.Resource
	// Server is what has the socket, if that can be handed over with it.
	Server any

	// Guarded by sockets.mu.
	by      weak.Pointer[bind.Runtime] // whose script has it
	claimed bool                       // a script that is being loaded has a descriptor, too
	from    *Socket                    // whose place this one takes at the swap
}

// Place is where a socket is found again: whose it is, and the address as it was
// asked for.
type Place struct {
	owner           *task.Owner
	network, target string
}

// sockets are all that scripts listen on, in the order of their opening.
var sockets struct {
	mu  sync.Mutex
	all []*Socket
}

// Older finds a socket of an older generation's script at a place, that nobody
// has claimed yet, or nil.
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

// share makes a socket with another descriptor of the same.
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

// Own makes the socket, or what serves with it, a resource of the owner's, and
// has it take its place: at once or, while the script loads, at the swap. Then
// it is closed at the next swap, unless the script after that takes it over or
// the data tables refer to it.
func (s *Socket) Own(rt *bind.Runtime, owner *task.Owner, closer interface{ Close() error }) *task.Resource {
	s.resource = owner.Own(closer)
	rt.Defer(func() {
		if !s.resource.Closed() {
			s.TakePlace(rt)
		}
	})
	if rt.Loading() {
		s.endWith(rt)
	}
	return s.resource
}

// TakePlace makes the socket that of a VM's script.
func (s *Socket) TakePlace(rt *bind.Runtime) {
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

// Retain has a VM whose script is being loaded take over the socket as it is,
// with what serves on it; taken is called then.
func (s *Socket) Retain(rt *bind.Runtime, taken func()) {
	rt.Defer(func() {
		s.TakePlace(rt)
		taken()
	})
	if rt.Loading() {
		s.endWith(rt)
	}
}

// endWith closes the socket when another VM has taken over and has not taken it.
func (s *Socket) endWith(rt *bind.Runtime) {
	if s.place.owner != rt.Process {
		return // it is a session's, and ends with it
	}
	rt.AtRetirement(func(kept func(*task.Resource) bool) {
		sockets.mu.Lock()
		mine := s.by == weak.Make(rt)
		sockets.mu.Unlock()
		if mine && !kept(s.resource) && !s.resource.Closed() {
			rt.Log.Infof("nothing listens on %s any more: the new script does not do so while it loads", AddressText(s.Addr()))
			_ = s.resource.Close()
		}
	})
}

// Close closes this descriptor.
func (s *Socket) Close() error {
	sockets.mu.Lock()
	if s.from != nil {
		s.from.claimed = false
	}
	sockets.all = slices.DeleteFunc(sockets.all, func(other *Socket) bool { return other == s })
	sockets.mu.Unlock()
	return s.Listener.Close()
}

// SetDeadline is until when Accept waits.
func (s *Socket) SetDeadline(t time.Time) error {
	if ln, ok := s.Listener.(interface{ SetDeadline(time.Time) error }); ok {
		return ln.SetDeadline(t)
	}
	return fmt.Errorf("a listener without deadlines: %T", s.Listener)
}

// unlinkOnClose says whether a Unix socket's file goes with it.
func (s *Socket) unlinkOnClose(unlink bool) {
	if ln, ok := s.Listener.(*net.UnixListener); ok {
		ln.SetUnlinkOnClose(unlink)
	}
}
