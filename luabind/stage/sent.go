package stage

// Sent counts the messages that the backend has sent so far, PONG and STATS left
// out, whether Spectrum has got them or not.
func (s *Stage) Sent() uint64 { return s.backend.Sent() }
