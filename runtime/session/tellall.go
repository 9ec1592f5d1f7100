package session

import "spectrumlua/pb"

// TellAll tells every user who is logged in that the backend has to end, with
// an error after which Spectrum logs him in again, on another one.
func (r *Registry) TellAll(why error) {
	for _, s := range r.Sessions() {
		s.mute.Store(true) // what it still sends could reach the user's next one
		r.tell(s, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR, why)
	}
}
