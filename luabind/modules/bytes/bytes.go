// Package bytes implements the module spectrum.bytes: binary data in the formats of
// Lua 5.3's string.pack, and operations on the bits of 32-bit integers.
package bytes

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.bytes.
var Module = bind.Module{Name: "spectrum.bytes", Open: open}

// maxExact is the largest integer below which a float64 represents every integer.
const maxExact = 1 << 53

func open(rt *bind.Runtime) *lua.LTable {
	functions := bitFunctions()
	// pack(format, …) returns the values as bytes.
	functions["pack"] = func(l *lua.LState) int {
		format := l.CheckString(1)
		values := make([]lua.LValue, 0, max(l.GetTop()-1, 0))
		for i := 2; i <= l.GetTop(); i++ {
			values = append(values, l.Get(i))
		}
		packed, err := pack(format, values, rt.Settings.MaxString)
		raise(l, "pack", err)
		return bind.Return(l, lua.LString(packed))
	}
	// unpack(format, bytes [, position [, { bigints = }]]) returns the values and the
	// position of the byte after them.
	functions["unpack"] = func(l *lua.LState) int {
		format, data := l.CheckString(1), l.CheckString(2)
		start, err := offset(l, 3, len(data))
		raise(l, "unpack", err)
		mode := bigints(l, 4)
		values, end, err := unpack(format, data, start, mode)
		raise(l, "unpack", err)
		return bind.Return(l, append(values, lua.LNumber(end+1))...)
	}
	// packsize(format) returns how many bytes a format takes.
	functions["packsize"] = func(l *lua.LState) int {
		size, err := packSize(l.CheckString(1))
		raise(l, "packsize", err)
		return bind.Return(l, lua.LNumber(size))
	}
	return bind.NewModule("spectrum.bytes", functions)
}

// argumentError is an error in an argument of a function. Arguments count from 1.
type argumentError struct {
	argument int
	message  string
}

func (e *argumentError) Error() string { return e.message }

func badFormat(format string, args ...any) error {
	return &argumentError{1, fmt.Sprintf(format, args...)}
}

// raise raises an error at the script's line if err is not nil.
func raise(l *lua.LState, function string, err error) {
	if err == nil {
		return
	}
	var wrong *argumentError
	if errors.As(err, &wrong) {
		l.ArgError(wrong.argument, wrong.message)
	}
	bind.Raise(l, "bytes.%s: %v", function, err)
}

// offset returns argument n, a position in size bytes, as an offset. A negative
// position counts from the end.
func offset(l *lua.LState, n, size int) (int, error) {
	position := bind.OptInteger(l, n, 1)
	if position < 0 {
		position += size + 1
	}
	if position < 1 || position > size+1 {
		return 0, &argumentError{n, "initial position out of string"}
	}
	return position - 1, nil
}

// bigintMode says what an integer beyond 2^53 becomes.
type bigintMode string

const (
	bigintError  bigintMode = "error"
	bigintString bigintMode = "string"
	bigintNumber bigintMode = "number"
)

// bigints reads the options of unpack.
func bigints(l *lua.LState, n int) bigintMode {
	if l.Get(n) == lua.LNil {
		return bigintError
	}
	o := bind.OptionsAt(l, n, "bytes.unpack")
	mode := bigintMode(o.String("bigints", string(bigintError)))
	o.Done()
	switch mode {
	case bigintError, bigintString, bigintNumber:
		return mode
	}
	bind.Raise(l, "bytes.unpack: bigints: \"error\", \"string\" or \"number\" expected, got %q", string(mode))
	return ""
}

// smallData is a size that a piece of the data may keep in memory.
const smallData = 4 << 10

// piece returns a part of the data as a string. It copies the part if the part would
// keep much longer data in memory.
func piece(part, data string) lua.LString {
	if len(data) > smallData && len(part) < len(data)/2 {
		part = strings.Clone(part)
	}
	return lua.LString(part)
}
