package scripttest

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
)

const (
	// maxDifferences is the number of differences in a message.
	maxDifferences = 10
	// maxDepth is the depth up to which tables are compared.
	maxDepth = 32
)

// comparison finds the differences of two values.
type comparison struct {
	// subset allows additional keys in tables. Lists must have the same length.
	subset bool
	// unordered compares lists of strings as sets.
	unordered bool
	found     []string
}

func (c *comparison) differs(path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + ": " + text
	}
	c.found = append(c.found, text)
}

// compare adds the differences at path, which is a name such as list[2].x.
func (c *comparison) compare(want, got lua.LValue, path string, depth int) {
	if m, ok := matcherOf(want); ok {
		if !m.accepts(got) {
			c.differs(path, "got %s, want %s", show(got), m)
		}
		return
	}
	wanted, isTable := want.(*lua.LTable)
	have, both := got.(*lua.LTable)
	switch {
	case !isTable || !both:
		if want != got {
			c.differs(path, "got %s, want %s", show(got), show(want))
		}
		return
	case wanted == have:
		return
	case depth == maxDepth:
		c.differs(path, "tables are nested more than %d deep", maxDepth)
		return
	case c.unordered:
		wanted, have = sortedList(wanted), sortedList(have)
	}
	for _, key := range keysOf(wanted) {
		c.compare(wanted.RawGet(key), have.RawGet(key), at(path, key), depth+1)
	}
	for _, key := range keysOf(have) {
		if wanted.RawGet(key) == lua.LNil && (!c.subset || wanted.Len() > 0 || c.unordered) {
			c.differs(at(path, key), "got %s, want nil", show(have.RawGet(key)))
		}
	}
}

// sortedList returns a sorted copy of a list of strings.
func sortedList(t *lua.LTable) *lua.LTable {
	var names []string
	t.ForEach(func(_, v lua.LValue) { names = append(names, v.String()) })
	slices.Sort(names)
	sorted := &lua.LTable{Metatable: lua.LNil}
	for _, name := range names {
		sorted.Append(lua.LString(name))
	}
	return sorted
}

// keysOf returns the keys of a table: first those of the list, then the others, sorted.
func keysOf(t *lua.LTable) []lua.LValue {
	var keys []lua.LValue
	t.ForEach(func(k, _ lua.LValue) { keys = append(keys, k) })
	slices.SortFunc(keys, func(a, b lua.LValue) int {
		m, isA := a.(lua.LNumber)
		n, isB := b.(lua.LNumber)
		switch {
		case isA && isB && m < n, isA && !isB:
			return -1
		case isA && isB && m > n, isB && !isA:
			return 1
		}
		return strings.Compare(a.String(), b.String())
	})
	return keys
}

func at(path string, key lua.LValue) string {
	name, ok := key.(lua.LString)
	switch {
	case ok && source.IsName(string(name)) && path == "":
		return string(name)
	case ok && source.IsName(string(name)):
		return path + "." + string(name)
	}
	return path + "[" + show(key) + "]"
}

// Limits of show.
const (
	shownBytes = 1000 // of a string
	shownKeys  = 50   // of a table
	shownDepth = 8
)

// show returns a value as Lua code on one line, with sorted keys.
func show(v lua.LValue) string {
	var b strings.Builder
	write(&b, v, 0)
	return b.String()
}

func write(b *strings.Builder, v lua.LValue, depth int) {
	switch v := v.(type) {
	case lua.LString:
		if len(v) > shownBytes {
			fmt.Fprintf(b, "%q… (%d bytes)", string(v[:shownBytes]), len(v))
			return
		}
		fmt.Fprintf(b, "%q", string(v))
	case *lua.LTable:
		writeTable(b, v, depth)
	case *lua.LUserData:
		if m, ok := matcherOf(v); ok {
			b.WriteString(m.String())
			return
		}
		b.WriteString("a userdata")
	case *lua.LFunction:
		b.WriteString("a function")
	case nil:
		b.WriteString("nil")
	default:
		b.WriteString(v.String())
	}
}

func writeTable(b *strings.Builder, t *lua.LTable, depth int) {
	keys := keysOf(t)
	switch {
	case len(keys) == 0:
		b.WriteString("{}")
		return
	case depth == shownDepth:
		b.WriteString("{ … }")
		return
	}
	b.WriteString("{ ")
	n := t.Len()
	for i, key := range keys {
		if i > 0 {
			b.WriteString(", ")
		}
		if i == shownKeys {
			fmt.Fprintf(b, "… %d more", len(keys)-i)
			break
		}
		index, isIndex := key.(lua.LNumber)
		name, isString := key.(lua.LString)
		switch {
		case isIndex && index >= 1 && int(index) <= n:
		case isString && source.IsName(string(name)):
			b.WriteString(string(name) + " = ")
		default:
			b.WriteString("[")
			write(b, key, shownDepth)
			b.WriteString("] = ")
		}
		write(b, t.RawGet(key), depth+1)
	}
	b.WriteString(" }")
}
