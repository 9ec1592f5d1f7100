package task

// Sample calls f once for the task that holds the script lock: before its next
// instruction, or when it releases the lock, if that is sooner. It returns false without
// effect if no task runs. A Sample that has not called its function yet is replaced.
//
// f runs on the goroutine of the task, which holds the script lock. It may read what the
// lock guards. It must neither block nor call the scheduler, its owners or tasks, except
// for Name, Owner and Label.
func (s *Scheduler) Sample(f func(t *Task)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil || s.closed {
		return false
	}
	s.sample = f
	s.running.setHook(&s.sampler)
	return true
}

// sampled is the hook of a task that Sample waits for.
func (s *Scheduler) sampled(t *Task) {
	s.mu.Lock()
	if s.sample != nil {
		s.takeSample()
	}
	hook := s.hook
	t.setHook(hook)
	s.mu.Unlock()
	if hook != nil {
		(*hook)(t)
	}
}

// takeSample calls the function of Sample for the task that runs. s.mu is held.
func (s *Scheduler) takeSample() {
	f := s.sample
	s.sample = nil
	if s.running != nil {
		f(s.running)
	}
}
