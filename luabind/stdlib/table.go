package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/table"
)

func (lib *Library) openTable() *lua.LTable {
	return lib.newTable("table", functions{
		"concat":   leaf(lib.tableConcat),
		"foreach":  calling(tableForEach),
		"foreachi": calling(tableForEachI),
		"getn":     leaf(func(c call) int { return c.ret(lua.LNumber(c.table(1).Len())) }),
		"insert":   leaf(tableInsert),
		"maxn":     leaf(tableMaxN),
		"remove":   leaf(tableRemove),
		"setn":     leaf(func(c call) int { c.raise("'setn' is obsolete"); return 0 }),
		"sort":     calling(tableSort),
	})
}

func (lib *Library) tableConcat(c call) int {
	t, separator := c.table(1), c.optStr(2, "")
	i, j := c.optInteger(3, 1), 0
	if c.given(4) {
		j = c.integer(4)
	} else {
		j = t.Len()
	}
	var out strings.Builder
	for ; i <= j; i++ {
		switch v := t.RawGet(lua.LNumber(i)).(type) {
		case lua.LString:
			out.WriteString(string(v))
		case lua.LNumber:
			out.WriteString(formatNumber(float64(v)))
		default:
			c.raise("invalid value (%s) at index %d in table for 'concat'", v.Type(), i)
		}
		if i < j {
			out.WriteString(separator)
		}
		lib.bounded(c, out.Len())
	}
	return c.ret(lua.LString(out.String()))
}

func tableForEach(c call) int {
	t, fn := c.table(1), c.function(2)
	for k, v := table.Next(t, lua.LNil); k != lua.LNil; k, v = table.Next(t, k) {
		if r := c.call(fn, k, v); r != lua.LNil {
			return c.ret(r)
		}
	}
	return 0
}

func tableForEachI(c call) int {
	t, fn := c.table(1), c.function(2)
	for i := 1; i <= t.Len(); i++ {
		if r := c.call(fn, lua.LNumber(i), t.RawGetInt(i)); r != lua.LNil {
			return c.ret(r)
		}
	}
	return 0
}

// tableInsert implements table.insert. Unlike Lua 5.1, it rejects a position below 1.
func tableInsert(c call) int {
	t := c.table(1)
	end := t.Len() + 1
	var position int
	var v lua.LValue
	switch c.l.GetTop() {
	case 2:
		position, v = end, c.l.Get(2)
	case 3:
		position, v = c.integer(2), c.l.Get(3)
		if position < 1 || position > maxList {
			c.argError(2, "position out of bounds")
		}
	default:
		c.raise("wrong number of arguments to 'insert'")
	}
	if end > maxList {
		c.raise("the list is full: it has %d values", maxList)
	}
	if position >= end {
		t.RawSetInt(position, v)
	} else {
		t.Insert(position, v)
	}
	return 0
}

func tableRemove(c call) int {
	t := c.table(1)
	end := t.Len()
	position := c.optInteger(2, end)
	if position < 1 || position > end {
		return 0
	}
	return c.ret(t.Remove(position))
}

// tableMaxN implements table.maxn. It returns the largest positive key that is a number.
func tableMaxN(c call) int {
	most := lua.LNumber(0)
	t := c.table(1)
	for k := range table.All(t) {
		if n, ok := k.(lua.LNumber); ok && n > most {
			most = n
		}
	}
	return c.ret(most)
}
