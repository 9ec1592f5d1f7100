package luabind

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Limits of spectrum.class.
const (
	maxClasses   = 1000 // of one VM
	maxClassName = 100  // bytes
)

// classes holds the metatables of the instances of spectrum.class, by the name of the
// class. The script lock guards it.
//
// The metatables belong to the host and refer to no VM. Their functions look for a method
// in the VM that runs: so an instance in a data table has the new methods after a reload,
// while handlers of the old script still see the old ones.
type classes struct {
	metatables map[string]*lua.LTable
}

// classMetamethods are the metamethods that a class can have besides __index, and what
// Lua does without them.
var classMetamethods = map[string]func(l *lua.LState, name string) int{
	"__tostring": func(l *lua.LState, name string) int {
		return bind.Return(l, lua.LString(fmt.Sprintf("%s: %p", name, l.Get(1))))
	},
	"__eq":     func(l *lua.LState, _ string) int { return bind.Return(l, lua.LBool(l.Get(1) == l.Get(2))) },
	"__lt":     cannot("compare"),
	"__le":     cannot("compare"),
	"__call":   cannot("call"),
	"__concat": cannot("concatenate"),
	"__len":    func(l *lua.LState, _ string) int { return bind.Return(l, lua.LNumber(l.CheckTable(1).Len())) },
	"__unm":    cannot("perform arithmetic on"),
	"__add":    cannot("perform arithmetic on"),
	"__sub":    cannot("perform arithmetic on"),
	"__mul":    cannot("perform arithmetic on"),
	"__div":    cannot("perform arithmetic on"),
	"__mod":    cannot("perform arithmetic on"),
	"__pow":    cannot("perform arithmetic on"),
}

func cannot(operation string) func(l *lua.LState, name string) int {
	return func(l *lua.LState, name string) int {
		bind.Raise(l, "attempt to %s a %s", operation, name)
		return 0
	}
}

// declare implements spectrum.class(name [, methods [, base]]). It returns methods, which
// makes instances if it is called.
func (c *classes) declare(l *lua.LState) int {
	name, methods := l.CheckString(1), l.OptTable(2, nil)
	base := l.OptTable(3, nil)
	if methods == nil {
		methods = bind.NewTable()
	}
	rt := bind.RuntimeOf(l)
	switch {
	case name == "" || len(name) > maxClassName:
		l.ArgError(1, fmt.Sprintf("name of 1 to %d bytes expected", maxClassName))
	case rt.Classes[name] != nil:
		l.ArgError(1, fmt.Sprintf("the class %q exists already: declare each class once, in the main part of a file", name))
	case len(rt.Classes) >= maxClasses:
		bind.Raise(l, "a script can have at most %d classes", maxClasses)
	case methods.Metatable != lua.LNil && methods.Metatable != nil:
		l.ArgError(2, "table without a metatable expected; the third argument names a base class")
	}
	methods.ForEach(func(key, _ lua.LValue) { checkMetamethod(l, key) })
	metatable := c.metatable(name)
	meta := bind.NewTable()
	meta.RawSetString("__call", bind.Function(name, func(l *lua.LState) int { return newInstance(l, name, metatable) }))
	if base != nil {
		meta.RawSetString("__index", base)
	}
	methods.Metatable = meta
	if rt.Classes == nil {
		rt.Classes = map[string]*lua.LTable{}
	}
	rt.Classes[name] = methods
	return bind.Return(l, methods)
}

// checkMetamethod raises an error for a metamethod that an instance would not use.
func checkMetamethod(l *lua.LState, key lua.LValue) {
	name, ok := key.(lua.LString)
	if ok && strings.HasPrefix(string(name), "__") && classMetamethods[string(name)] == nil {
		l.ArgError(2, fmt.Sprintf("a class cannot have %s%s", name, bind.DidYouMean(string(name), slices.Sorted(maps.Keys(classMetamethods)))))
	}
}

// newInstance makes the table in its second argument, or a new one, an instance.
func newInstance(l *lua.LState, name string, metatable *lua.LTable) int {
	fields := l.OptTable(2, nil)
	if fields == nil {
		fields = bind.NewTable()
	}
	if fields.Metatable != lua.LNil && fields.Metatable != nil {
		bind.Raise(l, "%s: table without a metatable expected", name)
	}
	fields.Metatable = metatable
	return bind.Return(l, fields)
}

// metatable returns the metatable of the instances of a class.
func (c *classes) metatable(name string) *lua.LTable {
	if m := c.metatables[name]; m != nil {
		return m
	}
	m := bind.NewTable()
	m.RawSetString("__metatable", lua.LString("class "+name))
	m.RawSetString("__index", bind.Function(name, func(l *lua.LState) int {
		return bind.Return(l, l.GetTable(methodsOf(l, name), l.Get(2)))
	}))
	for event, without := range classMetamethods {
		m.RawSetString(event, bind.Function(name, func(l *lua.LState) int {
			method := l.GetTable(methodsOf(l, name), lua.LString(event))
			if method == lua.LNil {
				return without(l, name)
			}
			n := l.GetTop()
			l.Insert(method, 1)
			l.Call(n, lua.MultRet)
			return l.GetTop()
		}))
	}
	if c.metatables == nil {
		c.metatables = map[string]*lua.LTable{}
	}
	c.metatables[name] = m
	return m
}

// methodsOf returns the methods of a class in the VM that runs.
func methodsOf(l *lua.LState, name string) *lua.LTable {
	methods := bind.RuntimeOf(l).Classes[name]
	if methods == nil {
		bind.Raise(l, "this script does not declare the class %q of this value: add spectrum.class(%q, …)", name, name)
	}
	return methods
}
