package session

import (
	"errors"

	"spectrumlua/pb"
)

// errKicked is the reason that a user sees whom an admin has disconnected without a reason.
var errKicked = errors.New("an admin has disconnected you")

// Kick disconnects a user for an admin and reports whether the user was logged in. The peer
// treats the error as final and answers with LOGOUT, which ends the session in order. The
// user can log in again. An empty reason means a general one.
func (r *Registry) Kick(user, reason string) bool {
	s := r.Find(user)
	if s == nil {
		return false
	}
	why := errKicked
	if reason != "" {
		why = errors.New(reason)
	}
	s.mute.Store(true) // what the session still sends would follow DISCONNECTED
	r.sendDisconnected(s, pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS, why)
	return true
}
