// Package table makes Lua tables whose fields are known in advance, in less time than
// gopher-lua.
//
// gopher-lua keeps each key of a table three times: in a map with the values, in a list,
// and in a map with the indexes of the list. Only Next needs the latter two. Tables with
// the same fields share the list, and the second map is empty until Next needs it. So Next
// and All must be called instead of lua.LTable.Next: that method fails for these tables.
// All other methods of tables, and the virtual machine, work.
//
// A table that only one method of ours would see is not made at all; see Argument.
//
// If gopher-lua is not the version that this package knows, the tables are ordinary ones.
//
// The caller holds the script lock for the tables. Fields are safe for concurrent use.
package table

import (
	"iter"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"
)

// MaxFields is the maximum number of fields that New sets in less time.
const MaxFields = 64

// Fields are the names of the fields that tables may have.
type Fields struct {
	names []string
	known atomic.Pointer[[]combination] // the slice is never changed
	// indexes is for Arguments.
	indexes indexCache
	mu      sync.Mutex // for changes of known and indexes
}

// combination is a combination of fields that a table has had.
type combination struct {
	set  uint64 // a bit for each of them
	keys []lua.LValue
}

// maxCombinations limits the combinations that Fields keep. Few of them occur often.
const maxCombinations = 16

// NewFields returns fields with these names, which must be different.
func NewFields(names ...string) *Fields { return &Fields{names: slices.Clone(names)} }

// New returns a table with a value for each field, in the order of their names. A field
// whose value is nil or lua.LNil is not set. The table does not keep the slice.
func (f *Fields) New(values []lua.LValue) *lua.LTable {
	var set uint64
	n := 0
	for i, v := range values {
		if v != nil && v != lua.LNil {
			set |= 1 << i
			n++
		}
	}
	keys := f.keys(set)
	if keys == nil || len(values) > MaxFields || !supported {
		return f.ordinary(values)
	}
	fields := make(map[string]lua.LValue, n)
	for ; set != 0; set &= set - 1 {
		i := bits.TrailingZeros64(set)
		fields[f.names[i]] = values[i]
	}
	return short(fields, keys)
}

// ordinary is New without shared keys.
func (f *Fields) ordinary(values []lua.LValue) *lua.LTable {
	t := (*lua.LState)(nil).CreateTable(0, len(values))
	for i, v := range values {
		if v != nil {
			t.RawSetString(f.names[i], v)
		}
	}
	return t
}

// keys returns the keys for the fields that are set. It returns nil if no field is set, or
// if there are too many combinations.
func (f *Fields) keys(set uint64) []lua.LValue {
	if known := f.known.Load(); known != nil {
		for _, c := range *known {
			if c.set == set {
				return c.keys
			}
		}
	}
	if set == 0 {
		return nil
	}
	return f.add(set)
}

func (f *Fields) add(set uint64) []lua.LValue {
	f.mu.Lock()
	defer f.mu.Unlock()
	var known []combination
	if old := f.known.Load(); old != nil {
		known = *old
	}
	if len(known) >= maxCombinations {
		return nil
	}
	var keys []lua.LValue
	for rest := set; rest != 0; rest &= rest - 1 {
		keys = append(keys, lua.LString(f.names[bits.TrailingZeros64(rest)]))
	}
	known = append(slices.Clone(known), combination{set, keys})
	f.known.Store(&known)
	return keys
}

// MaxArguments is the maximum number of fields for a Constructor.
const MaxArguments = 16

// Constructor returns a function for Lua that takes the values of all fields and returns
// the table. It raises no errors and belongs to no VM.
func (f *Fields) Constructor() *lua.LFunction {
	n := len(f.names)
	return &lua.LFunction{IsG: true, GFunction: func(l *lua.LState) int {
		var values [MaxArguments]lua.LValue
		for i := range n {
			values[i] = l.Get(i + 1)
		}
		l.Push(f.New(values[:n]))
		return 1
	}}
}

// Next is like Next of lua.LTable.
func Next(t *lua.LTable, key lua.LValue) (lua.LValue, lua.LValue) {
	Complete(t)
	return t.Next(key)
}

// Complete makes an ordinary table of a table of this package.
func Complete(t *lua.LTable) {
	if supported {
		complete(t)
	}
}

// First returns the first key of a table, in the order of Next, or lua.LNil.
func First(t *lua.LTable) lua.LValue {
	for k := range All(t) {
		return k
	}
	return lua.LNil
}

// All returns an iterator over the keys and values of a table, in the order of Next. It
// skips keys that are added during the iteration.
func All(t *lua.LTable) iter.Seq2[lua.LValue, lua.LValue] {
	return func(yield func(k, v lua.LValue) bool) {
		if !supported {
			for k, v := t.Next(lua.LNil); k != lua.LNil && yield(k, v); k, v = t.Next(k) {
			}
			return
		}
		array, keys := parts(t)
		for i := range array {
			if v := array[i]; v != lua.LNil && !yield(lua.LNumber(i+1), v) {
				return
			}
		}
		for _, k := range keys {
			if v := t.RawGetH(k); v != lua.LNil && !yield(k, v) {
				return
			}
		}
	}
}
