package process

import (
	"errors"
	"os"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
	"golang.org/x/sys/unix"

	"spectrumlua/luabind/bind"
)

// signal is signal(name), with names such as "TERM" and "SIGHUP". It signals
// the program itself, not its group.
func signal(l *lua.LState, c *child) int {
	name := strings.ToUpper(l.CheckString(2))
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	number := unix.SignalNum(name)
	if number == 0 {
		l.ArgError(2, "name of a signal expected (as in \"TERM\")")
	}
	select {
	case <-c.ended:
		return bind.Failf(l, "the program has ended")
	default:
	}
	if err := c.cmd.Process.Signal(number); err != nil {
		if errors.Is(err, os.ErrProcessDone) {
			return bind.Failf(l, "the program has ended")
		}
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LTrue)
}

func signalName(s syscall.Signal) string { return strings.TrimPrefix(unix.SignalName(s), "SIG") }
