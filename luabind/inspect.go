package luabind

// Status is the state of the script.
type Status struct {
	// Generation is the number of the script's VM, or 0 if no script has loaded.
	Generation int
	// Errors is the number of errors of handlers and tasks so far.
	Errors uint64
}

// Status returns the state of the script. It does not wait for the script lock.
func (h *Host) Status() Status {
	handlers, others := h.Errors()
	return Status{Generation: int(h.newest.Load()), Errors: handlers + others}
}

// Errors returns the number of errors of handlers, and of tasks, timers and commands so far.
func (h *Host) Errors() (handlers, others uint64) { return h.errors[0].Load(), h.errors[1].Load() }
