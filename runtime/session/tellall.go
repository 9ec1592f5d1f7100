package session

import "spectrumlua/pb"

// TellAll tells every user who is logged in that the backend has to end, with
// an error after which Spectrum logs him in again, on another one.
func (r *Registry) TellAll(why error) {
	for _, s := range r.Sessions() {
		r.tell(s, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR, why)
	}
}
