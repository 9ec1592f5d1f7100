package luabind

// Status is the state of the script.
type Status struct {
	// Generation is the number of the script's VM, or 0 if no script has loaded.
	Generation int
	// Errors is the number of errors of handlers and tasks so far.
	Errors uint64
}

// Status returns the state of the script. It waits for the script lock.
func (h *Host) Status() Status {
	status := Status{Errors: h.errors.Load()}
	h.opts.Scheduler.Do(func() { status.Generation = h.generation })
	return status
}
