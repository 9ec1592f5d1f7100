package bind

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

// Integer returns a Lua number as an int. ok is false if it is not an integer from
// least to most.
func Integer(v lua.LValue, least, most int) (n int, ok bool) {
	number, ok := v.(lua.LNumber)
	f := float64(number)
	if !ok || f != math.Trunc(f) || f < float64(least) || f > float64(most) {
		return 0, false
	}
	return int(f), true
}

// CheckInteger returns argument n. It raises an error if the argument is not an
// integer from least to most.
func CheckInteger(l *lua.LState, n, least, most int) int {
	i, ok := Integer(l.CheckNumber(n), least, most)
	if !ok {
		l.ArgError(n, fmt.Sprintf("integer from %d to %d expected, got %v", least, most, l.Get(n)))
	}
	return i
}

// OptInteger returns argument n, or otherwise if it is nil. It raises an error if the
// argument is not an integer. A number beyond 32 bits, such as math.huge, becomes the
// nearest one with 32 bits.
func OptInteger(l *lua.LState, n, otherwise int) int {
	if l.Get(n) == lua.LNil {
		return otherwise
	}
	f := float64(l.CheckNumber(n))
	if f != math.Trunc(f) { // NaN too
		l.ArgError(n, fmt.Sprintf("integer expected, got %v", f))
	}
	return int(max(math.MinInt32, min(math.MaxInt32, f)))
}
