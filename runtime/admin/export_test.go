package admin

import "time"

// Hurry makes a stream wait less for its client.
func Hurry(s *Stream, wait time.Duration) { s.wait = wait }
