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

// unit is a source with its name. The compiled function contains the name.
type unit struct{ name, text string }

// Compile is like the function Compile, but does not return the tree. Several VMs can
// use the result, which must not be changed. If another goroutine already compiles the
// same source, it waits for that result.
func (c *Cache) Compile(name, text string) (*lua.FunctionProto, *Error) {
	if c == nil {
		return compileOnly(name, text)
	}
	return c.once(unit{name, text})()
}

// once returns a function that compiles a unit on its first call and caches the result.
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
