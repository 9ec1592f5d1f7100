package bind

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// Class is a type of userdata for values of the Go type T. All VMs share its
// metatable, so a value that outlives its VM does not keep the VM in memory.
type Class[T any] struct {
	name       string
	metatable  *lua.LTable
	methods    map[string]*lua.LFunction
	properties map[string]func(l *lua.LState, self T) lua.LValue
	other      lua.LGFunction // index, guarded

	// Hint returns the end of the message about a name that self does not have, or
	// "" for the most similar name. l is nil if no script is running. Hint may be nil.
	Hint func(l *lua.LState, self T, name string) string
}

// NewClass returns a class. Scripts call methods with a colon and read properties
// like fields. Reading any other name and setting any field raise an error.
func NewClass[T any](name string, methods map[string]func(l *lua.LState, self T) int, properties map[string]func(l *lua.LState, self T) lua.LValue) *Class[T] {
	c := &Class[T]{
		name:       name,
		metatable:  NewTable(),
		methods:    map[string]*lua.LFunction{},
		properties: properties,
	}
	for method, fn := range methods {
		c.methods[method] = guarded(name+":"+method, func(l *lua.LState) int {
			return fn(l, c.self(l, method))
		}, withoutSelf(method))
	}
	c.other = Function(name, c.index).GFunction
	c.metatable.RawSetString("__index", &lua.LFunction{IsG: true, GFunction: c.method})
	c.metatable.RawSetString("__newindex", Function(name, func(l *lua.LState) int {
		Raise(l, "a %s has no field %s to set", name, QuoteKey(l.Get(2)))
		return 0
	}))
	c.metatable.RawSetString("__tostring", Function(name, func(l *lua.LState) int {
		return Return(l, lua.LString(fmt.Sprintf("%s: %p", name, l.Get(1))))
	}))
	c.metatable.RawSetString("__metatable", lua.LString(name))
	classes.Lock()
	defer classes.Unlock()
	classes.members[name] = c.Names()
	classes.properties[c.metatable] = c.Properties()
	return c
}

// classes has the names that each class of the process has.
var classes = struct {
	sync.Mutex
	members map[string][]string
	// properties has the names of the properties by the metatable of the class.
	properties map[*lua.LTable][]string
}{members: map[string][]string{}, properties: map[*lua.LTable][]string{}}

// PropertiesOf returns the names of the properties of a userdata, sorted.
func PropertiesOf(ud *lua.LUserData) []string {
	metatable, ok := ud.Metatable.(*lua.LTable)
	if !ok {
		return nil
	}
	classes.Lock()
	defer classes.Unlock()
	return classes.properties[metatable]
}

// Classes returns the names of the methods and properties of each class, sorted, by
// the name of the class. Tests compare it with the descriptions of the API.
func Classes() map[string][]string {
	classes.Lock()
	defer classes.Unlock()
	return maps.Clone(classes.members)
}

// Carrier is implemented by the values of objects that lasting connections know.
type Carrier interface {
	// ReadMethod returns the name of the method that reads the next item.
	ReadMethod() string
}

// Metatable returns the metatable, to which a class may add metamethods.
func (c *Class[T]) Metatable() *lua.LTable { return c.metatable }

// Method returns the function of a method, or nil.
func (c *Class[T]) Method(name string) *lua.LFunction { return c.methods[name] }

// New returns a userdata with the value v.
func (c *Class[T]) New(v T) *lua.LUserData {
	ud := new(lua.LUserData)
	c.Init(ud, v)
	return ud
}

// Init makes ud a userdata with the value v. A userdata that is a part of v saves an
// object for the garbage collector.
func (c *Class[T]) Init(ud *lua.LUserData, v T) {
	ud.Value, ud.Metatable = v, c.metatable
	watchHolders(v, ud)
}

// Of returns the Go value of a userdata of this class. ok is false for any other Lua
// value.
func (c *Class[T]) Of(v lua.LValue) (value T, ok bool) {
	if ud, ok := v.(*lua.LUserData); ok {
		t, ok := ud.Value.(T)
		return t, ok
	}
	return value, false
}

// Check returns the Go value of argument n. It raises an error if the argument is
// not of this class.
func (c *Class[T]) Check(l *lua.LState, n int) T {
	v, ok := c.Of(l.Get(n))
	if !ok {
		l.ArgError(n, fmt.Sprintf("%s expected, got %s", c.name, l.Get(n).Type()))
	}
	return v
}

// self returns the Go value on which a method is called.
func (c *Class[T]) self(l *lua.LState, method string) T {
	v, ok := c.Of(l.Get(1))
	if !ok {
		Raise(l, "%s", MissingColon(c.name, method))
	}
	return v
}

// withoutSelf corrects the argument number in an error of a method. The script does
// not write the first argument, self, so it does not count.
func withoutSelf(method string) func(*lua.ApiError) {
	return func(e *lua.ApiError) {
		message, _ := e.Object.(lua.LString)
		place, wrong, ok := strings.Cut(string(message), "bad argument #")
		number, what, _ := strings.Cut(wrong, " ")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n == 1 || !strings.HasPrefix(what, "to "+method+" (") {
			return
		}
		e.Object = lua.LString(fmt.Sprintf("%sbad argument #%d %s", place, n-1, what))
	}
}

// MissingColon returns the error message for a method that is called with a dot.
func MissingColon(class, method string) string {
	return fmt.Sprintf("%s is a method of a %s: write %s:%s(…), with a colon", method, class, class, method)
}

// method implements the metamethod __index for methods, and calls c.other for anything
// else. It cannot panic, and to guard it would take longer than to find the method.
func (c *Class[T]) method(l *lua.LState) int {
	name, ok := l.Get(2).(lua.LString)
	if !ok {
		return c.other(l)
	}
	method := c.methods[string(name)]
	if _, ok := c.Of(l.Get(1)); !ok || method == nil {
		return c.other(l)
	}
	l.Push(method)
	return 1
}

// index implements the metamethod __index.
func (c *Class[T]) index(l *lua.LState) int {
	v, ok := c.Of(l.Get(1))
	name, isName := l.Get(2).(lua.LString)
	if !ok || !isName {
		Raise(l, "a %s has no %s", c.name, QuoteKey(l.Get(2)))
	}
	if method := c.methods[string(name)]; method != nil {
		return Return(l, method)
	}
	if property := c.properties[string(name)]; property != nil {
		return Return(l, property(l, v))
	}
	Raise(l, "%s", c.lacks(l, v, string(name)))
	return 0
}

// Lacks returns the error message for a name that the class does not have.
func (c *Class[T]) Lacks(name string) string {
	var none T
	return c.lacks(nil, none, name)
}

func (c *Class[T]) lacks(l *lua.LState, self T, name string) string {
	hint := ""
	if c.Hint != nil {
		hint = c.Hint(l, self, name)
	}
	if hint == "" {
		hint = DidYouMean(name, c.Names())
	}
	return fmt.Sprintf("a %s has no %q%s", c.name, name, hint)
}

// Names returns the names of the methods and properties, sorted.
func (c *Class[T]) Names() []string {
	var names []string
	for name := range c.methods {
		names = append(names, name)
	}
	for name := range c.properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Properties returns the names of the properties, sorted.
func (c *Class[T]) Properties() []string { return slices.Sorted(maps.Keys(c.properties)) }
