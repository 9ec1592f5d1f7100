package session

import (
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/shorten"
	"spectrumlua/runtime/xmltext"
)

// dismiss ends a session whose messages are handled too slowly, and sends the user
// an error. Only the goroutine of Receive may call it, so that no LOGIN arrives in
// between.
func (r *Registry) dismiss(s *Session, why error, grace time.Duration) {
	r.mu.Lock()
	known := r.users[s.User] == s
	r.mu.Unlock()
	if !known {
		return
	}
	s.mute.Store(true)
	r.log.WithField("user", s.User).Errorf("ending the user's session: %v", why)
	how := r.terms(logoutOf(s), why)
	how.grace = grace
	if payload := r.disconnected(s, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR, why); payload != nil {
		_ = r.disconnect(s, payload, how, false) // an error means that the link has ended
	}
	r.mu.Lock()
	defer r.unlock()
	r.end(s, how)
}

// refuse sends the user the error of on.login, unless they have logged out.
// Spectrum treats the error as final and answers with LOGOUT.
func (r *Registry) refuse(s *Session, err error) {
	r.mu.Lock()
	known := r.users[s.User] == s
	r.mu.Unlock()
	if known {
		r.sendDisconnected(s, pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS, err)
	}
}

// sendDisconnected sends DISCONNECTED, even for a muted session.
func (r *Registry) sendDisconnected(s *Session, code pb.ConnectionError, why error) {
	if payload := r.disconnected(s, code, why); payload != nil {
		_ = r.disconnect(s, payload, r.terms(logoutOf(s), why), false) // an error means that the link has ended
	}
}

// maxReason is the length of the error that a user receives, in bytes.
const maxReason = 4096

// disconnected returns the payload of a DISCONNECTED, without secrets. The error may quote
// any bytes, and Spectrum copies the message into a stanza. It logs an error and returns
// nil if the payload cannot be encoded.
func (r *Registry) disconnected(s *Session, code pb.ConnectionError, why error) []byte {
	message := shorten.Ellipsis(xmltext.Clean(r.opts.Secrets.Hide(why.Error())), maxReason)
	payload, err := proto.Marshal(&pb.Disconnected{User: &s.User, Error: &code, Message: &message})
	if err != nil {
		r.log.WithField("user", s.User).Errorf("DISCONNECTED: %v", err)
		return nil
	}
	return payload
}

// shedLoad is called when reading has paused for stallTimeout. It ends the session
// with the most queued bytes, or drops the messages of the process if those are
// more. Without it, one handler that waits forever would keep Spectrum's messages
// unread, including the LOGOUT that would end the wait.
func (r *Registry) shedLoad() {
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
		r.dismiss(biggest, errTooMuchWaiting, 0)
		return
	}
	dropped := r.process.Drop()
	r.drop(dropped)
	if len(dropped) > 0 {
		r.log.Errorf("dropping %d messages of no user: too many bytes are queued, and the script handles none of them", len(dropped))
	}
}
