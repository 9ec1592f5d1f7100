package harness

// Sent counts the messages that the backend has sent so far, PONG and STATS left
// out, whether Spectrum has got them or not.
func (s *Harness) Sent() uint64 { return s.backend.Sent() }
