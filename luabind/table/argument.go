package table

import (
	"slices"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
)

// An Argument has the fields of a table constructor that is the only argument of a method
// call, as in object:method { field = value }. A method that Accept knows receives it in
// place of the table, which nobody else could see. It needs much less time and memory than
// a table.
type Argument struct {
	userdata lua.LUserData // its Value is the Argument
	fields   *Fields
	values   [MaxArguments]lua.LValue
}

// arguments has Arguments for reuse.
var arguments = sync.Pool{New: func() any {
	a := &Argument{}
	a.userdata.Value = a
	return a
}}

// accepting has the methods of Accept.
var accepting = map[*lua.LFunction]bool{}

// Accept makes method receive an Argument in place of a table. Accept must be called before
// a script runs.
func Accept(method *lua.LFunction) { accepting[method] = true }

// ArgumentConstructor returns a function for Lua that takes a method and the values of all
// fields. It returns an Argument if the method accepts it, and the table otherwise. Like a
// Constructor, it raises no errors and belongs to no VM.
func (f *Fields) ArgumentConstructor() *lua.LFunction {
	n := len(f.names)
	return &lua.LFunction{IsG: true, GFunction: func(l *lua.LState) int {
		if method, ok := l.Get(1).(*lua.LFunction); ok && method.IsG && accepting[method] {
			a := arguments.Get().(*Argument)
			a.fields = f
			for i := range n {
				a.values[i] = l.Get(i + 2)
			}
			l.Push(&a.userdata)
			return 1
		}
		var values [MaxArguments]lua.LValue
		for i := range n {
			values[i] = l.Get(i + 2)
		}
		l.Push(f.New(values[:n]))
		return 1
	}}
}

// ArgumentOf returns the Argument that a method has received, or nil for another value.
func ArgumentOf(v lua.LValue) *Argument {
	if ud, ok := v.(*lua.LUserData); ok {
		a, _ := ud.Value.(*Argument)
		return a
	}
	return nil
}

// Names returns the names of the fields. The caller must not change them.
func (a *Argument) Names() []string { return a.fields.names }

// Values returns the value of each field, which may be lua.LNil. They are valid until
// Release.
func (a *Argument) Values() []lua.LValue { return a.values[:len(a.fields.names)] }

// Release ends the use of the Argument.
func (a *Argument) Release() {
	clear(a.Values())
	a.fields = nil
	arguments.Put(a)
}

// indexes are the indexes of the names in something else.
type indexes struct {
	in any
	of []int
}

// indexCache is what SetIndexes has stored. The slice is never changed.
type indexCache = atomic.Pointer[[]indexes]

// Indexes returns what SetIndexes has stored for in, or nil.
func (a *Argument) Indexes(in any) []int {
	if known := a.fields.indexes.Load(); known != nil {
		for i := range *known {
			if (*known)[i].in == in {
				return (*known)[i].of
			}
		}
	}
	return nil
}

// SetIndexes stores the index of each name in a message or similar, which must be
// comparable. All Arguments of the same constructor share it.
func (a *Argument) SetIndexes(in any, of []int) {
	a.fields.mu.Lock()
	defer a.fields.mu.Unlock()
	var known []indexes
	if old := a.fields.indexes.Load(); old != nil {
		known = *old
	}
	if len(known) < maxCombinations {
		known = append(slices.Clone(known), indexes{in, of})
		a.fields.indexes.Store(&known)
	}
}
