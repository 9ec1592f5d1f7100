// Package json is the module spectrum.json: Lua values to JSON text and back.
//
// The decoder and the encoder are its own, since they work on Lua tables, with
// exact integers, bounded memory and errors by line and column. Tables by way of
// encoding/json cost 1.6 times as much. The tests hold both to what that takes
// and makes.
package json

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.json.
var Module = bind.Module{Name: "spectrum.json", Open: open}

const (
	// maxDepth is how deep arrays and objects nest, both ways.
	maxDepth = 1000
	// longText is from where on a text is decoded without the script lock.
	longText = 64 << 10
	// maxIndent is the widest indentation of a level.
	maxIndent = 16
	// tableFactor is how many times max_string the tables that are made of a
	// text may take.
	tableFactor = 4
	// maxExact is the largest integer up to which a float64 has them all.
	maxExact = 1 << 53
)

// Null stands for null in tables. There is one in the process, so that it is
// equal to itself across reloads.
var Null = newNull()

type nullValue struct{}

func newNull() *lua.LUserData {
	class := bind.NewClass[nullValue]("json.null", nil, nil)
	class.Metatable().RawSetString("__tostring", bind.Function("json.null", func(l *lua.LState) int {
		return bind.Return(l, lua.LString("null"))
	}))
	return class.New(nullValue{})
}

// typeField is the field of a metatable that tells what its tables are in JSON:
// "array" or "object". Other libraries know it too.
const typeField = "__jsontype"

// newArrayMeta makes the metatable of what array and decode make. Each VM has
// its own, which a script may change as it likes.
func newArrayMeta() *lua.LTable {
	meta := bind.NewTableSize(0, 1)
	meta.RawSetString(typeField, lua.LString("array"))
	return meta
}

func open(rt *bind.Runtime) *lua.LTable {
	arrayMeta := newArrayMeta()
	e := &encoder{max: int(rt.Settings.MaxString)}
	d := &decoder{arrayMeta: arrayMeta, max: rt.Settings.MaxString * tableFactor}
	module := bind.NewModule("spectrum.json", bind.Functions{
		// encode(value [, { sorted =, indent = }]) is the value as JSON.
		"encode": func(l *lua.LState) int { return encode(l, e) },
		// decode(text [, { null =, bigints = }]) is the value of a JSON text.
		"decode": func(l *lua.LState) int { return decode(l, d) },
		// array([t]) marks a table as an array, which matters if it is empty.
		"array": func(l *lua.LState) int { return array(l, arrayMeta) },
	})
	module.RawSetString("null", Null)
	return module
}

func encode(l *lua.LState, e *encoder) int {
	v := l.CheckAny(1)
	o := bind.OptionsAt(l, 2, "json.encode")
	e.sorted = o.Bool("sorted", false)
	e.indent = o.Int("indent", 0, 0)
	o.Done()
	if e.indent > maxIndent {
		bind.Raise(l, "json.encode: indent: at most %d is wanted, not %d", maxIndent, e.indent)
	}
	text, err := e.encode(v)
	if err != nil {
		bind.Raise(l, "json.encode: %v", err)
	}
	return bind.Return(l, lua.LString(text))
}

func decode(l *lua.LState, d *decoder) int {
	text := l.CheckString(1)
	o := bind.OptionsAt(l, 2, "json.decode")
	opts := decodeOptions{null: lua.LNil}
	if o.Bool("null", true) {
		opts.null = Null
	}
	bigints := o.String("bigints", "error")
	o.Done()
	var ok bool
	if opts.bigints, ok = bigintModes[bigints]; !ok {
		bind.Raise(l, "json.decode: bigints: \"error\", \"string\" or \"number\" is wanted, not %q", bigints)
	}
	var v lua.LValue
	var err error
	if len(text) > longText {
		// The tables are new and nobody else's: the lock is not needed.
		err = bind.Wait(l, func(ctx context.Context) (err error) {
			own := &decoder{arrayMeta: d.arrayMeta, max: d.max, done: ctx.Done()}
			v, err = own.decode(text, opts)
			return err
		})
	} else {
		v, err = d.decode(text, opts)
	}
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, v)
}

func array(l *lua.LState, meta *lua.LTable) int {
	t := l.OptTable(1, nil)
	switch {
	case t == nil:
		t = bind.NewTable()
	case t.Metatable != lua.LNil && jsonType(t) != "array":
		bind.Raise(l, "json.array: the table has a metatable; give that a field %s = \"array\"", typeField)
	case t.Metatable != lua.LNil:
		return bind.Return(l, t)
	}
	t.Metatable = meta
	return bind.Return(l, t)
}

// jsonType is what the metatable of t says: "array", "object" or "".
func jsonType(t *lua.LTable) string {
	meta, ok := t.Metatable.(*lua.LTable)
	if !ok {
		return ""
	}
	kind, _ := meta.RawGetString(typeField).(lua.LString)
	return string(kind)
}

// place tells where in a text an offset is, in words.
func place(text string, offset int) string {
	before := text[:offset]
	line := 1 + strings.Count(before, "\n")
	column := 1 + utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	return fmt.Sprintf("line %d, column %d", line, column)
}
