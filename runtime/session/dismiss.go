package session

import (
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// dismiss ends a session that does not keep up, and tells its user before. Only
// the goroutine of Receive may call it, so that no LOGIN comes in between.
func (r *Registry) dismiss(s *Session, why error, grace time.Duration) {
	r.mu.Lock()
	known := r.users[s.User] == s
	r.mu.Unlock()
	if !known {
		return
	}
	s.mute.Store(true)
	r.log.WithField("user", s.User).Errorf("the user's session is ended: %v", why)
	r.tell(s, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR, why)

	how := r.terms(logoutOf(s), why)
	how.grace = grace
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end(s, how)
}

// refuse tells a user that on.login failed, unless he has gone. The error is
// final for Spectrum, which answers with a LOGOUT.
func (r *Registry) refuse(s *Session, err error) {
	r.mu.Lock()
	known := r.users[s.User] == s
	r.mu.Unlock()
	if known {
		r.tell(s, pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS, err)
	}
}

// tell sends DISCONNECTED, even for a session that is mute.
func (r *Registry) tell(s *Session, code pb.ConnectionError, why error) {
	message := r.opts.Secrets.Hide(why.Error())
	payload, err := proto.Marshal(&pb.Disconnected{User: &s.User, Error: &code, Message: &message})
	if err != nil {
		r.log.WithField("user", s.User).Errorf("DISCONNECTED: %v", err)
		return
	}
	r.noteDisconnected(s, payload)
	_ = r.opts.Sender.Send(pb.WrapperMessage_TYPE_DISCONNECTED, payload) // else the connection has ended
}

// makeCapacity is called when reading has paused for long since too much is queued:
// it ends the session that has most of it, or if that is no user's, drops it.
// Otherwise one handler that waits for ever would keep the process from
// reading for ever, the LOGOUT that ends the waiting included.
func (r *Registry) makeCapacity() {
	most := r.queued.Load()
	var biggest *Session
	r.mu.Lock()
	for _, s := range r.users {
		if n := s.queued.Load(); n > most {
			most, biggest = n, s
		}
	}
	r.mu.Unlock()
	if biggest != nil {
		r.dismiss(biggest, ErrTooMuchWaiting, 0)
		return
	}
	dropped := r.process.Drop()
	r.drop(dropped)
	if len(dropped) > 0 {
		r.log.Errorf("%d messages of no user are dropped: too much is queued, and nothing of it gets done", len(dropped))
	}
}
