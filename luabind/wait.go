package luabind

import (
	"context"

	lua "github.com/yuin/gopher-lua"
)

// wait gives up the baton for as long as f runs. Its error is f's, or the
// reason why the task was cancelled, which the binding is to raise.
func wait(l *lua.LState, f func(ctx context.Context) error) error {
	current := l.G.CurrentThread
	err := taskOf(l).Wait(f)
	l.G.CurrentThread = current
	return err
}
