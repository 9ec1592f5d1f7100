package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

func (lib *Library) openString() *lua.LTable {
	table := lib.newTable("string", functions{
		"byte":    leaf(stringByte),
		"char":    leaf(stringChar),
		"dump":    leaf(func(c call) int { c.function(1); c.raise("unable to dump given function"); return 0 }),
		"find":    leaf(lib.stringFind),
		"format":  calling(lib.stringFormat),
		"gmatch":  leaf(lib.stringGMatch),
		"gsub":    calling(lib.stringGSub),
		"len":     leaf(func(c call) int { return c.ret(lua.LNumber(len(c.str(1)))) }),
		"lower":   leaf(func(c call) int { return c.ret(lua.LString(mapBytes(c.str(1), 'A', 'Z'))) }),
		"match":   leaf(lib.stringMatch),
		"rep":     leaf(lib.stringRep),
		"reverse": leaf(stringReverse),
		"sub":     leaf(stringSub),
		"upper":   leaf(func(c call) int { return c.ret(lua.LString(mapBytes(c.str(1), 'a', 'z'))) }),
	})
	table.RawSetString("gfind", table.RawGetString("gmatch"))
	meta := bind.NewTable()
	meta.RawSetString("__index", table)
	lib.state.SetMetatable(lua.LString(""), meta)
	return table
}

// from converts a position, counted from 1 or backwards from -1, to the index of a first
// byte.
func from(position, length int) int {
	switch {
	case position > 0:
		return position - 1
	case position == 0 || position < -length:
		return 0
	}
	return length + position
}

// upTo converts the position of a last byte to the index after it.
func upTo(position, length int) int {
	switch {
	case position > length:
		return length
	case position >= 0:
		return position
	case position < -length:
		return 0
	}
	return length + position + 1
}

func stringSub(c call) int {
	s := c.str(1)
	i, j := from(c.integer(2), len(s)), upTo(c.optInteger(3, -1), len(s))
	if i >= j {
		return c.ret(lua.LString(""))
	}
	return c.ret(lua.LString(s[i:j]))
}

func stringByte(c call) int {
	s := c.str(1)
	position := c.optInteger(2, 1)
	i, j := from(position, len(s)), upTo(c.optInteger(3, position), len(s))
	if i >= j {
		return 0
	}
	if j-i > maxResults {
		c.raise("string slice too long (more than %d bytes)", maxResults)
	}
	for _, b := range []byte(s[i:j]) {
		c.l.Push(lua.LNumber(b))
	}
	return j - i
}

func stringChar(c call) int {
	bytes := make([]byte, c.l.GetTop())
	for i := range bytes {
		n := c.integer(i + 1)
		if n < 0 || n > 255 {
			c.argError(i+1, "invalid value")
		}
		bytes[i] = byte(n)
	}
	return c.ret(lua.LString(bytes))
}

func (lib *Library) stringRep(c call) int {
	s, n := c.str(1), c.integer(2)
	if n <= 0 || s == "" {
		return c.ret(lua.LString(""))
	}
	if n > lib.options.MaxString/len(s) {
		lib.bounded(c, lib.options.MaxString+1)
	}
	return c.ret(lua.LString(strings.Repeat(s, n)))
}

func stringReverse(c call) int {
	s := c.str(1)
	reversed := make([]byte, len(s))
	for i := range len(s) {
		reversed[len(s)-1-i] = s[i]
	}
	return c.ret(lua.LString(reversed))
}

// mapBytes changes the case of the ASCII letters from first to last. It keeps all other
// bytes because they may be parts of characters.
func mapBytes(s string, first, last byte) string {
	for i := range len(s) {
		if first <= s[i] && s[i] <= last {
			mapped := []byte(s)
			for ; i < len(mapped); i++ {
				if first <= mapped[i] && mapped[i] <= last {
					mapped[i] ^= 0x20
				}
			}
			return string(mapped)
		}
	}
	return s
}
