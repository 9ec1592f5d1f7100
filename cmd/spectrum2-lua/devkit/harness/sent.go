package harness

// Sent returns the number of messages that the backend has sent so far, without PONG and
// STATS. Spectrum may not have received them yet.
func (s *Harness) Sent() uint64 { return s.backend.Sent() }
