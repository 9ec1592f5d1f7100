package source

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
)

// Cache keeps what has been compiled, for those who load the same files again
// and again. It is never emptied. Nil keeps nothing. Any goroutine may use it.
type Cache struct {
	// Known returns what a source was compiled to before, or nil; it may be nil.
	// It is called from any goroutine.
	Known func(name, text string) *lua.FunctionProto

	fresh atomic.Bool
	mu    sync.Mutex
	kept  map[unit]func() (*lua.FunctionProto, *Error)
}

// Unit is a source that has been compiled: its code calls itself Name.
type Unit struct {
	Name, Text string
	Function   *lua.FunctionProto
}

// unit is what a compiled function comes of: its code knows its name.
type unit struct{ name, text string }

// Compile is the function Compile without the tree. What it returns may be in use
// by several VMs, which do not change it. If the same is being compiled already,
// it waits for that.
func (c *Cache) Compile(name, text string) (*lua.FunctionProto, *Error) {
	if c == nil {
		return compileOnly(name, text)
	}
	return c.once(unit{name, text})()
}

// once is the function that compiles a unit when it is first called.
func (c *Cache) once(u unit) func() (*lua.FunctionProto, *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	compile := c.kept[u]
	if compile == nil {
		if c.kept == nil {
			c.kept = map[unit]func() (*lua.FunctionProto, *Error){}
		}
		compile = sync.OnceValues(func() (*lua.FunctionProto, *Error) { return c.compile(u) })
		c.kept[u] = compile
	}
	return compile
}

// compile finds out what a unit is compiled to.
func (c *Cache) compile(u unit) (*lua.FunctionProto, *Error) {
	if c.Known != nil {
		if proto := c.Known(u.name, u.text); proto != nil {
			return proto, nil
		}
	}
	c.fresh.Store(true)
	return compileOnly(u.name, u.text)
}

// Fresh tells whether something has been compiled that was not known.
func (c *Cache) Fresh() bool { return c.fresh.Load() }

// Units are the sources that could be compiled, by their names. What is being
// compiled is waited for.
func (c *Cache) Units() []Unit {
	c.mu.Lock()
	kept := maps.Clone(c.kept)
	c.mu.Unlock()
	var units []Unit
	for u, compile := range kept {
		if proto, problem := compile(); problem == nil {
			units = append(units, Unit{u.name, u.text, proto})
		}
	}
	slices.SortFunc(units, func(a, b Unit) int { return strings.Compare(a.Name, b.Name) })
	return units
}

func compileOnly(name, text string) (*lua.FunctionProto, *Error) {
	_, proto, problem := Compile(name, text)
	return proto, problem
}
