package luabind

import "runtime"

// OldGenerations collects garbage and returns the generations of the retired VMs that
// are still in memory.
func (h *Host) OldGenerations() (numbers []int) {
	runtime.GC()
	h.generations.mu.Lock()
	defer h.generations.mu.Unlock()
	for _, r := range h.generations.old {
		if r.vm.Value() != nil {
			numbers = append(numbers, r.number)
		}
	}
	return numbers
}

// InsteadOfC and ModuleNames are for tests of require's messages.
func InsteadOfC() map[string]string { return insteadOfC }

func ModuleNames() []string { return moduleNames() }
