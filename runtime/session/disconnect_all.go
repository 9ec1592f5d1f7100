package session

import "spectrumlua/pb"

// DisconnectAll sends every user an error because the backend has to end. Spectrum
// then logs them in again, on another backend.
func (r *Registry) DisconnectAll(why error) {
	r.mu.Lock()
	r.leaving = true
	r.mu.Unlock()
	for _, s := range r.Sessions() {
		s.mute.Store(true) // messages that it still sends could reach the user's next session
		r.sendDisconnected(s, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR, why)
	}
}
