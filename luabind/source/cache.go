package source

import (
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Cache keeps what has been compiled, for tools that load the same files again
// and again. It is never emptied. Nil keeps nothing. Any goroutine may use it.
type Cache struct {
	mu   sync.Mutex
	kept map[unit]*lua.FunctionProto
}

// unit is what a compiled function comes of: its code knows its name.
type unit struct{ name, text string }

// Compile is the function Compile without the tree. What it returns may be in use
// by several VMs, which do not change it.
func (c *Cache) Compile(name, text string) (*lua.FunctionProto, *Error) {
	if proto := c.find(unit{name, text}); proto != nil {
		return proto, nil
	}
	_, proto, problem := Compile(name, text)
	if problem == nil {
		c.keep(unit{name, text}, proto)
	}
	return proto, problem
}

func (c *Cache) find(u unit) *lua.FunctionProto {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[u]
}

func (c *Cache) keep(u unit, proto *lua.FunctionProto) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[unit]*lua.FunctionProto{}
	}
	c.kept[u] = proto
}
