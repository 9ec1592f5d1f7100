package source

import (
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Cache keeps compiled functions for callers that load the same files
// repeatedly. It is never emptied. A nil Cache keeps nothing. It is safe for
// concurrent use.
type Cache struct {
	mu   sync.Mutex
	kept map[unit]func() (*lua.FunctionProto, *Error)
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
		compile = sync.OnceValues(func() (*lua.FunctionProto, *Error) { return compileOnly(u.name, u.text) })
		c.kept[u] = compile
	}
	return compile
}

func compileOnly(name, text string) (*lua.FunctionProto, *Error) {
	_, proto, problem := Compile(name, text)
	return proto, problem
}
