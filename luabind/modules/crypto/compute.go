package crypto

import (
	"runtime"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// busy limits long computations, so that one processor is left for Lua code.
var busy = bind.NewWorkerPool(max(1, runtime.GOMAXPROCS(0)-1))

// compute returns the encoded result of f to the script. A long computation runs
// without the script lock.
func compute(l *lua.LState, long bool, encode func([]byte) string, f func(t *bind.Turn) ([]byte, error)) int {
	var b []byte
	var err error
	if long {
		err = busy.Do(l, func(t *bind.Turn) (err error) {
			b, err = f(t)
			return err
		})
	} else {
		b, err = f(nil)
	}
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(encode(b)))
}
