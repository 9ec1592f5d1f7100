package task

// StopRunning cancels the task that holds the script lock, which then ends at its
// next instruction.
func (s *Scheduler) StopRunning(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		s.running.stop(cause)
	}
}
