package task

// StopRunning cancels the task that has the script lock, if there is one, so that it
// ends at its next instruction.
func (s *Scheduler) StopRunning(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.stop(cause)
	}
}
