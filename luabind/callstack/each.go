package callstack

import lua "github.com/yuin/gopher-lua"

// Each calls f with the calls on a thread that have not returned, the innermost first, until
// f returns false: the function, the index of the instruction that runs, and whether it
// replaced its caller in a tail call. The thread must not run meanwhile, except for the caller. Each
// does nothing if this gopher-lua has another layout.
func Each(thread *lua.LState, f func(fn *lua.LFunction, pc int, tail bool) bool) {
	if !supported {
		return
	}
	st := *stackOf(thread)
	if st == nil {
		return
	}
	for sp := st.Sp() - 1; sp >= 0; sp-- {
		frame := st.At(sp)
		if frame.Fn == nil || !f(frame.Fn, frame.Pc-1, frame.TailCall > 0) {
			return
		}
	}
}
