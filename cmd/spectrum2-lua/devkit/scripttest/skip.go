package scripttest

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// errSkip is the cause that stops a case that is skipped.
var errSkip = errors.New("skipped")

// skip implements t.skip(reason). It ends the case at once, also in a task of the test,
// and pcall cannot catch it.
func (w *world) skip(l *lua.LState) int {
	reason := l.CheckString(1)
	if reason == "" {
		l.ArgError(1, "the reason is empty")
	}
	main := w.running()
	if main == nil {
		bind.Raise(l, "call skip in a case, not while the file loads")
	}
	w.mu.Lock()
	if w.skipped == "" {
		w.skipped = reason
	}
	w.mu.Unlock()
	main.Cancel(errSkip)
	bind.Raise(l, "%v: %s", errSkip, reason)
	return 0
}

// skipReason returns the reason for which the case is skipped, or "".
func (w *world) skipReason() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.skipped
}
