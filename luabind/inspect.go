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
	return Status{Generation: int(h.newest.Load()), Errors: h.errors.Load()}
}
