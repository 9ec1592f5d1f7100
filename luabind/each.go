package luabind

import (
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// each implements spectrum.each(next, fn, …). It calls fn for each item that next
// returns, isolates the errors of fn, and returns what next returns after nil at the end.
func each(l *lua.LState) int {
	next, fn := l.CheckFunction(1), l.CheckFunction(2)
	var args []lua.LValue
	for i := 3; i <= l.GetTop(); i++ {
		args = append(args, l.Get(i))
	}
	rt, given := bind.RuntimeOf(l), len(args)
	base := l.GetTop()
	for {
		l.Push(next)
		l.Call(0, lua.MultRet)
		results := l.GetTop() - base
		if results == 0 {
			return 0
		}
		item := l.Get(base + 1)
		if item == lua.LNil {
			return results - 1
		}
		args = args[:given]
		for i := range results {
			args = append(args, l.Get(base+1+i))
		}
		l.SetTop(base)
		rt.Isolate(l, "the function of spectrum.each", fn, args, item)
	}
}
