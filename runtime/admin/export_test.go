package admin

import (
	"net/http"
	"time"
)

// Hurry makes a stream wait less for its client.
func Hurry(s *Stream, wait time.Duration) { s.wait = wait }

// RequestOf returns a request that is answered through w.
func RequestOf(w http.ResponseWriter) *Request {
	return &Request{control: http.NewResponseController(w)}
}
